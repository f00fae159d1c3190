"""An encoder–decoder with states, on one-hot letters."""

import keras
import numpy as np

rng = np.random.default_rng(0)
source = np.eye(20, dtype="float32")[rng.integers(0, 20, (64, 12))]
target = np.eye(25, dtype="float32")[rng.integers(0, 25, (64, 15))]
x, y = [source, target], np.roll(target, -1, axis=1)

encoder_inputs = keras.Input((None, 20))
encoder = keras.layers.LSTM(16, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
decoder_inputs = keras.Input((None, 25))
decoder_lstm = keras.layers.LSTM(16, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=[state_h, state_c])
decoder_outputs = keras.layers.Dense(25, activation="softmax")(decoder_outputs)
model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
