"""Twelve steps ahead at once."""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(400) / 9) + 0.1 * rng.normal(size=400)
x = np.array([series[i : i + 24] for i in range(360)])[..., None]
y = np.array([series[i + 24 : i + 36] for i in range(360)])

model = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(16), keras.layers.Dense(12)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
