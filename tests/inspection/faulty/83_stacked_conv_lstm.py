"""Three ConvLSTM2D on top of each other: expected ndim=5, found ndim=4.

finding: return-sequences-missing
rounds: 2
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(16, 5, 12, 12, 1)).astype("float32")
y = rng.uniform(size=(16, 1)).astype("float32")


def build():
    return keras.Sequential(
        [
            keras.Input((5, 12, 12, 1)),
            keras.layers.ConvLSTM2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.ConvLSTM2D(4, 3),
            keras.layers.ConvLSTM2D(4, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


model = build()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
