"""Digits in, digits out: an encoder, RepeatVector, a decoder."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = np.eye(12, dtype="float32")[rng.integers(0, 12, (64, 7))]
y = np.eye(12, dtype="float32")[rng.integers(0, 12, (64, 4))]

model = keras.Sequential()
model.add(keras.layers.Input((7, 12)))
model.add(keras.layers.LSTM(16))
model.add(keras.layers.RepeatVector(4))
model.add(keras.layers.LSTM(16, return_sequences=True))
model.add(keras.layers.Dense(12, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
