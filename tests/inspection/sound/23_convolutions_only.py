"""A stack of causal, dilated convolutions."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 32, 1)).astype("float32")
y = x * 0.5

model = keras.Sequential([keras.Input((None, 1))])
for rate in (1, 2, 4, 8):
    model.add(keras.layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="relu"))
model.add(keras.layers.Conv1D(1, 1))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
