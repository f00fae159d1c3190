"""One sample without its samples axis.

finding: samples-axis-missing
right: x.shape == (1, 10, 3)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(10, 3)).astype("float32")
y = np.array([0.5])

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
