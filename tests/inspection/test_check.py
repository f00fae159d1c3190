"""`check` as a whole: every kind of model and of data, nothing is changed, and it is quick."""

from __future__ import annotations

import random
import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqwise as sw
from seqwise.backend import import_keras

keras = import_keras()
layers = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 10, 3)).astype("float32")
Y = X[:, -1, :1]


def names(report):
    return [finding.name for finding in report]


def stack(first=False):
    return [layers.LSTM(4, return_sequences=first), layers.LSTM(4), layers.Dense(1)]


def functional(first=False):
    inputs = keras.Input((10, 3))
    hidden = layers.Dense(4)(layers.LSTM(4, return_sequences=first)(inputs))
    return keras.Model(inputs, hidden)


class Subclassed(keras.Model):
    def __init__(self, first, units=4):
        super().__init__()
        self.stack = [layers.LSTM(units, return_sequences=first), layers.LSTM(units)]
        self.head = layers.Dense(1)

    def call(self, inputs):
        for layer in self.stack:
            inputs = layer(inputs)
        return self.head(inputs)


KINDS = {
    "layers": stack,
    "unbuilt": lambda first=False: keras.Sequential(stack(first)),
    "a function that builds": lambda first=False: lambda: keras.Sequential([keras.Input((10, 3)), *stack(first)]),
    "subclassed": Subclassed,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_return_sequences_is_found_in_every_kind_of_model(kind):
    assert names(sw.check(KINDS[kind](False), X, Y)) == ["return-sequences-missing"]
    assert not sw.check(KINDS[kind](True), X, Y)


def test_the_fix_names_the_layer_and_keeps_its_settings():
    model = [layers.LSTM(7, dropout=0.2, name="low"), layers.GRU(4, kernel_regularizer="l2"), layers.Dense(1)]
    (finding,) = sw.check(model, X, Y)
    assert finding.where == "layer 'low'"
    assert finding.fix == "keras.layers.LSTM(7, dropout=0.2, return_sequences=True, name='low')"
    fixed = eval(finding.fix, {"keras": keras})
    assert {**fixed.get_config(), "return_sequences": False} == model[0].get_config()


@pytest.mark.parametrize("last", [layers.Softmax, lambda: layers.Activation("softmax")], ids=["Softmax", "Activation"])
def test_a_layer_that_is_an_activation_is_replaced_by_another(last):
    report = sw.check([layers.LSTM(4), layers.Dense(1), last()], X, Y > 0, loss="binary_crossentropy")
    (finding,) = [finding for finding in report if finding.name == "softmax-over-one"]
    assert finding.fix == "keras.layers.Activation('sigmoid')"
    assert eval(finding.fix, {"keras": keras}).activation is keras.activations.sigmoid


def test_only_some_of_it_is_known():
    assert not sw.check()
    assert not sw.check(stack(True))
    assert names(sw.check(stack())) == ["return-sequences-missing"]
    assert names(sw.check(None, X, Y[:-1])) == ["sample-counts-differ"]
    assert names(sw.check(stack(True), None, Y, loss="sparse_categorical_crossentropy")) == ["one-unit-with-class-loss"]
    assert not sw.check(layers.LSTM(4), X)
    assert names(sw.check(layers.LSTM(4), X[..., None])) == ["extra-axis"]


def test_a_model_that_keras_will_not_build_with_an_error_that_nobody_knows_is_no_finding():
    def build():
        raise RuntimeError("no disk")

    assert not sw.check(build, X, Y)


DATA = {
    "numpy": lambda x: x,
    "pandas rows": lambda x: pd.DataFrame(x.reshape(len(x), -1)),
    "polars rows": lambda x: pl.DataFrame(x.reshape(len(x), -1)),
    "pyarrow rows": lambda x: pa.table({str(i): c for i, c in enumerate(x.reshape(len(x), -1).T)}),
    "jax": lambda x: __import__("jax.numpy").numpy.asarray(x),
    "torch": lambda x: __import__("torch").tensor(x, requires_grad=True),
    "tensorflow": lambda x: __import__("tensorflow").constant(x),
    "nested lists": lambda x: x.tolist(),
    "a list of tensors": lambda x: [__import__("torch").tensor(one) for one in x],
    "objects": lambda x: x.astype(object),
}


def two_states_of_four():
    inputs = keras.Input((10, 3))
    _, state_h, state_c = layers.Bidirectional(layers.LSTM(4, return_state=True))(inputs)
    return keras.Model(inputs, [state_h, state_c])


class TwoStatesOfOne(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = layers.GRU(4, return_state=True)

    def call(self, inputs):
        _, state_h, state_c = self.encoder(inputs)
        return state_h + state_c


@pytest.mark.parametrize(
    ("model", "parts"),
    [(two_states_of_four, "output, forward_h, forward_c, backward_h, backward_c"), (TwoStatesOfOne, "output, h")],
)
def test_states_unpacked_into_another_number_are_told_in_words(model, parts):
    subject = model() if isinstance(model, type) else model
    (finding,) = sw.check(subject, np.zeros((8, 10, 3), "float32"), np.zeros((8, 1), "float32"))
    assert (finding.name, finding.expected, finding.fix) == ("states-not-taken-apart", parts, "")


@pytest.mark.parametrize("kind", DATA)
def test_every_kind_of_data_is_read(kind):
    held = DATA[kind](X)
    report = sw.check([keras.Input((10, 3)), *stack(True)], held, Y)
    flat, listed = "rows" in kind, "list" in kind or kind == "objects"
    assert names(report) == (["flattened-windows"] if flat else ["list-as-input"] if listed else [])
    scope = {"x": held, "held": held, "np": np}
    if report:
        exec(report[0].fix, scope)
        assert not sw.check([keras.Input((10, 3)), *stack(True)], scope[report[0].fix.split(" =")[0]], Y)


@pytest.mark.parametrize("kind", ["lists", "arrays", "objects", "tensors", "ragged"])
def test_sequences_of_unequal_lengths(kind):
    parts = [X[i, : 4 + i] for i in range(6)]
    held = {
        "lists": lambda: [part.tolist() for part in parts],
        "arrays": lambda: parts,
        "objects": lambda: np.array([*parts, None], dtype=object)[:-1],
        "tensors": lambda: [__import__("torch").tensor(part) for part in parts],
        "ragged": lambda: __import__("tensorflow").ragged.constant([part.tolist() for part in parts]),
    }[kind]()
    (finding,) = sw.check(stack(True), held, Y[:6])
    assert finding.name == "unequal-lengths"
    assert "4 to 9 timesteps" in finding.got
    assert finding.expected == "(samples=6, timesteps=9, features=3)"


def test_the_fix_uses_the_names_of_the_callers_variables():
    readings = X[:, :, 0]
    (finding,) = sw.check([layers.LSTM(4), layers.Dense(1)], readings, Y)
    assert finding.fix == "readings = readings[..., None]"
    (finding,) = sw.check([layers.LSTM(4), layers.Dense(1)], X[:, :, 0], Y)
    assert finding.fix == "x = x[..., None]"


def state(model):
    return [(layer.name, layer.built, len(layer.weights)) for layer in model._flatten_layers()]


@pytest.mark.parametrize("kind", ["unbuilt", "subclassed"])
def test_neither_model_nor_data_nor_the_session_is_changed(kind):
    model = KINDS[kind](True)
    model.compile("adam", "mse")
    x, y = X.copy(), Y.copy()
    counted = layers.LSTM(1).name
    before, random_before, numpy_before = state(model), random.getstate(), np.random.get_state()
    sw.check(model, x, y, validation=(x + 1, y))
    assert state(model) == before
    assert not model.built
    assert np.array_equal(x, X) and np.array_equal(y, Y)
    assert random.getstate() == random_before
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), numpy_before, strict=True))
    assert int(layers.LSTM(1).name.split("_")[1]) == int((counted + "_0").split("_")[1]) + 1, "names were used up"


