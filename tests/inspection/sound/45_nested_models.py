"""An encoder model inside a classifier model."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 50, (64, 10))
y = np.eye(3)[rng.integers(0, 3, 64)]

encoder = keras.Sequential(
    [keras.Input((10,)), keras.layers.Embedding(50, 8), keras.layers.LSTM(8, return_sequences=True)], name="encoder"
)
inputs = keras.Input((10,))
hidden = keras.layers.LSTM(8)(encoder(inputs))
model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(hidden))
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
