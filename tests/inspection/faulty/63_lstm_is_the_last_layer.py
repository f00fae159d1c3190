"""An LSTM of one unit as the last layer: tanh never leaves -1 to 1.

finding: target-beyond-activation
right: type(model.layers[-1]).__name__ == "Dense"
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0] * 20

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
