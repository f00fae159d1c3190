"""A features axis added twice: expected ndim=3, found ndim=4.

finding: extra-axis
right: x.shape == (64, 10, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10)).astype("float32")
x = np.expand_dims(x, -1)
x = np.expand_dims(x, -1)
y = x.sum(axis=(1, 2, 3))

model = keras.Sequential([keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