def test_a_trained_model_keeps_its_weights():
    model = functional()
    model.compile("adam", "mse")
    before = [weight.copy() for weight in model.get_weights()]
    sw.check(model, X, X[:, -1])
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_it_is_quick():
    x = RNG.normal(size=(10_000, 100, 8)).astype("float32")
    y = x[:, -1, :1]
    model = keras.Sequential([*stack(True)[:2], layers.Dropout(0.1), layers.Dense(8), layers.Dense(1)])
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        assert not sw.check(model, x, y, loss="mse")
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.3, seconds


SOUND = st.fixed_dictionaries({
    "kind": st.sampled_from([layers.LSTM, layers.GRU, layers.SimpleRNN]),
    # of each recurrent layer its units, and whether it is bidirectional, and followed by a Dropout
    "recurrent": st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.booleans()), min_size=1, max_size=3),
    "every": st.booleans(), "targets": st.integers(1, 4),
    "samples": st.integers(13, 40), "steps": st.integers(3, 12), "features": st.integers(1, 5),
})  # fmt: skip


def sound(*, kind, recurrent, every, targets, samples, steps, features):
    """Return a stack of layers, an input and a target that fit one another."""
    stack = []
    for i, (units, bidirectional, dropout) in enumerate(recurrent):
        layer = kind(units, return_sequences=every or i < len(recurrent) - 1)
        stack += [layers.Bidirectional(layer) if bidirectional else layer] + [layers.Dropout(0.1)] * dropout
    stack.append(layers.Dense(targets))
    x = RNG.normal(size=(samples, steps, features))
    return stack, x, RNG.normal(size=(samples, steps, targets) if every else (samples, targets))


