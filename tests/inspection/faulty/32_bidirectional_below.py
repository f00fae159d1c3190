"""A Bidirectional LSTM under an LSTM, without return_sequences.

finding: return-sequences-missing
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 50, (64, 12))
y = (x[:, 0] > 25).astype("float32")

model = keras.Sequential(
    [
        keras.layers.Embedding(50, 16),
        keras.layers.Bidirectional(keras.layers.LSTM(8)),
        keras.layers.LSTM(8),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
