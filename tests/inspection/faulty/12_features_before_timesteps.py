"""The features come before the timesteps.

finding: axes-swapped
right: np.array_equal(x[5, :, 2], recordings[5, 2])
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
recordings = rng.normal(size=(64, 6, 50)).astype("float32")  # 6 sensors, 50 times
x = recordings
y = recordings[:, 0, -1]

model = keras.Sequential([keras.Input((50, 6)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
