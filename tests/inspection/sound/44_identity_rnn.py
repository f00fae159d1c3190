"""A SimpleRNN with relu and an identity start, which is made for it."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(64, 20, 1)).astype("float32")
y = rng.integers(0, 10, 64)

model = keras.Sequential(
    [
        keras.Input((20, 1)),
        keras.layers.SimpleRNN(16, activation="relu", recurrent_initializer=keras.initializers.Identity(1.0)),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
