"""Every layer on NumPy gives what Keras gives: alone, under masks, and in the estimators' networks."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest

from seqwise.artifact import describe_network, load_network, save_network
from seqwise.artifact.network import Network
from seqwise.artifact.numpy.layers import IDENTITIES, LAYERS, OPERATIONS
from seqwise.artifact.numpy.network import WITH_MASKS, NumpyNetwork
from seqwise.errors import BundleError
from seqwise.estimators.forecasting.attention import build_attention_network
from seqwise.estimators.forecasting.network import build_network
from seqwise.estimators.sequences.network import build_sequence_network
from seqwise.estimators.sequences.text_network import build_text_network
from seqwise.estimators.translation.network import build_translator

layers: Any = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 6, 4)).astype("float32")
OTHER = RNG.normal(size=(3, 6, 4)).astype("float32")
IDS = np.array([[3, 1, 2, 0, 0, 0], [4, 4, 0, 0, 0, 0], [1, 2, 3, 4, 1, 2]], "int32")
MASK = IDS != 0


def draw_weights(model: Any) -> Any:
    """Give every array weights of its own: initial zeros and ones would hide what is left out."""
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 0.8, w.shape) * rng.choice([-1, 1], w.shape) for w in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_variance.assign(rng.uniform(0.5, 2, layer.moving_variance.shape))
    return model


def check(model: Any, *inputs: np.ndarray) -> list[np.ndarray]:
    """Compare a model on NumPy with the model itself; its description goes through JSON."""
    network = describe_network(draw_weights(model))
    ours = NumpyNetwork(Network(json.loads(json.dumps(network.layers)), network.weights))(*inputs)
    arrays = list(inputs)
    theirs: list[Any] = keras.tree.flatten(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    assert len(ours) == len(theirs)
    for one, tensor in zip(ours, theirs, strict=True):
        other: Any = keras.ops.convert_to_numpy(tensor)
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
    return ours


ALONE: list[Any] = [
    *(layers.Activation(name) for name in (
        "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "linear", "log_softmax", "mish",
        "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh")),
    layers.AveragePooling1D(2),
    layers.AveragePooling1D(3, strides=2),
    layers.BatchNormalization(),
    layers.BatchNormalization(center=False, scale=False),
    layers.Bidirectional(layers.LSTM(3)),
    layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
    layers.Bidirectional(layers.GRU(3, return_sequences=True, return_state=True)),
    layers.Bidirectional(layers.LSTM(3, return_state=True), merge_mode=None),
    layers.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="relu"),
    layers.Conv1D(5, 3, padding="same", strides=2, use_bias=False),
    layers.Conv1D(5, 2),
    layers.Cropping1D((1, 2)),
    layers.Dense(5, activation="tanh"),
    layers.Dense(5, use_bias=False),
    layers.ELU(0.7),
    layers.Flatten(),
    layers.GRU(3),
    layers.GRU(3, reset_after=False, return_sequences=True, go_backwards=True, return_state=True),
    layers.GRU(3, use_bias=False, activation="relu"),
    layers.GlobalAveragePooling1D(),
    layers.GlobalMaxPooling1D(keepdims=True),
    layers.LSTM(3),
    layers.LSTM(3, return_sequences=True, return_state=True, go_backwards=True, use_bias=False),
    layers.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid"),
    layers.LSTM(3, activation="gelu", return_state=True),
    layers.LayerNormalization(),
    layers.LayerNormalization(center=False, epsilon=0.1),
    layers.LeakyReLU(0.3),
    layers.Masking(0.0),
    layers.MaxPooling1D(2),
    layers.Permute((2, 1)),
    layers.ReLU(max_value=1.0, negative_slope=0.2, threshold=0.3),
    layers.Rescaling(2.5, -1.0),
    layers.Reshape((2, -1)),
    layers.SimpleRNN(3),
    layers.SimpleRNN(3, return_sequences=True, return_state=True),
    layers.Softmax(axis=1),
    layers.TimeDistributed(layers.Dense(3, activation="relu")),
    layers.UpSampling1D(2),
    layers.ZeroPadding1D((2, 1)),
    *(getattr(layers, name)(0.4) for name in ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout",
                                                   "AlphaDropout")),
    layers.ActivityRegularization(l2=0.1),
    layers.Identity(),
]  # fmt: skip
MERGES: list[Any] = [
    layers.Add(), layers.Average(), layers.Concatenate(), layers.Concatenate(axis=1), layers.Dot(2), layers.Dot((1, 1)),
    layers.Maximum(), layers.Minimum(), layers.Multiply(), layers.Subtract(), layers.Attention(),
    layers.Attention(use_scale=True), layers.Attention(score_mode="concat", use_scale=True), layers.AdditiveAttention(),
    layers.AdditiveAttention(use_scale=False),
]  # fmt: skip


def called(layer: Any) -> str:
    return f"{type(layer).__name__} {layer.name}"


@pytest.mark.parametrize("layer", ALONE, ids=called)
def test_a_layer(layer):
    inputs = keras.Input((None, 4) if isinstance(layer, layers.LSTM) else (6, 4))
    check(keras.Model(inputs, layer(inputs)), X)


@pytest.mark.parametrize("layer", MERGES, ids=called)
def test_a_layer_of_two_inputs(layer):
    inputs = [keras.Input((6, 4)), keras.Input((6, 4))]
    check(keras.Model(inputs, layer(inputs)), X, OTHER)


def test_each_layer_that_there_is_on_numpy_is_tried():
    tried = {type(layer).__name__ for layer in ALONE + MERGES}
    assert {*LAYERS, *IDENTITIES, *WITH_MASKS} - tried == {"Embedding", "RepeatVector"}


def test_embeddings_and_vectors_of_no_time_axis():
    ids, vector = keras.Input((6,), dtype="int32"), keras.Input((4,))
    repeated = layers.RepeatVector(6)(layers.Dense(3)(vector))
    both = layers.Concatenate()([layers.Embedding(5, 3)(ids), repeated])
    check(keras.Model([ids, vector], [both, layers.Dot(1)([vector, vector])]), IDS, X[:, 0])


RECURRENT: list[Any] = [
    lambda: layers.LSTM(3, return_sequences=True, return_state=True),
    lambda: layers.LSTM(3, return_sequences=True, go_backwards=True, zero_output_for_mask=True),
    lambda: layers.LSTM(3, activation="gelu", return_sequences=True),
    lambda: layers.GRU(3, return_sequences=True),
    lambda: layers.SimpleRNN(3, return_state=True, go_backwards=True),
    lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    lambda: layers.Bidirectional(layers.GRU(3), merge_mode="mul"),
]


@pytest.mark.parametrize("make", RECURRENT)
def test_recurrent_layers_skip_masked_steps(make):
    steps, mask = keras.Input((None, 4)), keras.Input((None,), dtype="bool")
    check(keras.Model([steps, mask], make()(steps, mask=mask)), X, MASK)


def test_masks_follow_the_steps():
    """An Embedding's mask through dropout, LSTMs and merges, to what uses it: another result without it."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedded = layers.Dropout(0.2)(layers.Embedding(5, 4, mask_zero=True, name="embedding")(ids))
    first = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(embedded)
    merged = layers.Add()([first, embedded])
    joined = layers.Concatenate()([merged, layers.Dense(2)(first)])
    outputs = [
        layers.GlobalAveragePooling1D()(joined),
        layers.LSTM(3)(layers.LayerNormalization()(joined)),
        layers.GRU(3)(layers.TimeDistributed(layers.Dense(3))(merged)),
        layers.Attention()([merged, first, first]),
        layers.AdditiveAttention()([first, merged]),
        layers.Attention()([merged, first], use_causal_mask=True),
    ]
    model = keras.Model(ids, outputs)
    whole = check(model, IDS)
    network = describe_network(model)
    for layer in network.layers["layers"]:
        for call in layer["calls"]:
            call.pop("masks", None)
    unmasked = NumpyNetwork(network)(IDS)
    assert all(np.abs(one - other).max() > 1e-3 for one, other in zip(whole, unmasked, strict=True))


