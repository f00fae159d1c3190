"""Daily sales with many zeros: windows often end in zeros, and none of them is padding."""

import keras
import numpy as np

rng = np.random.default_rng(0)
sales = rng.poisson(0.6, 600) * rng.uniform(0.5, 1.5, 600)
x = np.array([sales[i : i + 28] for i in range(560)])[..., None]
y = np.array([sales[i + 28] for i in range(560)])

model = keras.Sequential([keras.Input((28, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
