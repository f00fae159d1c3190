"""Windows of 10 rows, and a target for every row of the series.

finding: sample-counts-differ
right: len(y) == len(x) and y[0] == series[10]
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(200) / 9)
x = np.array([series[i : i + 10] for i in range(len(series) - 10)])[..., None]
y = series

model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
