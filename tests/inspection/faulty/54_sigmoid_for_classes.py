"""One of four classes, by sigmoid and categorical_crossentropy.

finding: loss-does-not-fit-activation
right: np.allclose(model.predict(x, verbose=0).sum(axis=-1), 1, atol=1e-5)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.eye(4)[rng.integers(0, 4, 64)]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(4, activation="sigmoid")])
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
