"""Stacked LSTMs in a decoder of its own class: the first returns its last state only.

finding: return-sequences-missing
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x = [past, np.zeros((64, 5, 1), "float32")]
y = past[:, :5, :1]


class Decoder(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.first = keras.layers.LSTM(units)
        self.second = keras.layers.LSTM(units, return_sequences=True)
        self.head = keras.layers.Dense(1)

    def call(self, inputs, h, c):
        return self.head(self.second(self.first(inputs, initial_state=[h, c])))


class Seq2Seq(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.layers.LSTM(16, return_state=True)
        self.decoder = Decoder(16)

    def call(self, inputs):
        past, future = inputs
        _, h, c = self.encoder(past)
        return self.decoder(future, h, c)


model = Seq2Seq()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
