"""Texts padded to the longest of their part, which is another one in the validation set; a model for any length.

check: validation=(x_val, y_val)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = keras.utils.pad_sequences([rng.integers(1, 50, n) for n in rng.integers(5, 13, 80)], padding="post")
x_val = keras.utils.pad_sequences([rng.integers(1, 50, n) for n in rng.integers(5, 20, 20)], padding="post")
y, y_val = (x[:, 0] > 25).astype("float32"), (x_val[:, 0] > 25).astype("float32")

model = keras.Sequential(
    [
        keras.layers.Embedding(50, 8, mask_zero=True),
        keras.layers.LSTM(8),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
