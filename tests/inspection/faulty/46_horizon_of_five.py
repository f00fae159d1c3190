"""A target of (samples, 5, 1) against one value a sample.

finding: target-timesteps-differ
right: model.output_shape == (None, 5, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 12, 2)).astype("float32")
y = x[:, -5:, :1] * 0.3

model = keras.Sequential([keras.Input((12, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
