"""Sliding windows, the target is the input itself."""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(300) / 5) + 0.1 * rng.normal(size=300)
x = np.array([series[i : i + 16] for i in range(280)])[..., None]
y = x

model = keras.Sequential(
    [
        keras.Input((16, 1)),
        keras.layers.LSTM(8),
        keras.layers.RepeatVector(16),
        keras.layers.LSTM(8, return_sequences=True),
        keras.layers.TimeDistributed(keras.layers.Dense(1)),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
