"""The next token at every timestep."""

import keras
import numpy as np

rng = np.random.default_rng(0)
tokens = rng.integers(0, 60, (64, 21))
x, y = tokens[:, :-1], tokens[:, 1:]

model = keras.Sequential(
    [
        keras.layers.Embedding(60, 16),
        keras.layers.LSTM(16, return_sequences=True),
        keras.layers.Dense(60, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
