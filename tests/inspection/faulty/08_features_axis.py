"""A window of one feature given as (samples, timesteps).

finding: features-axis-missing
right: x.shape == (64, 10, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10)).astype("float32")
y = x.mean(axis=1)

model = keras.Sequential()
model.add(keras.layers.LSTM(16))
model.add(keras.layers.Dense(1))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
