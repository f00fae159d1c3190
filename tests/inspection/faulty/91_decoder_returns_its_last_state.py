"""A subclassed decoder returns its last state, the target has a value for each of its timesteps.

finding: return-sequences-needed
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x = [past, np.zeros((64, 5, 1), "float32")]
y = past[:, :5, :1]


class Seq2Seq(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.layers.LSTM(16, return_state=True)
        self.decoder = keras.layers.LSTM(16)
        self.head = keras.layers.Dense(1)

    def call(self, inputs):
        past, future = inputs
        _, h, c = self.encoder(past)
        return self.head(self.decoder(future, initial_state=[h, c]))


model = Seq2Seq()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
