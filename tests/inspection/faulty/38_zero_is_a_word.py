"""A vocabulary counted from 0 under mask_zero=True: word 0 is skipped everywhere.

finding: zero-is-a-token
right: x.min() == 1 or not model.layers[0].mask_zero
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 30, (64, 12))
y = (x == 0).any(axis=1).astype("float32")

model = keras.Sequential(
    [
        keras.layers.Embedding(30, 16, mask_zero=True),
        keras.layers.LSTM(16),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
