"""Token ids into an LSTM without an Embedding.

finding: tokens-without-embedding
right: any(type(layer).__name__ == "Embedding" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 2000, (64, 20))[..., None].astype("float32")
y = (x[:, 0, 0] > 1000).astype("float32")

model = keras.Sequential([keras.Input((20, 1)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
