"""A bidirectional LSTM that forecasts the next value at each timestep.

finding: backward-direction-sees-target
right: not any(type(layer).__name__ == "Bidirectional" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = rng.normal(size=(64, 21)).astype("float32").cumsum(axis=1) / 5
x, y = series[:, :-1, None], series[:, 1:, None]

model = keras.Sequential(
    [
        keras.Input((20, 1)),
        keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True)),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
