"""A layer of the user's own that pools the timesteps by attention."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x.mean(axis=(1, 2))


class Pool(keras.layers.Layer):
    def build(self, input_shape):
        self.weight = self.add_weight(shape=(input_shape[-1], 1))

    def call(self, inputs):
        share = keras.ops.softmax(keras.ops.matmul(inputs, self.weight), axis=1)
        return keras.ops.sum(inputs * share, axis=1)


model = keras.Sequential(
    [keras.Input((10, 3)), keras.layers.LSTM(8, return_sequences=True), Pool(), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
