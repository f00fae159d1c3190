"""Tags padded with -1, which is no class.

finding: label-out-of-range
right: model.loss.get_config()['ignore_class'] == -1
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = keras.utils.pad_sequences([rng.integers(1, 80, n) for n in rng.integers(4, 15, 64)], 15, padding="post")
y = np.where(x == 0, -1, x % 5)

model = keras.Sequential(
    [
        keras.layers.Embedding(80, 8, mask_zero=True),
        keras.layers.LSTM(8, return_sequences=True), keras.layers.Dense(5, activation="softmax"),
    ]
)  # fmt: skip
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
