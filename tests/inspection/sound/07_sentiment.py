"""Padded reviews, an Embedding with a mask, two bidirectional layers."""

import keras
import numpy as np

rng = np.random.default_rng(0)
reviews = [list(rng.integers(1, 200, length)) for length in rng.integers(5, 30, 64)]
x = keras.utils.pad_sequences(reviews, maxlen=30)
y = rng.integers(0, 2, 64)

model = keras.Sequential(
    [
        keras.layers.Embedding(200, 16, mask_zero=True),
        keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True)),
        keras.layers.Bidirectional(keras.layers.LSTM(8)),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
