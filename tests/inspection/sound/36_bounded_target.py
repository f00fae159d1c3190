"""A share from 0 to 1, by sigmoid and a squared error."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(64, 10, 3)).astype("float32")
y = x[:, -1, :1]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
