"""Scaled prices into an Embedding, which cuts them to 0 and 1.

finding: fractions-into-embedding
right: not any(type(layer).__name__ == "Embedding" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(64, 10))
y = x[:, -1]

model = keras.Sequential(
    [
        keras.layers.Embedding(10, 8),
        keras.layers.LSTM(16),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
