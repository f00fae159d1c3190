"""return_sequences=True in the last LSTM, one target a sample: it trains on a broadcast loss.

finding: return-sequences-at-the-end
right: model.output_shape == (None, 1)
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 3)).astype("float32")
y = x[:, -1, :1]

model = keras.Sequential(
    [
        keras.Input((10, 3)),
        keras.layers.LSTM(16, return_sequences=True),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
