"""The second LSTM reads the input again: the first is no part of the model.

finding: layer-result-unused
right: sum(type(layer).__name__ == "LSTM" for layer in model.layers) == 2
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

inputs = keras.Input((10, 3))
first = keras.layers.LSTM(16, return_sequences=True)(inputs)
second = keras.layers.LSTM(8)(inputs)
outputs = keras.layers.Dense(1)(second)
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
