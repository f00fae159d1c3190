"""Labels -1 and 1 with binary_crossentropy: the loss falls below zero.

finding: label-out-of-range
right: set(np.unique(y)) == {0, 1}
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.sign(x[:, -1, 0])

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
