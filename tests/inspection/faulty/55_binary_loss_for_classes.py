"""One of four classes, by softmax and binary_crossentropy: accuracy looks far too good.

finding: loss-does-not-fit-activation
right: model.loss == "categorical_crossentropy"
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.eye(4)[rng.integers(0, 4, 64)]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(4, activation="softmax")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
