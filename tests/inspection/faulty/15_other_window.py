"""The window was shortened in the data, not in the model.

finding: timesteps-count
right: model.input_shape == (None, 10, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 1)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential([keras.Input((12, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
