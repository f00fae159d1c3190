"""A subclassed model: Embedding with mask_zero, then Conv1D.

finding: mask-lost
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.integers(1, 50, (64, 12))
for row, length in zip(x, rng.integers(4, 13, 64), strict=True):
    row[length:] = 0
y = (x[:, 0] > 25).astype("float32")


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(50, 16, mask_zero=True)
        self.conv = keras.layers.Conv1D(16, 3, padding="same", activation="relu")
        self.lstm = keras.layers.LSTM(16)
        self.head = keras.layers.Dense(1, activation="sigmoid")

    def call(self, tokens):
        return self.head(self.lstm(self.conv(self.embedding(tokens))))


model = Net()
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
