"""A convolutional classifier of whole series with one sensor."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 50)).reshape((64, 50, 1))
y = rng.integers(0, 2, 64)

inputs = keras.layers.Input((50, 1))
hidden = inputs
for _ in range(3):
    hidden = keras.layers.Conv1D(8, 3, padding="same")(hidden)
    hidden = keras.layers.BatchNormalization()(hidden)
    hidden = keras.layers.ReLU()(hidden)
hidden = keras.layers.GlobalAveragePooling1D()(hidden)
model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(hidden))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
model.fit(x, y, epochs=1, verbose=0)
