"""Masking, then Reshape, which does not carry the mask.

finding: mask-lost
right: type(model.layers[2]).__name__ == "Masking"
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 12, 4)).astype("float32")
lengths = np.array([10, *rng.integers(4, 13, 63)])
for sample, length in zip(x, lengths, strict=True):
    sample[length:] = 0
y = x[:, 0, 0]

model = keras.Sequential(
    [
        keras.Input((12, 4)),
        keras.layers.Masking(mask_value=0.0),
        keras.layers.Reshape((12, 4)),
        keras.layers.LSTM(16),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
