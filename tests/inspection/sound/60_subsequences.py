"""A CNN for each subsequence, then an LSTM over the subsequences."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 4, 8, 2)).astype("float32")
y = x[:, -1, -1, 0]

model = keras.Sequential(
    [
        keras.layers.TimeDistributed(keras.layers.Conv1D(8, 3, activation="relu")),
        keras.layers.TimeDistributed(keras.layers.MaxPooling1D(2)),
        keras.layers.TimeDistributed(keras.layers.Flatten()),
        keras.layers.LSTM(16),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
