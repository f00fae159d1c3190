"""An object array of (timesteps, features) arrays.

finding: unequal-lengths
rounds: 2
right: x.ndim == 3 and x.shape[2] == 2
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
recordings = [rng.normal(size=(length, 2)) for length in rng.integers(5, 15, 64)]
x = np.empty(64, dtype=object)
x[:] = recordings
y = np.array([recording[0, 0] for recording in recordings])

model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
