"""Pictures of mostly black rows, divided by 255 in both parts; two inputs of one shape.

check: validation=(x_val, y_val)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
pictures = (rng.integers(0, 256, (100, 2, 28, 28)) * (rng.uniform(size=(100, 2, 28, 28)) > 0.8) / 255).astype("float32")
labels = rng.integers(0, 2, 100)
x, y = [pictures[:80, 0], pictures[:80, 1]], labels[:80]
x_val, y_val = [pictures[80:, 0], pictures[80:, 1]], labels[80:]

left, right = keras.Input((28, 28)), keras.Input((28, 28))
reader = keras.layers.LSTM(8)
joined = keras.layers.Concatenate()([reader(left), reader(right)])
model = keras.Model([left, right], keras.layers.Dense(1, activation="sigmoid")(joined))
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
