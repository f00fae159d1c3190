"""The joined states of a bidirectional encoder for a decoder half as wide.

finding: states-do-not-fit
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x = [past, np.zeros((64, 5, 1), "float32")]
y = past[:, :5, :1]


def build():
    encoder_inputs = keras.Input((12, 3))
    _, fh, fc, bh, bc = keras.layers.Bidirectional(keras.layers.LSTM(16, return_state=True))(encoder_inputs)
    state_h = keras.layers.Concatenate()([fh, bh])
    state_c = keras.layers.Concatenate()([fc, bc])
    decoder_inputs = keras.Input((5, 1))
    decoded = keras.layers.LSTM(16, return_sequences=True)(decoder_inputs, initial_state=[state_h, state_c])
    return keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(1)(decoded))


model = build()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
