"""A subclassed translator with attention, whose inputs come in a dict."""

import keras
import numpy as np

rng = np.random.default_rng(0)
source = rng.integers(1, 30, (64, 9))
y = rng.integers(2, 30, (64, 7))
x = {"source": source, "shifted": np.concatenate([np.ones((64, 1), int), y[:, :-1]], axis=1)}


class Translator(keras.Model):
    def __init__(self):
        super().__init__()
        self.words = keras.layers.Embedding(30, 8, mask_zero=True)
        self.encoder = keras.layers.GRU(8, return_sequences=True, return_state=True)
        self.decoder = keras.layers.GRU(8, return_sequences=True)
        self.attention = keras.layers.Attention()
        self.head = keras.layers.Dense(30, activation="softmax")

    def call(self, texts):
        encoded, state = self.encoder(self.words(texts["source"]))
        decoded = self.decoder(self.words(texts["shifted"]), initial_state=state)
        context = self.attention([decoded, encoded])
        return self.head(keras.ops.concatenate([decoded, context], axis=-1))


model = Translator()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=1, verbose=0)
