"""Two LSTMs on top of each other: expected ndim=3, found ndim=2.

finding: return-sequences-missing
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, :1] + x[:, 0, :1]

model = keras.Sequential(
    [
        keras.layers.LSTM(16),
        keras.layers.LSTM(8),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
