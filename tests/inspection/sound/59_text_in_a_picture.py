"""The columns of a picture as timesteps: Conv2D, Reshape, an LSTM in both directions."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 24, 12, 1)).astype("float32")
y = rng.integers(0, 10, 32)

pictures = keras.Input((24, 12, 1))
hidden = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(pictures)
hidden = keras.layers.MaxPooling2D((1, 2))(hidden)
hidden = keras.layers.Reshape((24, 6 * 4))(hidden)
hidden = keras.layers.Bidirectional(keras.layers.LSTM(8))(hidden)
model = keras.Model(pictures, keras.layers.Dense(10, activation="softmax")(hidden))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
