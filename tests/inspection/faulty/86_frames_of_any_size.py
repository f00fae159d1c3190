"""The same with frames of any size, which Flatten cannot lay flat.

finding: frames-not-flattened
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 6, 16, 16, 3)).astype("float32")
y = (x.mean(axis=(1, 2, 3, 4)) > 0.5).astype("float32")


def build():
    return keras.Sequential(
        [
            keras.Input((None, None, None, 3)),
            keras.layers.TimeDistributed(keras.layers.Conv2D(8, 3)),
            keras.layers.Bidirectional(keras.layers.LSTM(16)),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


model = build()
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
