"""The plain description of a model says what Keras does at each call: which tensors, which masks, which states."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from seqwise.artifact import describe_network
from seqwise.errors import BundleError
from seqwise.estimators.translation.network import build_translator, inference_models

layers = keras.layers


def calls_of(model):
    network = describe_network(model)
    return {layer["name"]: layer["calls"] for layer in network.layers["layers"]}, network


def test_a_sequential_model():
    model = keras.Sequential([keras.Input((None, 3)), layers.LSTM(4, name="lstm"), layers.Dense(2, name="head")])
    calls, network = calls_of(model)
    assert network.layers["outputs"] == [["head", 0, 0]]
    assert calls["head"] == [{"inputs": [["lstm", 0, 0]], "shapes": [[None, 2]]}]
    for layer in model.layers:
        for i, weight in enumerate(layer.get_weights()):
            np.testing.assert_array_equal(network.weights[f"{layer.name}/{i}"], weight)


def test_nested_models_are_described_by_their_layers_and_keep_the_masks_that_reach_them():
    inner = keras.Sequential([keras.Input((None, 3)), layers.LSTM(3, return_sequences=True, name="inside")])
    inputs = keras.Input((None, 3), name="x")
    masked = layers.Masking(name="masking")(inputs)
    twice = inner(inner(masked))
    model = keras.Model(inputs, layers.Dense(1, name="head")(twice))
    calls, network = calls_of(model)
    assert [call["inputs"] for call in calls["inside"]] == [[["masking", 0, 0]], [["inside", 0, 0]]]
    assert calls["head"][0]["inputs"] == [["inside", 1, 0]]
    # Keras computes the mask from the input by two operations
    kinds = {layer["name"]: layer["class"] for layer in network.layers["layers"]}
    (first_mask,) = calls["inside"][0]["masks"]
    assert kinds[first_mask["tensor"][0]] == "ops.Any"
    # and runs the second call with the first one's mask, which the inner LSTM hands on
    assert calls["inside"][1]["masks"] == [first_mask]


def test_names_stay_unique():
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="head")], name="inner")
    inputs = keras.Input((3,), name="x")
    model = keras.Model(inputs, layers.Dense(1, name="head")(inner(inputs)))
    calls, network = calls_of(model)
    assert set(calls) == {"x", "head", "inner_head"}
    assert len(network.weights) == 4


def test_masks_of_an_embedding_are_those_that_keras_uses():
    model = build_translator(source_tokens=9, target_tokens=8, embedding=4, units=(3,), bidirectional=False)
    calls, _ = calls_of(model)
    assert "masks" not in calls["decoder_1"][0], "Keras gives an LSTM no implicit mask beside an initial state"
    assert len(calls["decoder_1"][0]["initial_state"]) == 2
    query, values, keys = calls["attention"][0]["masks"]
    assert query == {"of": ["target_embedding", 0, 0]}
    assert values == keys == calls["encoder_1"][0]["masks"][0]
    models = inference_models(model)
    assert models is not None
    step, _ = calls_of(models.step)
    assert step["attention"][0]["masks"] == [None, {"tensor": ["source_mask", 0, 0]}, None]


def test_a_causal_mask_is_an_argument():
    query, value = keras.Input((6, 4)), keras.Input((6, 4))
    model = keras.Model([query, value], layers.Attention(name="attention")([query, value], use_causal_mask=True))
    calls, _ = calls_of(model)
    assert calls["attention"][0]["arguments"] == {"use_causal_mask": True}


def test_operations_keep_their_constants_and_settings():
    inputs: Any = keras.Input((5, 3), name="x")
    model = keras.Model(inputs, keras.ops.mean(inputs * 2.0 - 1, axis=1))
    _, network = calls_of(model)
    described = [(layer["class"], layer["config"], layer["calls"]) for layer in network.layers["layers"][1:]]
    assert [kind for kind, _, _ in described] == ["ops.Multiply", "ops.Subtract", "ops.Mean"]
    assert described[0][2][0]["arguments"] == {"x1": None, "x2": 2.0}
    assert described[2][1]["axis"] == [1]


def test_what_cannot_be_described_says_why():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(BundleError, match=r"'own' is a Own, whose call\(\) is Python code"):
        describe_network(Own(name="own"))
    with pytest.raises(BundleError, match=r"'lazy' is not built.*keras\.Input\(shape=\(timesteps, features\)\)"):
        describe_network(keras.Sequential([layers.LSTM(3)], name="lazy"))
