"""The parity of a string of bits."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 2, (200, 12, 1))
y = x.sum(axis=(1, 2)) % 2

model = keras.Sequential([keras.Input((12, 1)), keras.layers.SimpleRNN(8), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
