"""Pascals beside a share: features on wildly different scales.

finding: scales-apart
right: np.allclose(x.std(axis=(0, 1)), 1, atol=0.01)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
pressure = 101_000 + 500 * rng.normal(size=(64, 10))
humidity = rng.uniform(size=(64, 10))
x = np.stack([pressure, humidity], axis=-1)
y = humidity[:, -1]

model = keras.Sequential([keras.Input((10, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
