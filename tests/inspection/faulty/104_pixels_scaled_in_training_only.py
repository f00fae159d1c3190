"""Training pixels are divided by 255, validation pixels are not.

finding: validation-unscaled
check: validation=(x_val, y_val)
right: x_val.max() <= 1
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
images, images_val = rng.integers(0, 256, (64, 28, 28)), rng.integers(0, 256, (20, 28, 28))
y, y_val = rng.integers(0, 10, 64), rng.integers(0, 10, 20)
x, x_val = images / 255, images_val
model = keras.Sequential([keras.Input((28, 28)), keras.layers.LSTM(16), keras.layers.Dense(10, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
