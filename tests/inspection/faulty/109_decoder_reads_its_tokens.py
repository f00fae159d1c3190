"""The same on token ids that begin with a start token.

finding: decoder-input-not-shifted
right: np.array_equal(x["target"][:, 1:], y[:, :-1])
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
source = rng.integers(1, 40, (64, 12))
target = rng.integers(3, 60, (64, 10))
target[:, 0] = 1
for row, length in zip(target, rng.integers(5, 10, 64), strict=True):
    row[length], row[length + 1 :] = 2, 0
x = {"source": source, "target": target}
y = target
src, tgt = keras.Input((None,), name="source"), keras.Input((None,), name="target")
_, h, c = keras.layers.LSTM(8, return_state=True)(keras.layers.Embedding(40, 8)(src))
dec = keras.layers.LSTM(8, return_sequences=True)(
    keras.layers.Embedding(60, 8, mask_zero=True)(tgt), initial_state=[h, c]
)
model = keras.Model({"source": src, "target": tgt}, keras.layers.Dense(60, activation="softmax")(dec))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
