"""Two inputs, one array.

finding: inputs-missing
right: model.predict(x, verbose=0).shape == (64, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
static = rng.normal(size=(64, 4)).astype("float32")
y = x[:, -1, 0] + static[:, 0]

sequence = keras.Input((10, 3), name="sequence")
other = keras.Input((4,), name="static")
joined = keras.layers.Concatenate()([keras.layers.LSTM(16)(sequence), other])
model = keras.Model([sequence, other], keras.layers.Dense(1)(joined))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
