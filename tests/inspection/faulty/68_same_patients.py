"""Recordings of the same patients in both parts.

finding: group-in-both-parts
check: validation=(x_val, y_val), groups=patients, validation_groups=patients_val
right: not set(patients) & set(patients_val) and len(x) == len(patients)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x, x_val = rng.normal(size=(80, 10, 3)), rng.normal(size=(20, 10, 3))
y, y_val = (x[:, 0, 0] > 0).astype("float32"), (x_val[:, 0, 0] > 0).astype("float32")
patients = rng.integers(0, 20, 80)
patients_val = rng.integers(15, 25, 20)

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
