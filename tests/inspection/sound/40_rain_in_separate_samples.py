"""Hours of rain on separate days: most hours are dry, at both ends and between."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = np.where(rng.uniform(size=(200, 24, 1)) < 0.3, rng.gamma(1, 1, (200, 24, 1)), 0)
y = x.sum(axis=(1, 2)) / 10

model = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