@given(SOUND, st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_false_alarm_on_any_sound_stack(case, declared):
    stack, x, y = sound(**case)
    report = sw.check([keras.Input(x.shape[1:]), *stack] if declared else stack, x, y, loss="mse")
    assert not report, str(report)


@given(SOUND, st.sampled_from(["features", "timesteps", "samples", "axis", "swap", "nan", "target"]))
@settings(max_examples=80, deadline=None)
def test_what_is_broken_in_a_sound_stack_is_named(case, fault):
    stack, x, y = sound(**case)
    steps, features = x.shape[1:]
    expected = {"features": "features-count", "timesteps": "timesteps-count", "samples": "sample-counts-differ",
                "axis": "extra-axis", "swap": "axes-swapped", "nan": "input-not-finite",
                "target": "target-size-differs"}[fault]  # fmt: skip
    if fault == "features":
        x = np.concatenate([x, x[..., :1]], axis=2)
    elif fault == "timesteps":
        x = np.concatenate([x, x[:, :1]], axis=1)
        y = np.concatenate([y, y[:, :1]], axis=1) if y.ndim == 3 else y
    elif fault == "samples":
        y = np.concatenate([y, y[:1]])
    elif fault == "axis":
        x = x[:, None]
    elif fault == "swap":
        if steps == features:
            return
        x = x.swapaxes(1, 2)
    elif fault == "nan":
        x = x.copy()
        x[len(x) // 2, -1, -1] = np.nan
    else:
        y = np.concatenate([y, y[..., :1]], axis=-1)
        if y.ndim == 2 and y.shape[1] == steps:  # then it may be a value for each timestep
            return
    report = sw.check([keras.Input((steps, features)), *stack], x, y, loss="mse")
    assert expected in names(report), str(report)


def odd_data():
    x = np.random.default_rng(1).normal(size=(12, 6, 2))
    return {
        "nothing": None, "a number": 3.0, "no axes": np.array(1.0), "an empty list": [], "no samples": x[:0],
        "no features": x[..., :0], "one axis": x[:, 0, 0], "five axes": x.reshape(12, 3, 2, 2, 1), "complex": x * 1j,
        "bools": x > 0, "half": x.astype("float16"), "bfloat16": DATA["jax"](x).astype("bfloat16"), "nan": x * np.nan,
        "infinite": x * np.inf, "beyond float32": x * 1e300, "words": np.array(["a", "b"]), "a word": "hello",
        "bytes": b"abc", "a generator": (i for i in range(3)), "a dict": {"a": x}, "a set": {1, 2}, "a function": len,
        "a series": pd.Series(x[:, 0, 0]), "mixed columns": pd.DataFrame({"a": [1, 2.0], "b": ["x", "y"]}),
        "dates": pd.DataFrame({"a": pd.date_range("2020", periods=4)}), "lists of words": [["a", "b"], ["c"]],
        "nones": [None, None], "an object and none": np.array([None, 1.0], dtype=object), "dicts": [{"a": 1}],
        "masked": np.ma.masked_array(x, x > 1), "nulls": pl.DataFrame({"a": [1.0, None]}),
        "a lazy table": pl.LazyFrame({"a": [1.0]}), "huge whole numbers": np.full((4, 6, 2), 2**62),
        "constant": np.ones((9, 6, 2)), "ids": np.arange(72).reshape(12, 6), "two arrays": [x, x[:, :, 0]],
        "ragged within": [[[1, 2], [3]], [[1]]], "negative": -np.arange(12), "steps of time": np.array([1], "m8[s]"),
    }  # fmt: skip


ODD_MODELS = {
    "none": lambda: None,
    "no layers": list,
    "an empty model": keras.Sequential,
    "lstm": lambda: [layers.LSTM(3), layers.Dense(1)],
    "tokens": lambda: [layers.Embedding(10, 3, mask_zero=True), layers.LSTM(3), layers.Dense(4, activation="softmax")],
    "images": lambda: [layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(1)],
    "cells": lambda: [layers.RNN([layers.LSTMCell(2), layers.LSTMCell(3)]), layers.Dense(1)],
    "text": lambda: [layers.TextVectorization(), layers.Embedding(10, 2), layers.LSTM(2, stateful=True)],
    "functional": lambda: functional(True),
    "frames": lambda: [layers.TimeDistributed(layers.Conv1D(2, 2)), layers.ConvLSTM1D(2, 2), layers.Dense(1)],
}


@pytest.mark.parametrize("kind", ODD_MODELS)
def test_nothing_that_it_is_handed_makes_it_fail(kind):
    model = ODD_MODELS[kind]()
    data = odd_data()
    for x in data.values():
        for y in (None, x, np.arange(12) % 3):
            for loss in ("mse", "sparse_categorical_crossentropy", None):
                report = sw.check(model, x, y, loss=loss, validation=(x, y))
                assert str(report) and report.to_dict()
    for y in data.values():
        assert str(sw.check(model, X, y, loss="mse"))
        assert str(sw.check(model, None, y, loss="binary_crossentropy"))


def test_what_is_no_array_of_numbers_is_not_passed_over():
    record = np.zeros(3, [("a", "f4")])
    assert "no numbers" in sw.check(None, record).unexamined[0]
    model = keras.Sequential([keras.Input((4, 1)), layers.LSTM(2)])
    assert [finding.name for finding in sw.check(model, np.zeros(()))] == ["empty-input"]
    (finding,) = sw.check(model, np.full((3, 4, 1), -1e300))
    assert finding.name == "input-not-finite" and "infinity in float32" in finding.what and not finding.fix
