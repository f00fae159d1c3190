"""A quantity and a class from one series."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = {"level": x[:, -1, 0], "state": rng.integers(0, 4, 64)}

inputs = keras.Input((10, 3))
hidden = keras.layers.LSTM(16)(inputs)
level = keras.layers.Dense(1, name="level")(hidden)
state = keras.layers.Dense(4, activation="softmax", name="state")(hidden)
model = keras.Model(inputs, {"level": level, "state": state})
model.compile(optimizer="adam", loss={"level": "mse", "state": "sparse_categorical_crossentropy"})
model.fit(x, y, epochs=1, verbose=0)
