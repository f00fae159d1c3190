"""Stateful, with batches that the samples fill."""

import keras
import numpy as np

import seqwise as sw

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 2)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [keras.Input(batch_shape=(16, 10, 2)), sw.layers.LSTM(8, stateful=True), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, batch_size=16, shuffle=False, verbose=0)
