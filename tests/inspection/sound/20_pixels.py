"""uint8 video frames, rescaled in the model, a small CNN for each."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(0, 256, (16, 5, 12, 12, 3)).astype("uint8")
y = rng.integers(0, 4, 16)

model = keras.Sequential(
    [
        keras.Input((5, 12, 12, 3)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3, activation="relu")),
        keras.layers.TimeDistributed(keras.layers.GlobalAveragePooling2D()),
        keras.layers.LSTM(8),
        keras.layers.Dense(4, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
