"""A table of (samples, features) into LSTM(input_shape=(n, f)).

finding: windows-missing
right: x.shape == (111, 10, 4) and len(y) == 111 and np.array_equal(x[0], table[:10]) and y[0] == labels[9]
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
table = rng.normal(size=(120, 4)).astype("float32")
labels = table.cumsum(axis=0)[:, :1] / 10
x, y = table, labels

model = keras.Sequential()
model.add(keras.layers.LSTM(16, input_shape=(10, 4)))
model.add(keras.layers.Dense(1))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
