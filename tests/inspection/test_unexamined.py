"""What `check` could not look at is said: "No faults found." means that it looked."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import seqwise as sw

X, Y = np.random.default_rng(0).normal(size=(40, 10, 3)), np.zeros((40, 1))


def no_disk():
    raise RuntimeError("no disk")


class Broken(keras.Model):
    def call(self, inputs):
        raise RuntimeError("not written yet")


class Unmakeable(keras.Model):
    """Neither built nor to be copied: its configuration asks for what it does not hold."""

    def __init__(self):
        super().__init__()
        self.part = Odd()

    def call(self, inputs):
        return self.part(inputs)


class Odd(layers.LSTM):
    __module__ = "keras.odd"

    def __init__(self):
        super().__init__(3)


CASES = {
    "a function that fails": (lambda: (no_disk, X, Y), "the model, since it cannot be built: RuntimeError: no disk"),
    "no layers": (lambda: ([], X, Y), "the model: it has no layers"),
    "another object": (lambda: (object(), X, Y), "the model: object is not a Keras layer"),
    "a call that fails": (lambda: (Broken(), X, Y), "the model: not written yet"),
    "a set": (lambda: ([layers.LSTM(3)], {1, 2}), "x: no numbers, texts or tables can be read from a set"),
    "no x": (lambda: (Broken(), None, Y), "the model: its inputs are not known"),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_cannot_be_examined_is_said(kind):
    arguments, sentence = CASES[kind]
    report = sw.check(*arguments())
    assert not report.findings
    assert report.unexamined == [sentence]
    assert report.summary != "No faults found."


def test_a_model_that_cannot_be_copied():
    (sentence,) = sw.check(Unmakeable(), X).unexamined
    assert "is not built and cannot be copied" in sentence


def test_a_sound_model_was_examined():
    report = sw.check([layers.LSTM(3), layers.Dense(1)], X, Y, loss="mse")
    assert (report.unexamined, report.subject) == ([], "2 layers; x (40, 10, 3); y (40, 1)")
    assert report.summary == "No faults found."


def test_nothing_passed_is_nothing_examined():
    assert sw.check().summary == "Nothing was examined."
