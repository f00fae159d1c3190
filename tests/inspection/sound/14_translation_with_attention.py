"""Embeddings with masks, an encoder, a decoder that attends to it."""

import keras
import numpy as np

rng = np.random.default_rng(0)
source = keras.utils.pad_sequences([rng.integers(1, 80, n) for n in rng.integers(4, 12, 64)], 12, padding="post")
target = keras.utils.pad_sequences([rng.integers(1, 90, n) for n in rng.integers(4, 10, 64)], 10, padding="post")
x, y = {"source": source, "target": target}, np.roll(target, -1, axis=1)

source_in = keras.Input((None,), name="source")
target_in = keras.Input((None,), name="target")
encoded, h, c = keras.layers.LSTM(16, return_sequences=True, return_state=True)(
    keras.layers.Embedding(80, 16, mask_zero=True)(source_in)
)
decoded = keras.layers.LSTM(16, return_sequences=True)(
    keras.layers.Embedding(90, 16, mask_zero=True)(target_in), initial_state=[h, c]
)
context = keras.layers.Attention()([decoded, encoded])
joined = keras.layers.Concatenate()([decoded, context])
outputs = keras.layers.Dense(90, activation="softmax")(joined)
model = keras.Model({"source": source_in, "target": target_in}, outputs)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
