"""One LSTM reads two texts."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = [rng.integers(1, 100, (64, 12)), rng.integers(1, 100, (64, 12))]
y = rng.integers(0, 2, 64)

left, right = keras.Input((12,)), keras.Input((12,))
embedding = keras.layers.Embedding(100, 16)
shared = keras.layers.LSTM(16)
merged = keras.layers.Subtract()([shared(embedding(left)), shared(embedding(right))])
model = keras.Model([left, right], keras.layers.Dense(1, activation="sigmoid")(merged))
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
