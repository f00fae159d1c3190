"""Windows flattened for a scaler and never laid back.

finding: flattened-windows
right: np.array_equal(x, windows)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
windows = rng.normal(size=(64, 10, 3)).astype("float32")
x = windows.reshape(len(windows), -1)
y = windows[:, -1, 0]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
