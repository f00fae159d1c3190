"""Token ids with a features axis into an Embedding: found ndim=4.

finding: extra-axis
right: x.shape == (64, 12)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 50, (64, 12, 1))
y = (x[:, 0, 0] > 25).astype("float32")

model = keras.Sequential(
    [keras.layers.Embedding(50, 16), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
