"""CONTRIBUTING's list of what an addition touches: its files exist, and following it is enough."""

import json
import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import seqwise
from seqwise import estimators
from seqwise.artifact.schema import RUNS
from seqwise.baselines import sequences, series
from seqwise.baselines.constant import Constant
from seqwise.cli.main import main
from seqwise.data import make_series
from seqwise.estimators.base import Estimator
from seqwise.evaluation import compare_forecasts, forecasts
from seqwise.evaluation.forecast_plots import error_by_horizon
from seqwise.export.formats import FORMATS, Format

SOURCE = Path(seqwise.__file__).parent
TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")


def test_the_files_that_it_names_exist():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and " | where |" not in line]
    named = {path for row in rows for path in re.findall(r"`([a-z_/]+(?:\.py)?)`", row) if "/" in path}
    assert len(named) >= 7
    assert [path for path in sorted(named) if not (SOURCE / path).exists()] == []


def test_a_new_baseline_of_a_series_is_its_class_and_its_name(monkeypatch):
    """The class of CONTRIBUTING's example, added as it says: comparison, table, verdict and plot know it."""
    code = re.search(r"```python\n(class PastMean.*?)\n\n\nBASELINES", TEXT, re.DOTALL)
    assert code is not None
    namespace = {"np": np, "__name__": "example"}
    exec("from __future__ import annotations\n" + code.group(1), namespace)
    baseline = namespace["PastMean"]
    monkeypatch.setitem(series.BASELINES, "past_mean", baseline)
    monkeypatch.setitem(forecasts.NAMES, "past_mean", baseline.name)  # of a module that is imported already
    values = make_series(np.arange(60.0), target="0")
    origins = np.arange(50, 57)
    comparison = compare_forecasts(values, origins, np.zeros((7, 3, 1)), season=1, fit_rows=50)
    np.testing.assert_array_equal(comparison.forecasts["past_mean"], np.full((7, 3, 1), np.arange(50).mean()))
    assert "past mean" in str(comparison)
    assert "past mean" in comparison._repr_html_()
    assert "past mean" in [line.get_label() for line in error_by_horizon(comparison).axes[0].lines]


class Median(Constant):
    """The median of each target, as a baseline."""

    kind = "median"

    @classmethod
    def candidates(cls, problem):
        return {"median": cls("the training's median")} if problem.targets == "numbers" else {}

    def fit(self, samples, targets, weights=None):
        self.values = np.median(targets, axis=0)
        return self


def sequences_of_numbers():
    X = np.random.default_rng(0).normal(size=(20, 5, 2))
    return X, X.mean(axis=(1, 2))


def test_a_new_baseline_of_sequences_is_its_class_and_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(sequences, "BASELINES", (*sequences.BASELINES, Median))
    X, y = sequences_of_numbers()
    regressor = seqwise.Regressor(units=(2,), epochs=1, recipe="lstm", test=5).fit(X, y)
    assert "the training's median" in str(regressor.evaluate())
    loaded = seqwise.load(regressor.save(tmp_path / "run"))
    np.testing.assert_array_equal(loaded.baselines_["median"].predict(X), regressor.baselines_["median"].predict(X))


def test_a_new_format_is_its_module_and_its_name(monkeypatch, tmp_path, capsys):
    """The weights as JSON: written, run beside Keras and verified, from the command line, too."""

    def write(source, folder, reference, options):
        for name, part in source.parts.items():
            weights = [weight.tolist() for weight in part.model.get_weights()]
            (folder / f"{name}.json").write_text(json.dumps(weights))
        return {name: f"{name}.json" for name in source.parts}, []

    def run(path):
        kernel, bias = map(np.array, json.loads(path.read_text()))
        return lambda calls: [[x @ kernel + bias] for (x,) in calls], "NumPy"

    monkeypatch.setitem(FORMATS, "json", Format("the weights of a Dense layer", write, run))
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "model.keras")
    for arguments in ([str(tmp_path / "model.keras"), "--to", "json", "--out"], ["--verify"]):
        monkeypatch.setattr(sys, "argv", ["seqwise", "export", *arguments, str(tmp_path / "out")])
        with pytest.raises(SystemExit, match="0"):
            main()
        assert "model: largest difference from Keras" in capsys.readouterr().out


def test_an_estimator_is_named_twice():
    """Where its class is, and what its run folder holds; the package and the command line have the names from there."""
    assert set(estimators.__all__) == set(RUNS)
    assert set(estimators.__all__) <= set(seqwise.__all__)


def test_an_estimator_needs_no_report_of_its_own(monkeypatch, tmp_path):
    X, y = sequences_of_numbers()
    regressor = seqwise.Regressor(units=(2,), epochs=1, recipe="lstm", test=5).fit(X, y)
    monkeypatch.setattr(type(regressor), "_report", Estimator._report)
    regressor.write_report(regressor.evaluate(), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Regressor of data in memory" in page
    assert "The model was trained on data in memory." in page
    assert "this model" in page
    assert "Training" in page
