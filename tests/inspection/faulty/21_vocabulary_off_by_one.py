"""Ids go from 1 to 100, and the Embedding has 100 rows.

finding: token-out-of-range
right: model.layers[0].input_dim == 101
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
words = 100
x = rng.integers(1, words + 1, (64, 12))
x[0, 0] = words
y = (x[:, 0] > 50).astype("float32")

model = keras.Sequential(
    [keras.layers.Embedding(words, 16), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
