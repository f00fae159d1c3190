"""Features that do not change are concatenated with a series.

finding: layers-do-not-join
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = [rng.normal(size=(64, 10, 3)), rng.normal(size=(64, 4))]
y = x[0][:, -1, :1] + x[1][:, :1]


def build():
    series, static = keras.Input((10, 3)), keras.Input((4,))
    joined = keras.layers.Concatenate()([series, static])
    outputs = keras.layers.Dense(1)(keras.layers.LSTM(8)(joined))
    model = keras.Model([series, static], outputs)
    model.compile(optimizer="adam", loss="mse")
    return model


model = build()
model.fit(x, y, epochs=1, verbose=0)
