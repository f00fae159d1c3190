"""Validation windows of 15 timesteps, training windows of 10, and a model for any number.

finding: validation-shape
check: validation=(x_val, y_val)
right: x_val.shape == (20, 10, 3)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x, x_val = rng.normal(size=(64, 10, 3)).astype("float32"), rng.normal(size=(20, 15, 3)).astype("float32")
y, y_val = x[:, -1, 0], x_val[:, -1, 0]
model = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
