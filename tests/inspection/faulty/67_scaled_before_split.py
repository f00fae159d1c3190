"""A MinMaxScaler fitted on the whole series, then a split by time.

finding: scaler-saw-validation
check: validation=(x_val, y_val)
right: x.min() == 0 and np.isclose(x.max(), 1) and x_val.max() > 1
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.linspace(10, 30, 400) + np.sin(np.arange(400) / 5)
scaled = (series - series.min()) / (series.max() - series.min())
windows = np.array([scaled[i : i + 20] for i in range(380)])[..., None]
targets = scaled[20:]
x, x_val = windows[:300], windows[300:]
y, y_val = targets[:300], targets[300:]

model = keras.Sequential([keras.Input((20, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
