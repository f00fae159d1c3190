"""validation_data is (y, x): Invalid input shape.

finding: validation-exchanged
check: validation=validation
right: validation[0].shape == (20, 10, 3)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x, x_val = rng.normal(size=(64, 10, 3)).astype("float32"), rng.normal(size=(20, 10, 3)).astype("float32")
y, y_val = x[:, -1, 0], x_val[:, -1, 0]
validation = (y_val, x_val)

model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=validation, epochs=1, verbose=0)
