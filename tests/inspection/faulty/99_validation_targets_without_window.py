"""Validation windows beside all targets of the validation set.

finding: sample-counts-differ
check: validation=(x_val, y_val)
right: len(x_val) == len(y_val) and y_val[0] == test[10]
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(300) / 5).astype("float32")
train, test = series[:220], series[220:]
x = np.array([train[i : i + 10] for i in range(210)])[..., None]
y = train[10:]
x_val = np.array([test[i : i + 10] for i in range(70)])[..., None]
y_val = test
model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
