"""Five steps ahead against Dense(1): it trains on a broadcast loss.

finding: target-size-differs
right: model.output_shape == (None, 5)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 2)).astype("float32")
y = x[:, -5:, 0]

model = keras.Sequential([keras.Input((10, 2)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mae")
model.fit(x, y, epochs=1, verbose=0)
