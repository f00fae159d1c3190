"""An encoder–decoder whose encoder LSTM is applied to itself.

finding: layer-called-on-a-layer
right: np.ptp(model.predict([past, np.zeros_like(x[1])], verbose=0)[:, 0]) > 0
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
past = rng.normal(size=(64, 12, 3)).astype("float32")
x = [past, past[:, -5:, :1]]
y = past[:, :5, :1]


def build():
    encoder_inputs = keras.Input((12, 3))
    encoder = keras.layers.LSTM(16, return_state=True)
    _, state_h, state_c = encoder(encoder)
    decoder_inputs = keras.Input((5, 1))
    decoder = keras.layers.LSTM(16, return_sequences=True)
    decoded = decoder(decoder_inputs, initial_state=[state_h, state_c])
    return keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(1)(decoded))


model = build()
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
