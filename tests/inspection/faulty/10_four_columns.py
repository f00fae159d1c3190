"""Forty rows of four numbers: four timesteps, or four features?

finding: two-readings
right: x.ndim == 3
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(40, 4)).astype("float32")
y = x.sum(axis=1)

model = keras.Sequential([keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
