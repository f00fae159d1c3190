"""One missing value, and the loss is NaN.

finding: input-not-finite
right: np.isfinite(model.predict(x, verbose=0)).all() and len(x) == 62
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 2)).astype("float32")
x[3, 4, 1] = np.nan
x[9, 0, 0] = np.inf
y = rng.normal(size=64)

model = keras.Sequential([keras.Input((10, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
