"""All that an LSTM with return_state returns goes into a Dense layer.

finding: states-not-taken-apart
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, :1]


def build():
    model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(8, return_state=True), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model


model = build()
model.fit(x, y, epochs=1, verbose=0)
