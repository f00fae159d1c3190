"""A subclassed model."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, :2]


class Network(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.first = keras.layers.LSTM(units, return_sequences=True)
        self.rest = [keras.layers.LSTM(units), keras.layers.Dense(2)]

    def call(self, inputs):
        hidden = self.first(inputs)
        for layer in self.rest:
            hidden = layer(hidden)
        return hidden


model = Network(8)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
