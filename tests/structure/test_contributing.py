"""CONTRIBUTING's list of what an addition touches: its files exist, and following it is enough."""

import re
from pathlib import Path

import numpy as np

import seqwise
from seqwise.baselines import series
from seqwise.data import make_series
from seqwise.evaluation import compare_forecasts, forecasts
from seqwise.evaluation.forecast_plots import error_by_horizon

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
