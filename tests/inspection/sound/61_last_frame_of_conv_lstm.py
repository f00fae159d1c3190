"""ConvLSTM2D returns its last state, a picture, which Conv2D reads; ConvLSTM1D beside it."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = [rng.uniform(size=(8, 4, 8, 8, 2)).astype("float32"), rng.uniform(size=(8, 5, 9, 1)).astype("float32")]
y = x[0][:, -1].mean(axis=(1, 2, 3))

frames, lines = keras.Input((4, 8, 8, 2)), keras.Input((5, 9, 1))
picture = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.ConvLSTM2D(4, 3, padding="same")(frames))
line = keras.layers.GlobalMaxPooling1D()(keras.layers.ConvLSTM1D(3, 3)(lines))
joined = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(picture), line])
model = keras.Model([frames, lines], keras.layers.Dense(1)(joined))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
