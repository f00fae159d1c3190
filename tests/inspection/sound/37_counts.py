"""Counts by an exponential and the Poisson loss."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = rng.poisson(3, 64)

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="exponential")])
model.compile(optimizer="adam", loss="poisson")
model.fit(x, y, epochs=1, verbose=0)
