"""Grey videos: ConvLSTM2D, pooling over the pictures, ConvLSTM2D, Flatten."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(16, 5, 12, 12, 1)).astype("float32")
y = x[:, -1].mean(axis=(1, 2, 3))

model = keras.Sequential(
    [
        keras.Input((5, 12, 12, 1)),
        keras.layers.ConvLSTM2D(4, 3, return_sequences=True),
        keras.layers.MaxPooling3D((1, 2, 2)),
        keras.layers.ConvLSTM2D(4, 3),
        keras.layers.Flatten(),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
