"""Attention gets one tensor.

finding: layer-refuses-input
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, :, :1]


def build():
    inputs = keras.Input((10, 3))
    hidden = keras.layers.LSTM(8, return_sequences=True)(inputs)
    outputs = keras.layers.Dense(1)(keras.layers.Attention()(hidden))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="mse")
    return model


model = build()
model.fit(x, y, epochs=1, verbose=0)
