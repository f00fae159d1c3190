"""Two inputs, a series and fixed numbers, in the wrong order.

finding: inputs-exchanged
right: x[0].shape == (64, 10, 3)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = rng.normal(size=(64, 10, 3)).astype("float32")
fixed = rng.normal(size=(64, 4)).astype("float32")
y = series[:, -1, 0] + fixed[:, 0]
x = [fixed, series]

sequence = keras.Input((10, 3), name="sequence")
static = keras.Input((4,), name="static")
joined = keras.layers.Concatenate()([keras.layers.LSTM(16)(sequence), static])
model = keras.Model([sequence, static], keras.layers.Dense(1)(joined))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
