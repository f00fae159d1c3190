"""Six one-hot classes against Dense(5).

finding: classes-differ
right: model.output_shape == (None, 6)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = np.eye(6)[np.arange(64) % 6]

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(5, activation="softmax")])
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
