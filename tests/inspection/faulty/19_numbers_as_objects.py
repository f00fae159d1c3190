"""Numbers in an array of objects, as a table with mixed columns gives.

finding: list-as-input
right: x.dtype == "float32"
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 2)).astype(object)
y = x[:, -1, 0].astype("float32")

model = keras.Sequential([keras.Input((10, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
