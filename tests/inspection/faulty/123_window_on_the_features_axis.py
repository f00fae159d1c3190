"""reshape((samples, 1, window)): one timestep of 24 features.

finding: window-as-features
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(300) / 9) + rng.normal(size=300) * 0.1
windows = np.lib.stride_tricks.sliding_window_view(series, 25)
x, y = windows[:, :24].reshape(-1, 1, 24), windows[:, 24:]

model = keras.Sequential([keras.Input((1, 24)), keras.layers.LSTM(8), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
