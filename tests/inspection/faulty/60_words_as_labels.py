"""Labels are words.

finding: text-as-target
right: set(np.unique(y)) == {0, 1, 2}
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(63, 10, 3)).astype("float32")
y = np.array(["run", "sit", "walk"] * 21)

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(3, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
