"""TimeDistributed on an LSTM's last state.

finding: return-sequences-missing
right: model.output_shape[1:] == (10, 2)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[..., :2]

model = keras.Sequential(
    [keras.layers.LSTM(16), keras.layers.Dropout(0.1), keras.layers.TimeDistributed(keras.layers.Dense(2))]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
