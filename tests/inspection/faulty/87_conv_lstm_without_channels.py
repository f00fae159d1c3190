"""Grey videos without a channels axis into ConvLSTM2D.

finding: picture-axis-missing
right: x.shape == (16, 5, 12, 12, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(16, 5, 12, 12)).astype("float32")
y = rng.uniform(size=(16, 1)).astype("float32")

model = keras.Sequential(
    [
        keras.layers.ConvLSTM2D(4, 3),
        keras.layers.Flatten(),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
