"""The encoder's states are made and never handed to the decoder.

finding: decoder-without-state
right: np.ptp(model.predict([past, np.zeros_like(x[1])], verbose=0)[:, 0]) > 0
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x = [past, past[:, -5:, :1]]
y = past[:, :5, :1]

encoder_inputs = keras.Input((12, 3))
encoder_outputs, state_h, state_c = keras.layers.LSTM(16, return_state=True)(encoder_inputs)
decoder_inputs = keras.Input((5, 1))
decoder = keras.layers.LSTM(16, return_sequences=True)
decoded = decoder(decoder_inputs)
outputs = keras.layers.Dense(1)(decoded)
model = keras.Model([encoder_inputs, decoder_inputs], outputs)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
