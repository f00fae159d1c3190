"""Texts of equal length under mask_zero: Flatten drops a mask that masks nothing."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 50, (64, 12))
y = (x[:, 0] > 25).astype("float32")

model = keras.Sequential(
    [
        keras.Input((12,)),
        keras.layers.Embedding(50, 16, mask_zero=True),
        keras.layers.LSTM(16, return_sequences=True),
        keras.layers.Flatten(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
