"""A bidirectional model that is to run on a stream.

finding: bidirectional-while-streaming
check: streaming=True
right: not any(type(layer).__name__ == "Bidirectional" for layer in model.layers)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [keras.Input((10, 3)), keras.layers.Bidirectional(keras.layers.LSTM(8)), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
