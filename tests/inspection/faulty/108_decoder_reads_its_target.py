"""An encoder–decoder on letters whose decoder input is the target itself.

finding: decoder-input-not-shifted
right: np.array_equal(x[1][:, 1:], y[:, :-1])
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
source = np.eye(20, dtype="float32")[rng.integers(0, 20, (64, 12))]
target = np.eye(25, dtype="float32")[rng.integers(0, 25, (64, 15))]
x, y = [source, target], target

encoder_inputs = keras.Input((None, 20))
encoder_outputs, state_h, state_c = keras.layers.LSTM(16, return_state=True)(encoder_inputs)
decoder_inputs = keras.Input((None, 25))
decoder_outputs = keras.layers.LSTM(16, return_sequences=True)(decoder_inputs, initial_state=[state_h, state_c])
model = keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(25, activation="softmax")(decoder_outputs))
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
