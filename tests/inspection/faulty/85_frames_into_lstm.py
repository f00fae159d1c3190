"""A TimeDistributed CNN without Flatten before an LSTM: expected ndim=3, found ndim=5.

finding: frames-not-flattened
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 6, 16, 16, 3)).astype("float32")
y = (x.mean(axis=(1, 2, 3, 4)) > 0.5).astype("float32")

model = keras.Sequential(
    [
        keras.layers.TimeDistributed(keras.layers.Conv2D(8, 3, activation="relu")),
        keras.layers.TimeDistributed(keras.layers.MaxPooling2D()),
        keras.layers.LSTM(16),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
