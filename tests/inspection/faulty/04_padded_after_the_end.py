"""Integer sequences padded with zeros after their end, a features axis added, and no mask.

finding: padding-not-masked
right: np.allclose(model.predict(x[:1], verbose=0), model.predict(np.pad(x[:1], ((0, 0), (0, 9), (0, 0))), verbose=0))
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
sequences = [list(rng.integers(1, 10, length)) for length in rng.integers(3, 15, 64)]
x = keras.utils.pad_sequences(sequences, maxlen=15, padding="post", value=0)[..., None].astype("float32")
y = np.array([sum(sequence) % 2 for sequence in sequences])

model = keras.Sequential(
    [
        keras.Input((None, 1)),
        keras.layers.LSTM(16),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
