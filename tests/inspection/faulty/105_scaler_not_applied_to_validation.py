"""A fitted scaler is applied to the training windows and not to the validation windows.

finding: validation-unscaled
check: validation=(x_val, y_val)
right: x_val.max() < 1.5
"""

import keras
import numpy as np
from sklearn.preprocessing import MinMaxScaler

rng = np.random.default_rng(0)
t = np.arange(400)
table = np.stack(
    [15 + 10 * np.sin(t / 30) + rng.normal(size=400), 1013 + 8 * np.cos(t / 50) + rng.normal(size=400)], axis=1
)
scaler = MinMaxScaler().fit(table[:300])
train, held = scaler.transform(table[:300]), table[300:]
x = np.array([train[i : i + 24] for i in range(276)]).astype("float32")
y = train[24:, 0]
x_val = np.array([held[i : i + 24] for i in range(76)]).astype("float32")
y_val = scaler.transform(held)[24:, 0]
model = keras.Sequential([keras.layers.LSTM(16), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
