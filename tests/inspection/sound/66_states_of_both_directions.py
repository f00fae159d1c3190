"""A bidirectional encoder: its states, joined, start a decoder twice as wide; as they are, a bidirectional reader."""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x, y = [past, np.concatenate([past[:, -1:, :1], past[:, :4, :1]], axis=1)], past[:, :5, :1]

encoder_inputs, decoder_inputs = keras.Input((12, 3)), keras.Input((5, 1))
encoder = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True, return_state=True))
encoded, *states = encoder(encoder_inputs)
again = keras.layers.Bidirectional(keras.layers.LSTM(8))(encoded, initial_state=states)
forward_h, forward_c, backward_h, backward_c = states
state_h = keras.layers.Concatenate()([forward_h, backward_h])
state_c = keras.layers.Concatenate()([forward_c, backward_c])
decoded = keras.layers.LSTM(16, return_sequences=True)(decoder_inputs, initial_state=[state_h, state_c])
joined = keras.layers.Concatenate()([decoded, keras.layers.RepeatVector(5)(again)])
model = keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(1)(joined))
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
