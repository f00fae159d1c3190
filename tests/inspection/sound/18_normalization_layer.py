"""Raw units in, a Normalization layer inside the model."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = np.stack([101_000 + 500 * rng.normal(size=(64, 10)), rng.uniform(size=(64, 10))], axis=-1).astype("float32")
y = x[:, -1, 1]

scale = keras.layers.Normalization()
scale.adapt(x)
model = keras.Sequential([keras.Input((10, 2)), scale, keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
