"""Three quantiles of one target, with a loss of the user's own."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, :1]


def pinball(target, forecast):
    levels = keras.ops.convert_to_tensor([0.1, 0.5, 0.9])
    error = target - forecast
    return keras.ops.mean(keras.ops.maximum(levels * error, (levels - 1) * error))


model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(3)])
model.compile(optimizer="adam", loss=pinball)
model.fit(x, y, epochs=1, verbose=0)