def test_masks_of_values_and_of_joined_steps():
    steps = keras.Input((None, 4))
    masked = layers.Masking(9.0)(steps)
    twice = layers.Concatenate(axis=1)([masked, layers.Dropout(0.1)(masked)])
    x = X.copy()
    x[MASK == 0] = 9.0
    check(keras.Model(steps, [layers.LSTM(3)(twice), layers.GlobalAveragePooling1D()(masked)]), x)


def test_initial_states():
    steps, h, c = keras.Input((None, 4)), keras.Input((3,)), keras.Input((3,))
    lstm = layers.LSTM(3, return_state=True)(steps, initial_state=[h, c])
    both = layers.Bidirectional(layers.LSTM(3))(steps, initial_state=[h, c, c, h])
    gru = layers.GRU(3)(steps, initial_state=h)
    check(keras.Model([steps, h, c], [*lstm, both, gru]), X, X[:, 0, :3], X[:, 1, :3])


def test_nested_models_shared_layers_and_operations():
    inner = keras.Sequential([keras.Input((6, 4)), layers.LSTM(4, return_sequences=True), layers.Dense(4)])
    steps: Any = keras.Input((6, 4))
    twice = inner(inner(steps)) * 2.0 - steps
    mask = keras.ops.any(keras.ops.not_equal(steps, 0.0), axis=-1)
    pooled = keras.ops.mean(keras.ops.concatenate([twice, keras.ops.tanh(steps)], axis=-1), axis=1)
    check(keras.Model(steps, [pooled, keras.ops.cast(mask, "float32"), keras.ops.expand_dims(pooled, 1)]), X)


