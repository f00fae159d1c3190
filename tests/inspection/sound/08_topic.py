"""Unpadded token ids, one of five topics, logits."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 300, (64, 25))
y = rng.integers(0, 5, 64)

model = keras.Sequential([keras.layers.Embedding(300, 16), keras.layers.LSTM(16), keras.layers.Dense(5)])
model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, epochs=1, verbose=0)
