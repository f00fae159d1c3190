"""ConvLSTM2D: frames in, frames out."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(8, 4, 8, 8, 1)).astype("float32")
y = rng.uniform(size=(8, 4, 8, 8, 1)).round()

model = keras.Sequential(
    [
        keras.Input((4, 8, 8, 1)),
        keras.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True),
        keras.layers.BatchNormalization(),
        keras.layers.Conv3D(1, 3, activation="sigmoid", padding="same"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
