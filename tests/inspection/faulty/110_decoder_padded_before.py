"""A decoder with initial states, padded before its sequences: Keras does not pass it their mask.

finding: mask-withheld
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
source = keras.utils.pad_sequences([rng.integers(1, 80, n) for n in rng.integers(4, 12, 64)], 12)
target = keras.utils.pad_sequences([rng.integers(1, 90, n) for n in rng.integers(4, 10, 64)], 10)
x, y = [source, target], np.roll(target, -1, axis=1)

encoder_inputs = keras.Input((None,))
_, h, c = keras.layers.LSTM(16, return_state=True)(keras.layers.Embedding(80, 16, mask_zero=True)(encoder_inputs))
decoder_inputs = keras.Input((None,))
embedded = keras.layers.Embedding(90, 16, mask_zero=True)(decoder_inputs)
decoder = keras.layers.LSTM(16, return_sequences=True)
decoded = decoder(embedded, initial_state=[h, c])
model = keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(90, activation="softmax")(decoded))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
