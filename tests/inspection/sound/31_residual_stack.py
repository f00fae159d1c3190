"""LSTMs with the input added to each output."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 8)).astype("float32")
y = x[:, -1, 0]

inputs = keras.Input((10, 8))
hidden = inputs
for _ in range(3):
    hidden = keras.layers.Add()([hidden, keras.layers.LSTM(8, return_sequences=True)(hidden)])
model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(8)(hidden)))
model.compile(optimizer="adam", loss="huber")
model.fit(x, y, epochs=1, verbose=0)
