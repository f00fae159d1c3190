"""Padded in front (Keras's default), and no mask.

finding: left-padding-not-masked
right: any(type(layer).__name__ == "Masking" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
sequences = [list(rng.normal(size=length)) for length in [15, *rng.integers(3, 15, 63)]]
x = keras.utils.pad_sequences(sequences, dtype="float32")[..., None]
y = np.array([sequence[-1] for sequence in sequences])

model = keras.Sequential([keras.Input((15, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
