"""A series beside a few fixed numbers."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = {"series": rng.normal(size=(64, 10, 3)).astype("float32"), "static": rng.normal(size=(64, 5)).astype("float32")}
y = x["series"][:, -1, 0] + x["static"][:, 0]

series = keras.Input((10, 3), name="series")
static = keras.Input((5,), name="static")
joined = keras.layers.concatenate([keras.layers.LSTM(16)(series), keras.layers.Dense(4)(static)])
model = keras.Model(inputs=[series, static], outputs=keras.layers.Dense(1)(joined))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
