"""A nested list instead of an array: unrecognized data type.

finding: list-as-input
right: isinstance(x, np.ndarray)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = [[[float(i + t) / 50] for t in range(10)] for i in range(40)]
y = np.array([sample[-1][0] + 0.02 for sample in x])

model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
