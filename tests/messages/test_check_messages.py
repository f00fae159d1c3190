"""The texts of `check`, word by word, for the faults that people meet first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.inspection.check.rules import RULES

keras = import_keras()
layers = keras.layers
PAGES = Path(__file__).parents[2] / "docs/rules"


def test_a_stack_without_return_sequences():
    model = [layers.LSTM(50, name="low"), layers.LSTM(20, name="high"), layers.Dense(1)]
    report = sw.check(model, np.random.default_rng(0).normal(size=(85, 24, 3)))
    assert str(report) == (
        "3 layers; x (85, 24, 3)\n"
        "\n"
        "error SW210 return-sequences-missing\n"
        "  LSTM 'low' returns its last state only, (samples, units=50); LSTM 'high' reads a sequence, (samples, "
        "timesteps, features). A recurrent layer below another one must return every timestep.\n"
        "  expected  (samples=any, timesteps=24, units=50) into LSTM 'high'\n"
        "  got       (samples=any, units=50)\n"
        "  fix       keras.layers.LSTM(50, return_sequences=True, name='low')\n"
        "            (changes layer 'low')\n"
        "\n"
        "1 error."
    )


def test_a_missing_features_axis():
    (finding,) = sw.check(layers.LSTM(5), np.random.default_rng(0).normal(size=(1200, 24)))
    assert finding.what == (
        "x has two axes, (samples=1,200, timesteps=24); the features axis is missing. One number for each timestep is "
        "one feature."
    )
    assert (finding.got, finding.fix) == ("(samples=1,200, timesteps=24)", "x = x[..., None]")


def test_a_missing_value_is_told_with_its_place():
    x = np.random.default_rng(0).normal(size=(40, 10, 3))
    x[7, 2, 1] = np.nan
    (finding,) = sw.check(None, x)
    assert finding.what == (
        "x contains NaN, first at sample 7, timestep 2, feature 1 (1 value(s) in 1 of 40 samples). A single one turns "
        "the loss, and then every weight, into NaN."
    )


def test_a_broadcast_target():
    x = np.random.default_rng(0).normal(size=(40, 10, 3))
    (finding,) = sw.check([layers.LSTM(5), layers.Dense(1, name="head")], x, x[:, -5:, 0], loss="mse")
    assert finding.severity == "warning"
    assert finding.what == (
        "y has 5 value(s) for each sample, the output has 1. The loss stretches one along the other (broadcasting), so "
        "the model trains silently."
    )
    assert finding.fix == "keras.layers.Dense(5, name='head')"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_each_rule_says_on_its_page_how_grave_it_is_and_when_it_fires(rule):
    heading, _, meaning, _, *told = (PAGES / f"{rule.code}-{rule.name}.md").read_text("utf-8").splitlines()
    text = "\n".join(told).partition("\n## Wrong\n")[0]
    assert heading == f"# {rule.code} {rule.name}"
    assert meaning == rule.look.__doc__
    assert meaning.endswith(".")
    assert any(word in text for word in ("Error", "Warning", "Hint"))
    assert any(word in text for word in ("Fires", "fires"))
