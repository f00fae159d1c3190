"""Conv1D and pooling shorten the sequence, an LSTM reads the rest."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 40, 3)).astype("float32")
y = rng.integers(0, 2, 64)

model = keras.Sequential(
    [
        keras.layers.Conv1D(8, 5, activation="relu"),
        keras.layers.MaxPooling1D(2),
        keras.layers.LSTM(8),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
