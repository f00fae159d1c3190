"""The same, declared by Input((frames, height, width)), which Keras refuses to build.

finding: picture-axis-missing
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(16, 5, 12, 12)).astype("float32")
y = rng.uniform(size=(16, 1)).astype("float32")


def build():
    return keras.Sequential(
        [
            keras.Input((5, 12, 12)),
            keras.layers.ConvLSTM2D(4, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


model = build()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
