"""Strings of bits repeat by chance; a split of them is no leak.

check: validation=(x_val, y_val)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
bits = rng.integers(0, 2, (400, 10, 1))
sums = bits.sum(axis=(1, 2)) % 2
x, x_val = bits[:300], bits[300:]
y, y_val = sums[:300], sums[300:]

model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
