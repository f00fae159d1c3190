"""No false alarm: sound programs, and the models that Seqwise itself builds, get no finding at all."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from programs import check_program, read_programs

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.subject import read_subject

PROGRAMS = read_programs("sound")


def test_there_are_enough():
    assert len(PROGRAMS) >= 40


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_nothing_is_found(program):
    report, names = check_program(program.text, program.path, program.settings.get("check", ""))
    assert not report, str(report)
    assert report.summary == "No faults found."  # all of it was examined
    context = read_subject(names["model"], names["x"], names["y"], names=Names())
    assert {call.name for call in context.calls} >= {layer.name for layer in leaves(names["model"])}
    assert all(output.shape is not None for output in context.outputs)


def leaves(model):
    """The layers that hold no others, wherever they lie."""
    for layer in model._layers:
        if isinstance(layer, keras.Model) or type(layer).__module__.partition(".")[0] not in ("keras", "seqwise"):
            yield from leaves(layer) if layer._layers else [layer]
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


OPTIONS = [
    option
    for option in itertools.product([False, True], [False, True], ["interpolate", "mask"], [(4,), (4, 3)])
    if option[:2] != (True, True)  # Seqwise refuses it: the backward direction would read the targets
]


@pytest.mark.parametrize(("both_ways", "every_step", "gaps", "units"), OPTIONS)
def test_nothing_is_found_in_a_forecaster(both_ways, every_step, gaps, units):
    months = np.arange(120)
    values = 50 + months / 4 + 10 * np.sin(months * np.pi / 6) + np.random.default_rng(0).normal(size=120)
    table = np.stack([values, np.cos(months * np.pi / 6)], axis=1)
    forecaster = sw.Forecaster(12, 3, units=units, bidirectional=both_ways, return_sequences=every_step, gaps=gaps,
                               season=12)  # fmt: skip
    report = sw.check(forecaster, table, target="0", features="1")
    assert report.summary == "No faults found.", str(report)


def test_a_scaler_that_saw_more_than_the_training_rows_is_told():
    values = np.linspace(10, 90, 200) + np.sin(np.arange(200))
    forecaster = sw.Forecaster(12, 3, units=(3,), epochs=1).fit(
        np.stack([values, values + 1], axis=1), target="0", features="1"
    )
    series = forecaster.series_
    assert not sw.check(forecaster)
    forecaster.scaler_ = type(forecaster.scaler_)().fit(series.values, series.columns)
    assert [finding.name for finding in sw.check(forecaster)] == ["scaler-saw-validation"]


def test_keras_is_the_one_in_use():
    assert import_keras().backend.backend() == "jax"
