"""A transformer block over a series."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 20, 4)).astype("float32")
y = rng.integers(0, 3, 64)

inputs = keras.Input((20, 4))
attended = keras.layers.MultiHeadAttention(2, 8)(inputs, inputs)
hidden = keras.layers.LayerNormalization()(attended + inputs)
hidden = keras.layers.Conv1D(8, 1, activation="relu")(hidden)
hidden = keras.layers.GlobalAveragePooling1D(data_format="channels_first")(hidden)
model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(hidden))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
