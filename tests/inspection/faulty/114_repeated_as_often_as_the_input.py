"""The state is repeated for the input's timesteps, not for the target's.

finding: target-timesteps-differ
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, :5, :1]

model = keras.Sequential(
    [
        keras.Input((10, 3)), keras.layers.GRU(8), keras.layers.RepeatVector(10),
        keras.layers.GRU(8, return_sequences=True), keras.layers.Dense(1),
    ]
)  # fmt: skip
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
