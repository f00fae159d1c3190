"""Three padded sequences, a fourth axis by expand_dims, and mask_zero on the LSTM.

finding: mask-zero-on-recurrent-layer
rounds: 2
right: x.shape == (3, 5, 1) and any(type(layer).__name__ == "Masking" for layer in model.layers)
"""

import keras
import numpy as np

sequences = [[0.1, 0.4, 0.5], [0.3, 0.9, 0.2, 0.7, 0.6], [0.8, 0.5]]
x = keras.utils.pad_sequences(sequences, padding="post", dtype="float32")[..., None]
x = np.expand_dims(x, axis=-1)
y = np.array([1.0, 0.0, 1.0])


def build():
    return keras.Sequential(
        [
            keras.layers.LSTM(64, mask_zero=True),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


model = build()
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
