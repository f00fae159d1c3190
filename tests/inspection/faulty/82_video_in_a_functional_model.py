"""A functional model applies Conv2D to a video; Keras refuses one layer after another.

finding: picture-layer-on-video
rounds: 3
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 6, 16, 16, 3)).astype("float32")
y = (x.mean(axis=(1, 2, 3, 4)) > 0.5).astype("float32")


def build():
    frames = keras.Input((6, 16, 16, 3))
    h = keras.layers.Conv2D(8, 3, activation="relu")(frames)
    h = keras.layers.MaxPooling2D()(h)
    h = keras.layers.Flatten()(h)
    h = keras.layers.LSTM(16)(h)
    return keras.Model(frames, keras.layers.Dense(1, activation="sigmoid")(h))


model = build()
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
