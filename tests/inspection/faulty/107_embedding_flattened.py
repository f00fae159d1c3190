"""Embedding with mask_zero, then Flatten.

finding: mask-lost
right: any(type(layer).__name__ == "GlobalAveragePooling1D" for layer in model.layers)
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
        keras.Input((12,)),
        keras.layers.Embedding(50, 16, mask_zero=True),
        keras.layers.Flatten(),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
