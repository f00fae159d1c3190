"""The next letter from one-hot letters."""

import keras
import numpy as np

rng = np.random.default_rng(0)
text = rng.integers(0, 27, 500)
letters = np.eye(27, dtype="float32")[text]
x = np.array([letters[i : i + 20] for i in range(400)])
y = np.array([letters[i + 20] for i in range(400)])

model = keras.Sequential([keras.Input((20, 27)), keras.layers.LSTM(16), keras.layers.Dense(27, activation="softmax")])
model.compile(optimizer=keras.optimizers.RMSprop(learning_rate=0.01), loss="categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
