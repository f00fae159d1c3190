"""Padded with -10, but Masking skips 0.

finding: mask-value-differs
right: model.layers[0].mask_value == -10
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 12, 2)).astype("float32")
for sample, length in zip(x, rng.integers(4, 13, 64), strict=True):
    sample[length:] = -10
y = x[:, 0, 0]

model = keras.Sequential(
    [
        keras.Input((12, 2)),
        keras.layers.Masking(mask_value=0.0),
        keras.layers.LSTM(16),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
