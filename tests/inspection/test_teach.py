"""Explained errors: on each backend in a process of its own, and what passes through untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from keras_failures import FAULTS, OWN, QUIET
from keras_failures import X as EXAMPLE

import seqwise as sw
from seqwise.inspection.errors import explain_errors, is_about_shapes

HERE = Path(__file__).parent
BACKENDS = ["jax", "tensorflow", "torch"]
TOLD = {
    "fit without features": "features-axis-missing", "fit with other features": "features-count",
    "evaluate": "features-count", "predict": "features-axis-missing", "train_on_batch": "features-count",
    "call": "features-count", "samples": "sample-counts-differ", "target": "target-size-differs",
    "a data set": "target-size-differs", "class numbers": "whole-labels-with-one-hot-loss",
    "one-hot": "one-hot-with-sparse-loss", "unequal": "unequal-lengths",
    "Sequential of two": "return-sequences-missing", "functional of two": "return-sequences-missing",
    "subclassed of two": "return-sequences-missing", "mask_zero": "mask-zero-on-recurrent-layer",
    "applied to itself": "layer-called-on-a-layer",
}  # fmt: skip


@cache
def results(script, backend):
    done = subprocess.run(
        [sys.executable, str(HERE / f"{script}.py")], capture_output=True, text=True, check=False,
        env=os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {line["name"]: line for line in map(json.loads, filter(lambda x: x[:1] == "{", done.stdout.splitlines()))}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_is_told_by_its_finding(backend, name):
    found = results("keras_failures", backend)[name]
    assert found["plain"] != "NoneType", "the program does not fail: nothing to tell"
    assert found["explained"] == "ShapeError", found
    assert found["text"].splitlines()[0].endswith(f" {TOLD[name]}")
    assert found["text"].startswith("error SW")
    assert "  fix       " in found["text"]
    assert found["cause"] == found["plain"]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_has_another_cause_passes_through(backend, name):
    found = results("keras_failures", backend)[name]
    assert found["same"], found
    assert found["cause"] == "None"


TORCH = [
    "torch-number-of-features", "torch-features-axis-missing", "torch-features-not-last", "torch-number-of-axes",
    "torch-batch-first", "torch-state-size", "torch-linear-features", "torch-target-shape", "torch-classes-not-second",
    "torch-labels-do-not-fit", "torch-labels-do-not-fit 2", "torch-labels-do-not-fit 3", "torch-label-out-of-range",
    "torch-token-out-of-range", "torch-tokens-not-whole", "torch-samples-axis-missing", "torch-tuple-as-input",
    "torch-target-shape 2",
]  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_a_call_of_pytorchs_own_modules(name):
    found = results("torch_failures", "torch")[name]
    assert found["kind"] == "ShapeError", found
    assert found["text"].splitlines()[0].endswith(f" {name.split()[0]}")
    assert found["cause"] in ("RuntimeError", "ValueError", "IndexError", "TypeError")


def test_pytorch_errors_without_a_finding_and_sound_calls():
    found = results("torch_failures", "torch")
    assert (found["no finding"]["kind"], found["no finding"]["cause"]) == ("RuntimeError", "NoneType")
    assert found["sound"]["kind"] == ""


# here, on JAX


def small():
    model = keras.Sequential([keras.layers.Input((10, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def test_the_original_stays_chained_and_the_users_name_is_in_the_fix():
    prices = EXAMPLE[:, :, 0]
    with pytest.raises(sw.ShapeError) as caught, sw.explain_errors():
        small().fit(prices, np.zeros((8, 1)), verbose=QUIET)
    assert isinstance(caught.value.__cause__, ValueError)
    assert "prices = prices[..., None]" in str(caught.value)
    assert "direct cause" in "".join(traceback.format_exception(caught.value))


def test_an_unknown_error_keeps_its_traceback():
    def fails():
        raise ValueError("a shape of my own")

    with pytest.raises(ValueError, match="of my own") as plain:
        fails()
    with pytest.raises(ValueError, match="of my own") as guarded, explain_errors():
        fails()
    frames = [[f.name for f in traceback.extract_tb(c.value.__traceback__)] for c in (plain, guarded)]
    assert frames[0] == frames[1]
    assert guarded.value.__context__ is None
    assert guarded.value.__cause__ is None


def test_as_a_decorator_and_nested():
    @sw.explain_errors()
    def train():
        with sw.explain_errors():
            small().fit(EXAMPLE[:, :, 0], np.zeros((8, 1)), verbose=QUIET)

    with pytest.raises(sw.ShapeError) as caught:
        train()
    assert not isinstance(caught.value.__cause__, sw.ShapeError)  # told once
    assert train.__name__ == "train"


def test_a_data_error_of_seqwises_own_is_left_alone():
    error = sw.DataError("shape")
    with pytest.raises(sw.DataError) as caught, sw.explain_errors():
        raise error
    assert caught.value is error


@pytest.mark.parametrize("kind", [MemoryError, KeyError, ZeroDivisionError, OSError, KeyboardInterrupt, SystemExit])
def test_kinds_that_are_never_about_shapes(kind):
    with pytest.raises(kind) as caught:
        raise kind("shape")
    assert not is_about_shapes(caught.value, caught.value.__traceback__)


def test_a_wrong_place_in_keras_is_not_about_shapes():
    """A callback with a wrong path, beside data that check would find fault with."""
    with pytest.raises(ValueError, match="filepath") as caught, sw.explain_errors():
        small().fit(
            EXAMPLE[:, :, 0],
            np.zeros((8, 1)),
            verbose=QUIET,
            callbacks=[keras.callbacks.ModelCheckpoint("wrong.shape")],
        )
    assert not isinstance(caught.value, sw.ShapeError)


def test_a_fault_in_the_explaining_itself_hides_nothing(monkeypatch):
    def broken(*_):
        raise AssertionError("a fault of Seqwise's own")

    monkeypatch.setattr("seqwise.inspection.evidence.explained_by", broken)
    with pytest.raises(ValueError, match="Invalid input shape"), sw.explain_errors():
        small().predict(EXAMPLE[:, :, 0], verbose=QUIET)


def test_the_own_fit_teaches_too():
    """A network that does not fit its windows, in Seqwise's own loop."""
    from seqwise.data import Windows
    from seqwise.estimators.forecasting.network import build_network
    from seqwise.training import WindowBatches, fit

    windows = Windows(np.random.default_rng(0).normal(size=(60, 2)), 12, 3)
    model = build_network(window=12, features=2, targets=1, horizon=5, units=(4,))
    model.compile("adam", "mse")
    with pytest.raises(sw.ShapeError) as caught:
        fit(model, WindowBatches(windows), None, epochs=1, batch_size=8, patience=None, seed=0, verbose=False)
    assert caught.value.__cause__ is not None
    assert "SW3" in str(caught.value)


def test_it_costs_nothing_when_nothing_fails():
    """No model is looked at, nothing is patched: the context is entered and left without an import."""
    code = (
        "import sys, seqwise\n"
        "with seqwise.explain_errors(): pass\n"
        "print([n for n in ('keras', 'numpy', 'jax', 'seqwise.inspection.check.check') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['numpy']")
