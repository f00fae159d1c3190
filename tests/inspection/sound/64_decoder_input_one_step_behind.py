"""Teacher forcing on numbers: the decoder reads the last known value, then the future one step behind the target."""

import keras
import numpy as np

rng = np.random.default_rng(0)
series = np.sin(np.arange(300) / 5) + 0.1 * rng.normal(size=300)
windows = np.array([series[i : i + 30] for i in range(270)]).astype("float32")
hour = rng.normal(size=(270, 6, 1)).astype("float32")
x = [windows[:, :24, None], np.concatenate([windows[:, 23:29, None], hour], axis=-1)]
y = windows[:, 24:, None]

encoder_inputs = keras.Input((24, 1))
_, state_h, state_c = keras.layers.LSTM(16, return_state=True)(encoder_inputs)
decoder_inputs = keras.Input((6, 2))
decoded = keras.layers.LSTM(16, return_sequences=True)(decoder_inputs, initial_state=[state_h, state_c])
model = keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(1)(decoded))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
