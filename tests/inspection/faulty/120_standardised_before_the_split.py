"""A StandardScaler fitted on the whole series, then windows, then a split by time.

finding: scaler-saw-validation
check: validation=(x_val, y_val)
right: abs(x.mean()) < 1e-5 and x_val.mean() > 0.5
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.linspace(10, 30, 280) + np.sin(np.arange(280) / 5)
scaled = (series - series.mean()) / series.std()
windows = np.lib.stride_tricks.sliding_window_view(scaled, 20)[:-1, :, None]
targets = scaled[20:]
x, x_val = windows[:200], windows[200:]
y, y_val = targets[:200], targets[200:]

model = keras.Sequential([keras.Input((20, 1)), keras.layers.LSTM(8), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
