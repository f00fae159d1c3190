"""Labels 1 to 5 for an output of 5 classes.

finding: label-out-of-range
right: set(np.unique(y)) == {0, 1, 2, 3, 4}
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.arange(64) % 5 + 1

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(5, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
