"""Videos: a CNN for each frame, then an LSTM."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(32, 6, 16, 16, 3)).astype("float32")
y = (x.mean(axis=(1, 2, 3, 4)) > 0.5).astype("float32")

cnn = keras.Sequential([keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()])
model = keras.Sequential(
    [
        keras.Input((None, None, None, 3)),
        keras.layers.Rescaling(2.0),
        keras.layers.TimeDistributed(cnn),
        keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True)),
        keras.layers.LSTM(8),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
