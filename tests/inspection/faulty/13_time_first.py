"""(timesteps, samples, features), as PyTorch's LSTM reads by default.

finding: time-first
right: x.shape == (64, 20, 2) and np.array_equal(x[7, 3], sequences[3, 7])
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
sequences = rng.normal(size=(20, 64, 2)).astype("float32")
x = sequences
y = sequences[-1, :, 0]

model = keras.Sequential([keras.Input((20, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
