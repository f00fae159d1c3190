"""An encoder's state straight into a decoder: 12 timesteps in, 5 out.

finding: repeat-vector-missing
right: model.output_shape[1:] == (5, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 12, 2)).astype("float32")
y = x[:, -5:, :1] * 0.5

model = keras.Sequential(
    [
        keras.layers.LSTM(16),
        keras.layers.LSTM(16, return_sequences=True),
        keras.layers.TimeDistributed(keras.layers.Dense(1)),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