@pytest.mark.parametrize("name", ["Maximum", "Minimum", "Power", "TrueDivide"])
def test_operations_keep_the_order_of_their_arguments(name):
    steps: Any = keras.Input((6, 4))
    functions = {
        "Maximum": lambda x: keras.ops.maximum(0.3, x), "Minimum": lambda x: keras.ops.minimum(x, 0.3),
        "Power": lambda x: keras.ops.power(2.0, x), "TrueDivide": lambda x: keras.ops.true_divide(1.0, x),
    }  # fmt: skip
    assert name in OPERATIONS
    check(keras.Model(steps, functions[name](steps)), X)


def test_a_description_from_disk(tmp_path):
    model = draw_weights(keras.Sequential([keras.Input((6, 4)), layers.LSTM(3), layers.Dense(2)]))
    save_network(describe_network(model), tmp_path)
    (ours,) = NumpyNetwork(load_network(tmp_path))(X.tolist())
    np.testing.assert_allclose(ours, model(X), rtol=1e-5, atol=1e-6)


# the estimators' networks


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"linear_skip": False}, {"bidirectional": True, "units": (5, 3)}, {"return_sequences": True},
        {"masked": True}, {"masked": True, "bidirectional": True}, {"features": 2},
    ],
    ids=str,
)  # fmt: skip
def test_the_networks_of_a_forecaster(options, residual):
    settings = {"window": 6, "features": 4, "targets": 2, "horizon": 3, "units": (5,), "residual": residual} | options
    model = build_network(**settings)
    inputs = [X[..., : settings["features"]], MASK] if settings.get("masked") else [X[..., : settings["features"]]]
    check(model, *inputs)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("options", [{}, {"residual": False, "units": (5, 3)}, {"known": 2, "outputs": 3}], ids=str)
def test_the_networks_of_a_forecaster_with_attention(options, masked):
    settings = {"window": 6, "features": 4, "targets": 2, "horizon": 3, "units": (5,), "masked": masked} | options
    inputs = [X, MASK] if masked else [X]
    check(build_attention_network(**settings), *inputs, *([OTHER[:, :3, :2]] if "known" in options else []))


@pytest.mark.parametrize("pooling", [("last",), ("mean",), ("max",), ("last", "mean", "max"), ()], ids=str)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_networks_of_sequences_and_texts(pooling, bidirectional):
    shared: Any = {"outputs": 2, "units": (5, 3), "bidirectional": bidirectional, "pooling": pooling, "dropout": 0.2}
    check(build_sequence_network(features=4, **shared), X, MASK)
    check(build_text_network(tokens=5, embedding=4, **shared), IDS)
    check(build_text_network(tokens=5, embedding=4, filters=3, **shared), IDS)


@pytest.mark.parametrize("attention", ["dot", "additive", None])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_networks_of_a_translator(attention, bidirectional):
    model = build_translator(
        source_tokens=5, target_tokens=5, embedding=4, units=(5, 3), attention=attention, bidirectional=bidirectional
    )
    check(model, IDS, IDS[::-1, :4])


# what there is not


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (layers.SeparableConv1D(3, 2, name="own"), "has no layer SeparableConv1D, which 'own' is.*sw.load"),
        (layers.Conv1D(4, 2, groups=2, name="own"), "The layer 'own' has groups=2"),
        (layers.AveragePooling1D(2, padding="same", name="own"), "The layer 'own' has padding='same'"),
        (layers.LayerNormalization(axis=1, name="own"), r"The layer 'own' has axis=\[1\]"),
        (layers.Bidirectional(layers.RNN(layers.LSTMCell(3)), name="own"), r"has no Bidirectional\(RNN\)"),
        (layers.Dense(3, activation=lambda x: x, name="own"), "The layer 'own' has activation="),
    ],
)
def test_what_there_is_not_on_numpy_is_named(layer, said):
    inputs = keras.Input((6, 4))
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(BundleError, match=said):
        NumpyNetwork(describe_network(model))


def test_stateful_layers_and_unknown_operations_are_refused():
    inputs = keras.Input(batch_shape=(3, 6, 4))
    with pytest.raises(BundleError, match="'own' is stateful"):
        NumpyNetwork(describe_network(keras.Model(inputs, layers.LSTM(3, stateful=True, name="own")(inputs))))
    steps: Any = keras.Input((6, 4))
    with pytest.raises(BundleError, match=r"no operation keras\.ops\.Sinh"):
        NumpyNetwork(describe_network(keras.Model(steps, keras.ops.sinh(steps))))
