"""A tag for every word, padding masked."""

import keras
import numpy as np

rng = np.random.default_rng(0)
sentences = [list(rng.integers(1, 100, length)) for length in rng.integers(4, 16, 64)]
x = keras.utils.pad_sequences(sentences, maxlen=16, padding="post")
y = rng.integers(0, 7, (64, 16))

model = keras.Sequential(
    [
        keras.Input((16,)),
        keras.layers.Embedding(100, 12, mask_zero=True),
        keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True)),
        keras.layers.TimeDistributed(keras.layers.Dense(7, activation="softmax")),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
