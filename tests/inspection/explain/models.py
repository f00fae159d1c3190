"""Models of every kind that the tests of the explanation walk through."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

ONE_AND_TWO: Any = (1, 2)  # Keras annotates it as one number


def functional(inputs, outputs):
    return keras.Model(inputs, outputs)


def chain(*parts):
    return keras.Sequential(list(parts))


def encoder_decoder():
    past, known = layers.Input((10, 4), name="past"), layers.Input((7, 2), name="known")
    _, h, c = layers.LSTM(6, return_state=True, name="encoder")(past)
    steps = layers.LSTM(6, return_sequences=True, name="decoder")(known, initial_state=[h, c])
    return functional([past, known], layers.Dense(3)(steps))


def attention():
    x = layers.Input((9, 4))
    h = layers.LSTM(8, return_sequences=True)(x)
    a = layers.MultiHeadAttention(2, 4)(h, h)
    return functional(x, layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([h, a]))))


def causal_attention():
    x = layers.Input((9, 4))
    return functional(x, layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True))


def luong():
    q, v = layers.Input((5, 4), name="query"), layers.Input((9, 4), name="value")
    return functional([q, v], layers.Attention()([q, v]))


def nested():
    inner = chain(layers.Input((None, 4)), layers.Conv1D(3, 2), layers.LSTM(5))
    x = layers.Input((10, 4))
    return functional(x, layers.Dense(2)(inner(x)))


def sliced(key):
    def build():
        x = layers.Input((9, 3))
        h = layers.LSTM(4, return_sequences=True)(layers.Conv1D(4, 3, padding="same")(x))
        return functional(x, h[key])

    return build


def skip():
    x = layers.Input((12, 3))
    near, far = layers.Conv1D(4, 2, padding="causal")(x), layers.Conv1D(4, 3, padding="causal", dilation_rate=3)(x)
    return functional(x, layers.Concatenate()([near, far]))


def shared():
    a, b = layers.Input((8, 3), name="a"), layers.Input((8, 3), name="b")
    lstm = layers.LSTM(4, name="both")
    return functional([a, b], layers.Dense(1)(layers.Concatenate()([lstm(a), lstm(b)])))


def over_time():
    x = layers.Input((8, 3))
    turned = layers.Permute((2, 1))(x)
    return functional(x, layers.Permute((2, 1))(layers.Dense(5)(turned)))


def anchored():
    x = layers.Input((8, 3))
    last = layers.Cropping1D((7, 0))(x)
    return functional(x, layers.Add()([x, last]))


def forecaster(**settings):
    from seqwise.estimators.forecasting.network import build_network

    return build_network(**({"window": 12, "features": 3, "targets": 1, "horizon": 4, "units": (5,)} | settings))


def of(*parts, shape=(12, 3)):
    return lambda: chain(layers.Input(shape), *[part() for part in parts])


# models whose inputs have timesteps and numbers: a change of one timestep can be followed to the output
TIMED = {
    "lstm": of(lambda: layers.LSTM(5)),
    "lstm every step": of(lambda: layers.LSTM(5, return_sequences=True)),
    "lstm backwards": of(lambda: layers.LSTM(5, return_sequences=True, go_backwards=True)),
    "gru over lstm": of(lambda: layers.LSTM(5, return_sequences=True), lambda: layers.GRU(4)),
    "old gru": of(lambda: layers.GRU(4, reset_after=False, use_bias=False, return_sequences=True)),
    "simple rnn": of(lambda: layers.SimpleRNN(4, return_sequences=True)),
    "bidirectional": of(lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True))),
    "bidirectional sum": of(lambda: layers.Bidirectional(layers.GRU(4), merge_mode="sum")),
    "conv valid": of(lambda: layers.Conv1D(4, 3)),
    "conv same": of(lambda: layers.Conv1D(4, 4, padding="same")),
    "conv same strided": of(lambda: layers.Conv1D(4, 3, padding="same", strides=2)),
    "conv causal": of(lambda: layers.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "conv stack": of(*[lambda d=d: layers.Conv1D(4, 2, padding="causal", dilation_rate=d) for d in (1, 2, 4)]),
    "conv groups": of(lambda: layers.Conv1D(6, 2, groups=3, use_bias=False)),
    "separable": of(lambda: layers.SeparableConv1D(4, 3)),
    "pooling": of(lambda: layers.Conv1D(4, 3), lambda: layers.AveragePooling1D(2), lambda: layers.Conv1D(2, 2)),
    "max pooling": of(lambda: layers.MaxPooling1D(3, strides=2)),
    "pool then lstm": of(lambda: layers.MaxPooling1D(2), lambda: layers.LSTM(3, return_sequences=True)),
    "global": of(lambda: layers.Conv1D(4, 3), lambda: layers.GlobalMaxPooling1D()),
    "flatten": of(lambda: layers.Conv1D(2, 3), lambda: layers.Flatten(), lambda: layers.Dense(2)),
    "crop and pad": of(lambda: layers.Cropping1D((3, 1)), lambda: layers.ZeroPadding1D(ONE_AND_TWO)),
    "upsampling": of(lambda: layers.AveragePooling1D(3), lambda: layers.UpSampling1D(3), lambda: layers.Conv1D(2, 2)),
    "repeat": of(lambda: layers.LSTM(4), lambda: layers.RepeatVector(5), lambda: layers.LSTM(3, return_sequences=True)),
    "per step": of(lambda: layers.TimeDistributed(layers.Dense(4, activation="tanh")), lambda: layers.Dense(2)),
    "plain": of(lambda: layers.LayerNormalization(), lambda: layers.Dropout(0.5), lambda: layers.Activation("tanh")),
    "reshape": of(lambda: layers.Dense(4), lambda: layers.Reshape((12, 2, 2))),
    "reshape time": of(lambda: layers.Reshape((6, 6))),
    "encoder-decoder": encoder_decoder, "attention": attention, "causal attention": causal_attention, "luong": luong,
    "nested": nested, "last step": sliced((slice(None), -1)), "later steps": sliced((slice(None), slice(2, None))),
    "every second": sliced((slice(None), slice(None, None, 2))), "skip": skip, "shared": shared, "over time": over_time,
    "anchored": anchored, "forecaster": forecaster, "forecaster of levels": lambda: forecaster(residual=False),
    "forecaster every step": lambda: forecaster(return_sequences=True, bidirectional=True),
    "forecaster of two": lambda: forecaster(targets=2, units=(4, 3), bidirectional=True),
}  # fmt: skip


def tokens():
    return chain(
        layers.Input((None,), dtype="int32"), layers.Embedding(50, 8, mask_zero=True),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.Dropout(0.1), layers.LSTM(3),
        layers.Dense(1, activation="sigmoid"),
    )  # fmt: skip


def masked_states():
    """A mask, and a decoder that Keras does not hand it to, because it gets states as well."""
    x = layers.Input((6, 2))
    masked = layers.Masking()(x)
    _, h, c = layers.LSTM(3, return_state=True, name="reads")(masked)
    return functional(x, layers.LSTM(3, return_sequences=True, name="decoder")(masked, initial_state=[h, c]))


def lost_mask():
    x = layers.Input((6, 2))
    h = layers.LSTM(3, return_sequences=True)(layers.Masking()(x))
    return functional(x, layers.Dense(1)(layers.Flatten()(h * 2.0)))


def masked_conv():
    return chain(layers.Input((6, 2)), layers.Masking(), layers.Conv1D(4, 2, padding="same"), layers.LSTM(3))


def masked_pool():
    x = layers.Input((6, 2))
    m = layers.Masking()(x)
    joined = layers.Concatenate()([layers.LSTM(3, return_sequences=True)(m), layers.Dense(2)(m)])
    return functional(x, layers.GlobalAveragePooling1D()(layers.TimeDistributed(layers.Dense(4))(joined)))


MASKED = {
    "tokens": tokens, "states": masked_states, "lost": lost_mask, "conv": masked_conv, "pool": masked_pool,
    "forecaster": lambda: forecaster(masked=True),
}  # fmt: skip


class Stacked(keras.Model):
    """A subclassed model with code of its own between its layers."""

    def __init__(self, units=6, **settings):
        super().__init__(**settings)
        self.units = units
        self.mask = layers.Masking()
        self.reads = layers.LSTM(units, return_sequences=True)
        self.sums = layers.Bidirectional(layers.LSTM(units))
        self.head = layers.Dense(1)

    def call(self, x, training=None):
        steps = self.reads(self.mask(x), training=training)
        return self.head(self.sums(steps[:, 2:]))

    def get_config(self):
        return {"units": self.units}
