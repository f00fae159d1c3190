"""Conv1D, Flatten, LSTM.

finding: time-axis-ended
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 20, 3)).astype("float32")
y = x[:, -1, 0]

model = keras.Sequential(
    [
        keras.layers.Conv1D(8, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.LSTM(16),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
