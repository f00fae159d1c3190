"""Raw sentences, turned into ids inside the model."""

import keras
import numpy as np

x = np.array(["it rains", "the sun shines all day", "snow and ice today", "warm and dry"] * 8)
y = np.array([0, 1, 0, 1] * 8)
words = keras.layers.TextVectorization(max_tokens=50, output_sequence_length=8)
words.adapt(x)
x = np.asarray(words(x))

model = keras.Sequential(
    [
        keras.layers.Embedding(words.vocabulary_size(), 8, mask_zero=True),
        keras.layers.LSTM(8),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
