"""One LSTM applied twice, meant as two layers.

finding: layer-on-its-own-output
right: len(model.get_layer("lstm")._inbound_nodes) == 2 and model.operations[-2].name == "lstm"
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 8)).astype("float32")
y = x[:, :, 0]

inputs = keras.Input((10, 8))
lstm = keras.layers.LSTM(8, return_sequences=True)
hidden = lstm(inputs)
again = lstm(hidden)
outputs = keras.layers.Dense(1)(again)
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=1, verbose=0)
