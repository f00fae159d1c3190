"""return_sequences=True, and the last timestep taken by slicing."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

inputs = keras.Input((10, 3))
hidden = keras.layers.LSTM(16, return_sequences=True)(inputs)
model = keras.Model(inputs, keras.layers.Dense(1)(hidden[:, -1]))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
