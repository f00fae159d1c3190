"""Words through one vector and back: the target is the input, and must be."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 40, (64, 9))
y = x.copy()

model = keras.Sequential(
    [
        keras.layers.Embedding(40, 8), keras.layers.LSTM(8), keras.layers.RepeatVector(9),
        keras.layers.LSTM(8, return_sequences=True), keras.layers.Dense(40, activation="softmax"),
    ]
)  # fmt: skip
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
