"""An LSTM inside TimeDistributed gets single timesteps.

finding: layer-refuses-input
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, :, :1]


def build():
    model = keras.Sequential(
        [keras.Input((10, 3)), keras.layers.TimeDistributed(keras.layers.LSTM(8)), keras.layers.Dense(1)]
    )
    model.compile(optimizer="adam", loss="mse")
    return model


model = build()
model.fit(x, y, epochs=1, verbose=0)
