"""Embedding with mask_zero, then Conv1D, which does not carry the mask.

finding: mask-lost
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 50, (64, 12))
for row, length in zip(x, rng.integers(4, 13, 64), strict=True):
    row[length:] = 0
y = (x[:, 0] > 25).astype("float32")

model = keras.Sequential(
    [
        keras.layers.Embedding(50, 16, mask_zero=True),
        keras.layers.Conv1D(16, 3, padding="same", activation="relu"),
        keras.layers.LSTM(16),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
