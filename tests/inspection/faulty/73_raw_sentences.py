"""Sentences straight into an Embedding.

finding: text-as-input
rounds: 3
right: x.ndim == 2
"""

import keras
import numpy as np

x = np.array(["it rains", "the sun shines all day", "snow and ice today", "warm and dry"] * 8)
y = np.array([0, 1, 0, 1] * 8)

model = keras.Sequential(
    [keras.layers.Embedding(50, 8), keras.layers.LSTM(8), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
