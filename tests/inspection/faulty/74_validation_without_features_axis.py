"""The features axis was added to the training input only.

finding: validation-shape
check: validation=(x_val, y_val)
right: x_val.shape == (20, 10, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x, x_val = rng.normal(size=(64, 10, 1)), rng.normal(size=(20, 10))
y, y_val = x[:, -1, 0], x_val[:, -1]

model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
