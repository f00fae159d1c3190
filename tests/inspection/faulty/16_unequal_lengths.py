"""Sequences of different lengths in a list.

finding: unequal-lengths
rounds: 2
right: x.shape == (64, 14, 1) and any(type(layer).__name__ == "Masking" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = [list(rng.normal(size=length) + 3) for length in [14, *rng.integers(3, 14, 63)]]
y = np.array([sequence[-1] for sequence in x])

model = keras.Sequential([keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
