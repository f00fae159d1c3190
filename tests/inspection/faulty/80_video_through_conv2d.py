"""A video goes through Conv2D and Flatten without TimeDistributed before an LSTM.

finding: picture-layer-on-video
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 6, 16, 16, 3)).astype("float32")
y = (x.mean(axis=(1, 2, 3, 4)) > 0.5).astype("float32")

model = keras.Sequential(
    [
        keras.layers.Rescaling(2.0),
        keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Flatten(),
        keras.layers.Dense(12),
        keras.layers.GRU(16, return_sequences=True),
        keras.layers.LSTM(16),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
