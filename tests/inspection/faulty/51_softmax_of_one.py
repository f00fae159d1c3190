"""Softmax over one unit: accuracy never moves.

finding: softmax-over-one
right: len(np.unique(model.predict(x, verbose=0))) > 1
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = (x[:, -1, 0] > 0).astype("float32")

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="softmax")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
