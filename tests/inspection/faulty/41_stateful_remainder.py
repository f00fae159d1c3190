"""Stateful, in batches of 8, with 61 samples.

finding: stateful-batch-size
backend: jax
rounds: 2
right: len(x) == 56 and len(y) == 56
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(61, 10, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [keras.Input(batch_shape=(8, 10, 3)), keras.layers.LSTM(16, stateful=True), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, batch_size=8, shuffle=False, verbose=0)
