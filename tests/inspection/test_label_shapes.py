"""Labels for each sample or each timestep, against outputs with and without a time axis, under every loss.

What is right is known from how the labels were made: the output must have a time axis where they do, and the loss must
be the one for their kind. Applying the fixes of `check`, one after another, must lead there.
"""

from __future__ import annotations

import numpy as np
import pytest

import seqwise as sw
from seqwise.backend import import_keras

keras = import_keras()
SAMPLES, FEATURES = 60, 3
LOSSES = ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy", "mse"]
KINDS = ["(N,)", "(N, 1)", "(N,) float", "(N, T)", "(N, T, 1)", "(N, T) float", "one-hot (N, K)", "one-hot (N, T, K)"]


def labels(kind: str, steps: int, classes: int) -> np.ndarray:
    each_sample = np.arange(SAMPLES) % classes
    each_step = np.random.default_rng(0).integers(0, classes, (SAMPLES, steps))
    return {
        "(N,)": each_sample,
        "(N, 1)": each_sample[:, None],
        "(N,) float": each_sample.astype("float32"),
        "(N, T)": each_step,
        "(N, T, 1)": each_step[..., None],
        "(N, T) float": each_step.astype("float32"),
        "one-hot (N, K)": np.eye(classes)[each_sample],
        "one-hot (N, T, K)": np.eye(classes)[each_step],
    }[kind]


def check_and_fix(time_axis: bool, loss: str, y: np.ndarray, steps: int, classes: int) -> tuple[bool, str, list[str]]:
    """Follow the fixes; return the time axis and the loss that they lead to, and the findings on the way."""
    x = np.random.default_rng(1).normal(size=(SAMPLES, steps, FEATURES)).astype("float32")
    names = []
    for _ in range(4):
        stack = [keras.layers.LSTM(8, return_sequences=time_axis), keras.layers.Dense(classes, activation="softmax")]
        report = sw.check(stack, x, y, loss=loss)
        if not report:
            break
        finding = report[0]
        names.append(finding.name)
        if finding.where == "compile":
            loss = finding.fix.split("loss='")[1].split("'")[0]
        else:
            assert finding.where == f"layer {stack[0].name!r}"
            time_axis = eval(finding.fix, {"keras": keras}).return_sequences
    return time_axis, loss, names


@pytest.mark.parametrize(("steps", "classes"), [(12, 5), (12, 3), (12, 2), (5, 5)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_fixes_lead_to_a_time_axis_where_the_labels_have_one_and_to_their_loss(loss, kind, steps, classes):
    y = labels(kind, steps, classes)
    for time_axis in (False, True):
        wanted = "T" in kind
        if not wanted_is_told(kind, loss, time_axis, steps, classes):
            continue
        ends_with, final_loss, names = check_and_fix(time_axis, loss, y, steps, classes)
        assert ends_with == wanted, names
        if "one-hot" in kind:
            assert final_loss != "sparse_categorical_crossentropy", names
        else:
            assert final_loss == "sparse_categorical_crossentropy", names
        assert len(names) == len(set(names)), names


def wanted_is_told(kind: str, loss: str, time_axis: bool, steps: int, classes: int) -> bool:
    """Whether the shapes tell what is meant: labels (N, T) may be quantities, several labels, or classes if T is K."""
    integers_each_step = kind in ("(N, T)", "(N, T) float", "(N, T, 1)")
    if not integers_each_step or time_axis or loss == "sparse_categorical_crossentropy":
        return True
    several = loss == "binary_crossentropy" and classes == 2 and kind != "(N, T, 1)"
    horizon = loss == "mse" and kind != "(N, T, 1)"
    return steps != classes and not several and not horizon


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_a_quantity_for_each_timestep_needs_one_unit_not_the_last_state(loss):
    x = np.random.default_rng(1).normal(size=(SAMPLES, 12, FEATURES)).astype("float32")
    stack = [keras.layers.LSTM(8, return_sequences=True), keras.layers.Dense(4)]
    report = sw.check(stack, x, x[..., 0], loss=loss)
    assert [finding.name for finding in report] == ["target-size-differs"]
    assert report[0].fix == "keras.layers.Dense(1)"


def test_several_labels_of_a_sample_are_not_taken_for_timesteps():
    x = np.random.default_rng(1).normal(size=(SAMPLES, 12, FEATURES)).astype("float32")
    y = (np.random.default_rng(2).uniform(size=(SAMPLES, 12)) < 0.5).astype("float32")
    stack = [keras.layers.LSTM(8, return_sequences=True), keras.layers.Dense(12, activation="sigmoid")]
    report = sw.check(stack, x, y, loss="binary_crossentropy")
    assert [finding.name for finding in report] == ["return-sequences-at-the-end"]
