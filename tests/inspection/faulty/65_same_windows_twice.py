"""The validation set was taken from the training set and left in it.

finding: windows-in-both-parts
check: validation=(x_val, y_val)
right: not {a.tobytes() for a in x} & {a.tobytes() for a in x_val} and len(x) == len(y)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(100, 10, 3)).astype("float32")
y = x[:, -1, 0]
x_val, y_val = x[80:], y[80:]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
