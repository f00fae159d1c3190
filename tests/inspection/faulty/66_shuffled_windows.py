"""Overlapping windows, shuffled, then split.

finding: shuffled-before-split
check: validation=(x_val, y_val)
right: np.array_equal(x_val, windows[-len(x_val) :]) and np.array_equal(y, targets[: len(y)])
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(400) / 9) + 0.1 * rng.normal(size=400)
windows = np.array([series[i : i + 20] for i in range(380)])[..., None]
targets = series[20:]
order = rng.permutation(380)
x, x_val = windows[order[:300]], windows[order[300:]]
y, y_val = targets[order[:300]], targets[order[300:]]

model = keras.Sequential([keras.Input((20, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
