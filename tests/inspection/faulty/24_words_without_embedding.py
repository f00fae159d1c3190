"""Token ids in two axes into an LSTM: expected ndim=3, found ndim=2.

finding: tokens-without-embedding
right: any(type(layer).__name__ == "Embedding" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 500, (64, 20))
y = rng.integers(0, 4, 64)

model = keras.Sequential([keras.layers.LSTM(16), keras.layers.Dense(4, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
