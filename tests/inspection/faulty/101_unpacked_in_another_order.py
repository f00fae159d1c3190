"""The validation windows and their targets were unpacked in the wrong order; it trains silently.

finding: validation-exchanged
check: validation=(x_val, y_val)
right: x_val.shape == (60, 10, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(300) / 5).astype("float32")
windows = np.array([series[i : i + 20] for i in range(280)])
x, y = windows[:200, :10, None], windows[:200, 10:]
y_val, x_val = windows[220:, :10, None], windows[220:, 10:]
model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(10)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
