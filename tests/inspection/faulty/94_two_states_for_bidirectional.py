"""A bidirectional decoder starts from two states, and needs four.

finding: states-do-not-fit
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x = [past, np.zeros((64, 5, 1), "float32")]
y = past[:, :5, :1]

encoder_inputs = keras.Input((12, 3))
_, state_h, state_c = keras.layers.LSTM(16, return_state=True)(encoder_inputs)
decoder_inputs = keras.Input((5, 1))
decoder = keras.layers.Bidirectional(keras.layers.LSTM(16, return_sequences=True))
decoded = decoder(decoder_inputs, initial_state=[state_h, state_c])
model = keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(1)(decoded))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
