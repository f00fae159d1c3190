"""LSTM(activation="relu"), and the loss explodes now and then.

finding: relu-in-recurrent-layer
right: model.layers[0].activation.__name__ == "tanh"
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
