"""Passengers in hundreds, unscaled.

finding: input-unscaled
right: abs(x.mean()) < 1e-5
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = (300 + 80 * rng.normal(size=(64, 12, 1))).astype("float32")
y = (x[:, -1, 0] > 300).astype("float32")

model = keras.Sequential([keras.Input((12, 1)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
