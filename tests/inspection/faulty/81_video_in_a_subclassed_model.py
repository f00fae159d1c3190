"""A subclassed model applies Conv2D to a video.

finding: picture-layer-on-video
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 6, 16, 16, 3)).astype("float32")
y = (x.mean(axis=(1, 2, 3, 4)) > 0.5).astype("float32")


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv2D(8, 3, activation="relu")
        self.pool = keras.layers.MaxPooling2D()
        self.flat = keras.layers.Flatten()
        self.lstm = keras.layers.LSTM(16)
        self.head = keras.layers.Dense(1, activation="sigmoid")

    def call(self, frames):
        return self.head(self.lstm(self.flat(self.pool(self.conv(frames)))))


model = Net()
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
