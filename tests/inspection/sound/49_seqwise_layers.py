"""Seqwise's own layers in the place of Keras's."""

import keras
import numpy as np

import seqwise as sw

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [
        keras.Input((10, 3)),
        sw.layers.Bidirectional(sw.layers.LSTM(8, return_sequences=True)),
        sw.layers.LSTM(8),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
