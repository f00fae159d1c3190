"""A target of about 250,000 with a network that starts at 0.

finding: target-unscaled
right: abs(y.mean()) < 1e-6 and abs(y.std() - 1) < 1e-6
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = 250_000 + 40_000 * x[:, -1, 0].astype("float64")

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
