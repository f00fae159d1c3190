"""Each row of a table is a sample of one timestep."""

import keras
import numpy as np

rng = np.random.default_rng(0)
table = rng.normal(size=(100, 6)).astype("float32")
x = table.reshape(100, 1, 6)
y = table[:, 0]

model = keras.Sequential([keras.Input((1, 6)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
