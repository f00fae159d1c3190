"""Windows of one series, the first for training, the last for validation, scaled by the first.

check: validation=(x_val, y_val)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.linspace(0, 3, 500) + np.sin(np.arange(500) / 9)
series = (series - series[:400].mean()) / series[:400].std()
windows = np.array([series[i : i + 24] for i in range(476)])[..., None]
targets = series[24:]
x, x_val = windows[:376], windows[376:]
y, y_val = targets[:376], targets[376:]

model = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
