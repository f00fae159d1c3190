"""A target for every timestep, an output for the last one only: it trains on a broadcast loss.

finding: return-sequences-needed
right: model.output_shape == (None, 10, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.cumsum(x[..., :1], axis=1)

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
