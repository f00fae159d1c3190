"""A window's target taken one step too early: it is the window's last row.

finding: target-in-window
right: np.array_equal(y, series[20 : 20 + len(y)]) and np.array_equal(x[0, :, 0], series[:20])
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(300) / 7) + 0.1 * rng.normal(size=300)
window = 20
x = np.array([series[i : i + window] for i in range(len(series) - window)])[..., None]
y = np.array([series[i + window - 1] for i in range(len(series) - window)])

model = keras.Sequential([keras.Input((window, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
