"""An autoencoder with two inputs: the target is one of them, but it goes through a narrow state."""

import keras
import numpy as np

rng = np.random.default_rng(0)
series, fixed = rng.normal(size=(64, 12, 2)).astype("float32"), rng.normal(size=(64, 3)).astype("float32")
x, y = [series, fixed], series

sequence, conditions = keras.Input((12, 2)), keras.Input((3,))
state = keras.layers.Concatenate()([keras.layers.LSTM(8)(sequence), conditions])
decoded = keras.layers.LSTM(8, return_sequences=True)(keras.layers.RepeatVector(12)(state))
model = keras.Model([sequence, conditions], keras.layers.Dense(2)(decoded))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
