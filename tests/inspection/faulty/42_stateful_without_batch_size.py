"""Stateful, and no batch size declared.

finding: stateful-batch-size
backend: jax
rounds: 2
right: model.input_shape == (16, 10, 3)
check: batch_size=16
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [
        keras.layers.LSTM(16, stateful=True),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, batch_size=16, shuffle=False, verbose=0)
