"""Many columns, normalised by the training set, a split by time.

check: validation=(x_val, y_val)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
table = rng.normal(size=(500, 7)).cumsum(axis=0)
table = (table - table[:350].mean(axis=0)) / table[:350].std(axis=0)
windows = np.array([table[i : i + 24] for i in range(470)])
targets = table[24 + 5 : 24 + 5 + 470, 1]
x, y = windows[:320], targets[:320]
x_val, y_val = windows[350:], targets[350 : len(windows)]
x, y = x[: len(y)], y[: len(x)]
x_val = x_val[: len(y_val)]

inputs = keras.Input(shape=(24, 7))
outputs = keras.layers.Dense(1)(keras.layers.LSTM(16)(inputs))
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
