"""A stack that is built by its first batch."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3))
y = rng.normal(size=(64, 1))

model = keras.Sequential()
model.add(keras.layers.LSTM(16, return_sequences=True))
model.add(keras.layers.Dropout(0.2))
model.add(keras.layers.LSTM(8))
model.add(keras.layers.Dense(1))
model.compile(optimizer="rmsprop", loss="mae")
model.fit(x, y, epochs=1, verbose=0)
