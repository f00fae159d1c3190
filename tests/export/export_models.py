"""Models of every kind that an export has to carry: each option of an LSTM that has an equal elsewhere, masks,
directions, stacks, encoders and decoders, attention, states; and the layers around them.

Each function returns a model whose weights are all different and none of them zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from seqwise.backend import import_keras
from seqwise.estimators.forecasting.attention import build_attention_network
from seqwise.estimators.forecasting.network import build_network
from seqwise.estimators.sequences.network import build_sequence_network
from seqwise.estimators.sequences.text_network import build_text_network
from seqwise.estimators.translation.network import build_translator, inference_models

import_keras()
layers = keras.layers
Build = Callable[[], Any]
MODELS: dict[str, Build] = {}


def with_own_weights(model: Any, seed: int = 0) -> Any:
    """Give every weight a value of its own: constant ones could not tell one gate from another."""
    rng = np.random.default_rng(seed)
    values = []
    for weight in model.weights:
        fan = weight.shape[0] if len(weight.shape) > 1 else 4
        value = rng.normal(size=weight.shape) / np.sqrt(fan)
        values.append(np.abs(value) + 0.5 if "variance" in weight.path else value)
    model.set_weights(values)
    return model


def model(build: Build) -> Build:
    MODELS[build.__name__] = lambda: with_own_weights(build())
    return MODELS[build.__name__]


def sequential(*parts: Any, shape: tuple[int | None, ...] = (None, 3), **options: Any) -> Any:
    return keras.Sequential([keras.Input(shape, **options), *parts])


# one LSTM, every option


def lstm_options() -> dict[str, dict[str, Any]]:
    return {
        "plain": {},
        "sequences": {"return_sequences": True},
        "backwards": {"go_backwards": True},
        "backwards_sequences": {"go_backwards": True, "return_sequences": True},
        "no_bias": {"use_bias": False},
        "no_forget_bias": {"unit_forget_bias": False},
        "relu": {"activation": "relu"},
        "softsign_tanh": {"activation": "softsign", "recurrent_activation": "tanh"},
        "hard_sigmoid": {"recurrent_activation": "hard_sigmoid"},
        "dropout": {"dropout": 0.3, "recurrent_dropout": 0.2},
        "unrolled": {"unroll": True},
        "regularized": {
            "kernel_regularizer": "l2", "recurrent_regularizer": keras.regularizers.L1(0.1),
            "kernel_constraint": "max_norm",
        },
    }  # fmt: skip


def _lstm(name: str, options: dict[str, Any]) -> None:
    shape = (6, 3) if options.get("unroll") else (None, 3)
    MODELS[f"lstm_{name}"] = lambda: with_own_weights(
        sequential(layers.LSTM(4, **options), layers.Dense(2), shape=shape)
    )


for _name, _options in lstm_options().items():
    _lstm(_name, _options)


@model
def lstm_states() -> Any:
    x = keras.Input((None, 3))
    return keras.Model(x, list(layers.LSTM(4, return_sequences=True, return_state=True)(x)))


@model
def lstm_from_a_state() -> Any:
    x, h, c = keras.Input((None, 3)), keras.Input((4,)), keras.Input((4,))
    return keras.Model([x, h, c], layers.LSTM(4, return_sequences=True)(x, initial_state=[h, c]))


@model
def lstm_stateful() -> Any:
    return keras.Sequential([keras.Input((5, 3), batch_size=2), layers.LSTM(4, stateful=True), layers.Dense(1)])


@model
def lstm_stateful_stacked() -> Any:
    return keras.Sequential([
        keras.Input((None, 3), batch_size=3),
        layers.LSTM(4, stateful=True, return_sequences=True),
        layers.LSTM(3, stateful=True),
    ])  # fmt: skip


@model
def lstm_stacked() -> Any:
    return sequential(
        layers.LSTM(4, return_sequences=True), layers.Dropout(0.2), layers.LSTM(5, return_sequences=True),
        layers.LayerNormalization(), layers.LSTM(3), layers.Dense(2, activation="softmax"),
    )  # fmt: skip


@model
def lstm_shared() -> Any:
    one, other = keras.Input((None, 3)), keras.Input((None, 3))
    lstm = layers.LSTM(4)
    return keras.Model([one, other], layers.Concatenate()([lstm(one), lstm(other)]))


@model
def gru_and_simple_rnn() -> Any:
    return sequential(
        layers.GRU(4, reset_after=False, return_sequences=True), layers.SimpleRNN(3, return_sequences=True),
        layers.GRU(2, reset_after=False, recurrent_activation="hard_sigmoid"),
    )  # fmt: skip


@model
def cells() -> Any:
    stack = layers.RNN([layers.LSTMCell(4), layers.LSTMCell(3)], return_sequences=True)
    return sequential(stack, layers.RNN(layers.GRUCell(3, reset_after=False)))


# both directions


def _both(mode: Any, sequences: bool) -> None:
    def build() -> Any:
        x = keras.Input((None, 3))
        both = layers.Bidirectional(layers.LSTM(4, return_sequences=sequences), merge_mode=mode)(x)
        return with_own_weights(keras.Model(x, list(both) if mode is None else both))

    MODELS[f"bidirectional_{mode}{'_sequences' if sequences else ''}"] = build


for _mode in ("concat", "sum", "ave", "mul", None):
    for _sequences in (False, True):
        _both(_mode, _sequences)


@model
def bidirectional_states() -> Any:
    x = keras.Input((None, 3))
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True, return_state=True))(x)
    return keras.Model(x, list(both))


@model
def bidirectional_from_states() -> Any:
    x, states = keras.Input((None, 3)), [keras.Input((4,)) for _ in range(4)]
    return keras.Model([x, *states], layers.Bidirectional(layers.LSTM(4))(x, initial_state=states))


@model
def bidirectional_stacked() -> Any:
    return sequential(
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Bidirectional(layers.LSTM(3)),
        layers.Dense(1),
    )


# masks


@model
def masking() -> Any:
    return sequential(layers.Masking(), layers.LSTM(4, return_sequences=True), layers.LSTM(3), layers.Dense(1))


@model
def masking_value() -> Any:
    return sequential(
        layers.Masking(-1.0), layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.Dense(2)
    )


@model
def embedding_mask() -> Any:
    return sequential(
        layers.Embedding(20, 5, mask_zero=True), layers.SpatialDropout1D(0.2), layers.LSTM(4, return_sequences=True),
        layers.LSTM(3, go_backwards=True), layers.Dense(1, activation="sigmoid"), shape=(None,), dtype="int32",
    )  # fmt: skip


@model
def mask_as_an_input() -> Any:
    x, seen = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    hidden = layers.LSTM(4, return_sequences=True)(x, mask=seen)
    return keras.Model([x, seen], layers.LSTM(3)(layers.Dense(4)(hidden), mask=seen))


@model
def zeros_where_masked() -> Any:
    return sequential(layers.Masking(), layers.LSTM(4, return_sequences=True, zero_output_for_mask=True))


@model
def masked_mean_and_maximum() -> Any:
    x = keras.Input((None,), dtype="int32")
    hidden = layers.LSTM(4, return_sequences=True)(layers.Embedding(20, 5, mask_zero=True)(x))
    pooled = [layers.GlobalAveragePooling1D()(hidden), layers.GlobalMaxPooling1D()(hidden)]
    return keras.Model(x, layers.Concatenate()(pooled))


@model
def mean_of_a_masked_series() -> Any:
    return sequential(layers.Masking(-1.0), layers.Dense(4), layers.GlobalAveragePooling1D())


@model
def mask_that_ends() -> Any:
    """An LSTM that reads no mask after one that does."""
    return sequential(
        layers.Masking(), layers.LSTM(4), layers.RepeatVector(5), layers.LSTM(3, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
    )  # fmt: skip


@model
def masked_sum_of_branches() -> Any:
    x = keras.Input((None, 3))
    masked = layers.Masking()(x)
    one = layers.LSTM(4, return_sequences=True)(masked)
    other = layers.LSTM(4, return_sequences=True, go_backwards=True)(masked)
    return keras.Model(x, layers.LSTM(3)(layers.Add()([one, other, layers.Dense(4)(masked)])))


@model
def masks_of_two_inputs() -> Any:
    one, other = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    embed = layers.Embedding(9, 4, mask_zero=True)
    return keras.Model([one, other], layers.LSTM(3)(layers.Average()([embed(one), embed(other)])))


# encoders and decoders, attention


@model
def encoder_decoder() -> Any:
    source, target = keras.Input((None, 3), name="source"), keras.Input((None, 2), name="target")
    _, *states = layers.LSTM(4, return_state=True)(source)
    decoded = layers.LSTM(4, return_sequences=True)(target, initial_state=states)
    return keras.Model([source, target], layers.Dense(2)(decoded))


@model
def encoder_decoder_of_tokens() -> Any:
    source, target = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    _, *states = layers.LSTM(4, return_state=True)(layers.Embedding(9, 5, mask_zero=True)(source))
    embedded = layers.Embedding(8, 5, mask_zero=True)(target)
    decoded = layers.LSTM(4, return_sequences=True)(embedded, initial_state=states)
    return keras.Model([source, target], layers.Dense(8, activation="softmax")(decoded))


@model
def encoder_decoder_deep() -> Any:
    source, target = keras.Input((None, 3)), keras.Input((None, 2))
    first, *one = layers.LSTM(4, return_sequences=True, return_state=True)(source)
    _, *two = layers.LSTM(3, return_state=True)(first)
    hidden = layers.LSTM(4, return_sequences=True)(target, initial_state=one)
    return keras.Model([source, target], layers.LSTM(3, return_sequences=True)(hidden, initial_state=two))


def _attention(kind: Any, masked: bool, **options: Any) -> Any:
    source, target = (keras.Input((None,), dtype="int32") for _ in range(2))
    encoded = layers.LSTM(4, return_sequences=True)(layers.Embedding(9, 5, mask_zero=masked)(source))
    decoded = layers.LSTM(4, return_sequences=True)(layers.Embedding(8, 5, mask_zero=masked)(target))
    context = kind(**options)([decoded, encoded])
    return keras.Model([source, target], layers.Dense(3)(layers.Concatenate()([context, decoded])))


@model
def attention() -> Any:
    return _attention(layers.Attention, False, use_scale=True)


@model
def attention_masked() -> Any:
    return _attention(layers.Attention, True)


@model
def additive_attention_masked() -> Any:
    return _attention(layers.AdditiveAttention, True)


@model
def attention_of_known_length() -> Any:
    x = keras.Input((6, 3))
    hidden = layers.LSTM(4, return_sequences=True)(x)
    one = layers.AdditiveAttention(use_scale=False)([hidden, hidden])
    two, weights = layers.Attention(dropout=0.1)([hidden, hidden], return_attention_scores=True)
    return keras.Model(x, [layers.Concatenate()([one, two]), weights])


# the layers around them


@model
def convolution_and_pooling() -> Any:
    return sequential(
        layers.Conv1D(5, 3, padding="same", activation="relu"), layers.MaxPooling1D(2), layers.BatchNormalization(),
        layers.Conv1D(4, 2, padding="causal", dilation_rate=2), layers.AveragePooling1D(2, padding="same"),
        layers.LSTM(3), shape=(12, 3),
    )  # fmt: skip


@model
def activations() -> Any:
    names = ("elu", "gelu", "log_softmax", "mish", "relu6", "selu", "silu", "softplus", "softsign", "hard_sigmoid")
    x = keras.Input((None, 3))
    hidden = layers.LSTM(4, return_sequences=True)(x)
    bent = [layers.Dense(2, activation=name)(hidden) for name in names]
    own = [layers.ReLU(1.5), layers.LeakyReLU(0.2), layers.ReLU(negative_slope=0.1), layers.ELU(), layers.Softmax(),
           layers.Activation("hard_sigmoid")]  # fmt: skip
    return keras.Model(x, layers.Concatenate()([*bent, *(layer(hidden) for layer in own)]))


@model
def what_tensorflow_js_lacks() -> Any:
    x = keras.Input((8, 3))
    scaled = layers.Rescaling(0.5, offset=-1.0)(x)
    normal = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])(scaled)
    cropped = layers.Cropping1D((2, 1))(normal)
    padding: Any = (1, 2)
    padded = layers.ZeroPadding1D(padding)(cropped)
    doubled = layers.UpSampling1D(2)(layers.LSTM(3, return_sequences=True)(padded))
    differences = layers.Subtract()([doubled, layers.Cropping1D((15, 0))(doubled)])
    return keras.Model(x, layers.Flatten()(layers.Identity()(differences)))


@model
def crop_of_any_length() -> Any:
    return sequential(layers.LSTM(3, return_sequences=True), layers.Cropping1D((1, 1)))


@model
def operations() -> Any:
    x: Any = keras.Input((None, 3))
    hidden: Any = layers.LSTM(3, return_sequences=True)(x * 0.5 + 1.0)
    return keras.Model(x, (2.0 - hidden) - (-x) / 4.0)


@model
def nested() -> Any:
    inner = keras.Sequential([keras.Input((None, 3)), layers.LSTM(3, return_sequences=True), layers.Dense(3)])
    x = keras.Input((None, 3))
    return keras.Model(x, layers.LSTM(2)(inner(inner(layers.Masking()(x)))))


@model
def reshaped() -> Any:
    x = keras.Input((6, 4))
    halves = layers.Reshape((-1, 2))(layers.Permute((2, 1))(x))
    return keras.Model(x, layers.Dot(axes=(2, 1))([halves, layers.Reshape((2, -1))(layers.LSTM(8)(x))]))


# our own networks


@model
def forecaster() -> Any:
    return build_network(window=10, features=4, targets=2, horizon=3, units=(5, 4))


@model
def forecaster_both_ways_masked() -> Any:
    return build_network(
        window=10, features=1, targets=1, horizon=3, units=(4,), bidirectional=True, dropout=0.1, masked=True
    )


@model
def forecaster_every_step() -> Any:
    return build_network(window=9, features=3, targets=2, horizon=2, units=(4,), return_sequences=True, masked=True)


@model
def forecaster_plain() -> Any:
    return build_network(window=8, features=2, targets=1, horizon=2, units=(4,), residual=False, linear_skip=False)


@model
def forecaster_attention() -> Any:
    return build_attention_network(
        window=8, features=4, targets=2, horizon=3, units=(5, 4), dropout=0.1, masked=True, known=2, outputs=2
    )


@model
def sequence_reader() -> Any:
    return build_sequence_network(
        features=3, outputs=4, units=(5, 4), bidirectional=True, pooling=("last", "mean", "max"), dropout=0.1
    )


@model
def sequence_tagger() -> Any:
    return build_sequence_network(features=2, outputs=3, units=(4,), pooling=())


@model
def text_reader() -> Any:
    return build_text_network(tokens=30, outputs=2, embedding=6, units=(4,), pooling=("max", "mean"), dropout=0.2)


@model
def text_tagger() -> Any:
    return build_text_network(tokens=30, outputs=5, embedding=6, units=(4, 3), pooling=(), filters=3)


def _translator(part: str, **options: Any) -> None:
    def build() -> Any:
        whole = with_own_weights(build_translator(source_tokens=12, target_tokens=9, embedding=5, **options))
        models = inference_models(whole)
        assert models is not None
        return {"encoder": models.encoder, "step": models.step, "whole": whole}[part]

    MODELS[f"translator_{part}_{options.get('attention')}_{len(options['units'])}"] = build


for _part in ("encoder", "step"):
    _translator(_part, units=(4,), attention="dot")
    _translator(_part, units=(4, 3), attention="additive", bidirectional=False, dropout=0.1)
    _translator(_part, units=(4, 4), attention=None)
