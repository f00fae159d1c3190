"""A Bidirectional layer built by hand, its backward sequence from the last timestep on.

finding: backward-sequence-not-turned
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, :, :1]

inputs = keras.Input((10, 3))
forward = keras.layers.LSTM(8, return_sequences=True)(inputs)
backward = keras.layers.LSTM(8, return_sequences=True, go_backwards=True)(inputs)
model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()([forward, backward])))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
