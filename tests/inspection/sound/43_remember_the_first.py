"""What was the first number? Separate samples, so it is a task and no leak."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(200, 15, 1))
y = x[:, 0, 0]

model = keras.Sequential([keras.Input((15, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
