"""Two models on one graph: an autoencoder, and its encoder for later use."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x

inputs = keras.Input((10, 3))
code = keras.layers.LSTM(8)(inputs)
decoded = keras.layers.LSTM(8, return_sequences=True)(keras.layers.RepeatVector(10)(code))
model = keras.Model(inputs, keras.layers.Dense(3)(decoded))
encoder = keras.Model(inputs, code)
sequence_encoder = keras.Model(inputs, keras.layers.LSTM(4, return_sequences=True)(inputs))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
