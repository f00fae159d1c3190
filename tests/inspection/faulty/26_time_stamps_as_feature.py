"""Unix seconds as a feature: float32 holds them to 128 seconds.

finding: precision-lost
right: len(np.unique(x[..., 0].astype("float32"))) > 600
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
seconds = 1_700_000_000.0 + 10.0 * np.arange(640).reshape(64, 10)
x = np.stack([seconds, rng.normal(size=(64, 10))], axis=-1)
y = x[:, -1, 1]

model = keras.Sequential([keras.Input((10, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
