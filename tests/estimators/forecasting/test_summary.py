"""The summary of the shapes: its numbers are those of the arrays, its words name every axis."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from seqwise.axes import format_shape
from seqwise.data import Windows
from seqwise.estimators.forecasting.summary import Part, SeriesSummary

PARTS = [
    Part("train", 108, "1949-01", "1957-12", 73, "reads A, forecasts B", "reads C, forecasts D"),
    Part("validation", 24, "1958-01", "1959-12", 1, "reads E, forecasts F", "reads E, forecasts F"),
    Part("test", 12, "1960-01", "1960-12", 0),
]
STORY = SeriesSummary(24, 12, ["Passengers", "fare"], ["Passengers"], False, "1 month", PARTS, 1152, ["fuel"])


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize(
    ("window", "horizon", "features", "targets"), list(itertools.product([1, 9], [1, 4], [2, 5], [1, 2]))
)
def test_shapes_and_bytes_are_those_of_the_arrays(window, horizon, features, targets, every_step):
    windows = Windows(np.zeros((40, features), np.float32), window, horizon, targets, every_step=every_step)
    x, y = windows.batch(slice(None))
    names = [f"c{j}" for j in range(features)]
    parts = [Part("train", 40, "", "", len(windows))]
    summary = SeriesSummary(window, horizon, names, names[:targets], every_step, "1 day", parts, 4, [])
    assert summary.input_shape == x.shape[1:]
    assert summary.output_shape == y.shape[1:]
    assert summary.materialised_bytes == x.nbytes + y.nbytes


def test_the_summary_word_by_word():
    assert str(STORY) == (
        "input  x  (samples=73, timesteps=24, features=2)\n"
        "          each sample is 24 rows in a row, 1 month apart\n"
        "          feature 0: Passengers  (its past; it is a target)\n"
        "          feature 1: fare\n"
        "output y  (samples=73, horizon=12, targets=1)\n"
        "          the 12 row(s) after the window: Passengers\n"
        "          not used: fuel (add them with features)\n"
        "\n"
        "train: 108 rows, 1949-01 to 1957-12; 73 windows\n"
        "          first reads A, forecasts B\n"
        "          last  reads C, forecasts D\n"
        "\n"
        "validation: 24 rows, 1958-01 to 1959-12; 1 windows\n"
        "          first reads E, forecasts F\n"
        "\n"
        "test: 12 rows, 1960-01 to 1960-12; 0 windows\n"
        "\n"
        "memory    17.8 kB if every window were copied; 1.2 kB used: windows are views on one array\n"
        "Keras     keras.Input(shape=(24, 2))\n"
        "tf.js     inputShape: [24, 2]"
    )


def test_an_output_for_every_step_has_the_timesteps_too():
    told = str(replace(STORY, every_step=True, available=[]))
    assert "output y  (samples=73, timesteps=24, horizon=12, targets=1)" in told
    assert "the 12 row(s) after each timestep: Passengers" in told
    assert "not used" not in told


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (2_500_000, "2.5 MB"),
        (3e9, "3.0 GB"),
        (4.2e12, "4.2 TB"),
        (5e15, "5000.0 TB"),
    ],
)
def test_sizes_in_words(count, words):
    assert f"; {words} used" in str(replace(STORY, used_bytes=count))


def test_shapes_are_written_with_the_names_of_their_axes():
    assert format_shape(samples=None, timesteps=24, features=1) == "(samples=any, timesteps=24, features=1)"
    assert format_shape(samples=1234567) == "(samples=1,234,567)"
