"""Two texts: the second LSTM goes on from the state of the first, and is handed its mask."""

import keras
import numpy as np

rng = np.random.default_rng(0)
premise = keras.utils.pad_sequences([rng.integers(1, 80, n) for n in rng.integers(4, 12, 64)], 12, padding="post")
hypothesis = keras.utils.pad_sequences([rng.integers(1, 80, n) for n in rng.integers(4, 10, 64)], 10, padding="post")
x, y = [premise, hypothesis], rng.integers(0, 3, 64)

first, second = keras.Input((None,)), keras.Input((None,))
embedding = keras.layers.Embedding(80, 16, mask_zero=True)
_, state_h, state_c = keras.layers.LSTM(16, return_state=True)(embedding(first))
last = keras.layers.LSTM(16)(embedding(second), initial_state=[state_h, state_c], mask=keras.ops.not_equal(second, 0))
model = keras.Model([first, second], keras.layers.Dense(3, activation="softmax")(last))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
