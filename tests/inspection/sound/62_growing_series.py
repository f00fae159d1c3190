"""A series that grows all the time, split by time: the validation set lies beyond the training set, rightly scaled.

check: validation=(x_val, y_val)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.exp(np.arange(500) / 120) + rng.normal(size=500) / 5
low, high = series[:400].min(), series[:400].max()
series = ((series - low) / (high - low)).astype("float32")
windows = np.array([series[i : i + 25] for i in range(475)])
x, y = windows[:375, :24, None], windows[:375, 24]
x_val, y_val = windows[400:, :24, None], windows[400:, 24]

model = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
