"""A second input that no layer of the model reads.

finding: input-unused
right: len(model.inputs) == 1
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = [rng.normal(size=(64, 10, 3)).astype("float32"), rng.normal(size=(64, 4)).astype("float32")]
y = x[0][:, -1, 0]

series = keras.Input((10, 3))
static = keras.Input((4,))
outputs = keras.layers.Dense(1)(keras.layers.LSTM(16)(series))
model = keras.Model([series, static], outputs)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
