"""A subclassed model that ends in an operation, not in a layer."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = rng.integers(0, 4, 64)


class Network(keras.Model):
    def __init__(self, units, classes):
        super().__init__()
        self.lstm = keras.layers.LSTM(units)
        self.scores = keras.layers.Dense(classes)

    def call(self, inputs):
        return keras.ops.softmax(self.scores(self.lstm(inputs)))


model = Network(8, 4)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
