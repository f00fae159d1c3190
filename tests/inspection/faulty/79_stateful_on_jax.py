"""Stateful, sound in every shape, and yet each batch starts at zero.

finding: state-lost-between-batches
only: jax
right: not np.allclose(model.predict(x[:8], verbose=0, batch_size=8), model.predict(x[:8], verbose=0, batch_size=8))
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [keras.Input(batch_shape=(8, 10, 3)), keras.layers.LSTM(16, stateful=True), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, batch_size=8, shuffle=False, verbose=0)
