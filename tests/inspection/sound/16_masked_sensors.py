"""Recordings of unequal lengths, padded with -1 and masked."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(64, 15, 4)).astype("float32")
for recording, length in zip(x, rng.integers(5, 16, 64), strict=True):
    recording[length:] = -1
y = rng.integers(0, 3, 64)

model = keras.Sequential(
    [
        keras.Input((15, 4)),
        keras.layers.Masking(mask_value=-1.0),
        keras.layers.LSTM(16, return_sequences=True),
        keras.layers.LSTM(16),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
