"""Training texts padded to 12 tokens, validation texts to 20.

finding: validation-shape
check: validation=(x_val, y_val)
right: x_val.shape == (20, 12) and (x_val[:, 0] > 0).all()
"""

import keras
import numpy as np

rng = np.random.default_rng(0)
tokens = [rng.integers(1, 50, n) for n in rng.integers(5, 13, 100)]
x = keras.utils.pad_sequences(tokens[:80], maxlen=12, padding="post")
x_val = keras.utils.pad_sequences(tokens[80:], maxlen=20, padding="post")
y, y_val = (x[:, 0] > 25).astype("float32"), (x_val[:, 0] > 25).astype("float32")
model = keras.Sequential(
    [
        keras.Input((12,)),
        keras.layers.Embedding(50, 8, mask_zero=True),
        keras.layers.LSTM(8),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, validation_data=(x_val, y_val), epochs=1, verbose=0)
