"""A value for every timestep, the target without an axis for its one value."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.cumsum(x[..., 0], axis=1)

model = keras.Sequential(
    [
        keras.Input((None, 3)),
        keras.layers.GRU(16, return_sequences=True),
        keras.layers.TimeDistributed(keras.layers.Dense(1)),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
