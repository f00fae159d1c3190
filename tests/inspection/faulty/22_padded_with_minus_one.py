"""Token ids padded with -1.

finding: token-negative
rounds: 3
right: x.min() == 0 and model.layers[0].mask_zero
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 50, (64, 12))
for row, length in zip(x, rng.integers(4, 13, 64), strict=True):
    row[length:] = -1
y = (x[:, 0] > 25).astype("float32")

model = keras.Sequential(
    [keras.layers.Embedding(50, 16), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
