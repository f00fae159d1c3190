"""The next frames by Conv3D, after a ConvLSTM2D that returns its last state only.

finding: return-sequences-missing
right: model.output_shape == (None, None, 12, 12, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(16, 5, 12, 12, 1)).astype("float32")
y = rng.uniform(size=(16, 5, 12, 12, 1)).astype("float32")


def build():
    inputs = keras.Input((None, 12, 12, 1))
    h = keras.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)(inputs)
    h = keras.layers.ConvLSTM2D(4, 3, padding="same")(h)
    return keras.Model(inputs, keras.layers.Conv3D(1, 3, padding="same", activation="sigmoid")(h))


model = build()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
