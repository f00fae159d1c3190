"""The adding problem: a number and a marker at each timestep."""

import keras
import numpy as np

rng = np.random.default_rng(0)
marks = np.zeros((100, 30))
for row in marks:
    row[rng.choice(30, 2, replace=False)] = 1
x = np.stack([rng.uniform(size=(100, 30)), marks], axis=-1)
y = (x[..., 0] * x[..., 1]).sum(axis=1)

model = keras.Sequential([keras.Input((30, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
