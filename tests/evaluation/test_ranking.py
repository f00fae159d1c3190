"""Several forecasts in one table: their order, which differences are chance, which metric decides, pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from seqwise.data import make_series
from seqwise.errors import SettingError
from seqwise.evaluation import Backtest, compare_forecasts
from seqwise.evaluation.metrics import score
from seqwise.evaluation.ranking import diebold_mariano, rank

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("horizon", [1, 4])
def test_the_test_is_statsmodels_with_newey_and_wests_errors(horizon):
    difference = np.convolve(RNG.normal(0.2, 1, size=120), np.ones(horizon), "valid")
    options = {"maxlags": horizon - 1, "use_correction": False}
    known = sm.OLS(difference, np.ones(len(difference))).fit(cov_type="HAC", cov_kwds=options, use_t=True)
    assert diebold_mariano(difference, horizon) == pytest.approx(float(known.pvalues[0]), rel=1e-6)
    assert np.isnan(diebold_mariano(difference[:7], horizon))


def test_equally_good_forecasts_differ_by_chance_alone():
    """One in twenty pairs of equally good forecasts is called different at 5 %."""
    p_values = [diebold_mariano(RNG.normal(size=60), 1) for _ in range(400)]
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09


def ranked(series=None, metric="mae"):
    truth = RNG.normal(size=(90, 2, 1))
    forecasts = {"far": truth + 2, "near": truth + 0.5 * RNG.normal(size=truth.shape), "rare": truth.copy()}
    forecasts["rare"][::9] += 6  # large errors, seldom: worst by RMSE, not by MAE
    scores = {name: score(truth, values, np.ones(1)) for name, values in forecasts.items()}
    return rank(truth, forecasts, scores, {name: name.upper() for name in scores}, metric=metric, series=series)


def test_the_best_comes_first_by_the_metric_that_was_chosen():
    found = ranked()
    assert list(found.scores) == ["near", "rare", "far"]
    assert found.best == "near"
    assert found.p_values["far"] < 1e-6
    lines = str(found).splitlines()
    assert lines[1].split()[0] == "NEAR" and lines[1].split()[-1] == "best"
    assert "90 forecasts, ordered by MAE" in lines[4]
    assert list(ranked(metric="rmse").scores) == ["near", "far", "rare"]
    assert "<th>NEAR</th>" in found._repr_html_()
    assert found.to_dict()["p_values"]["far"] == found.p_values["far"]


def test_of_many_series_each_counts_once():
    """Three series are too few to tell, however many forecasts each has."""
    assert np.isnan(ranked(["a"] * 30 + ["b"] * 30 + ["c"] * 30).p_values["far"])


def compared(metric="mae"):
    values = 5 + np.sin(np.arange(60) * 2 * np.pi / 6)
    table = pl.DataFrame({"day": np.datetime64("2024-01-01") + np.arange(60), "y": values, "z": -values})
    series = make_series(table, time="day", target=["y", "z"])
    origins = np.arange(40, 58)
    truth = series.values[origins[:, None] + np.arange(3)]
    forecast = truth + 0.3
    forecast[::6] += 3
    return compare_forecasts(series, origins, forecast, season=1, fit_rows=40, metric=metric)


def test_the_metric_that_was_chosen_decides():
    by_mae, by_rmse = compared(), compared("rmse")
    assert by_mae.deciding.name == "mae"
    assert "root mean squared error is" in by_rmse.verdict().sentence
    assert by_rmse.best_baseline() == min(by_rmse.baselines, key=lambda name: by_rmse.baselines[name]["rmse"])


def test_pictures_of_an_evaluation_and_a_backtest():
    evaluation = compared()
    figure = evaluation.plot(target="z")
    (axes,) = figure.axes
    names = {text.get_text() for text in figure.findobj(lambda o: hasattr(o, "get_text"))}
    assert {"observed", "this model", "last value", "exponential smoothing"} <= names
    drawn = next(line for line in axes.lines if line.get_label() == "this model").get_ydata()
    first = evaluation.forecasts["model"][-1, :, 1]
    np.testing.assert_allclose(drawn[-4:-1], first)
    with pytest.raises(SettingError, match="expected one of"):
        evaluation.plot(target="x")
    earlier = replace(
        evaluation, origins=evaluation.origins[:9], times=evaluation.times[:9], truth=evaluation.truth[:9],
        forecasts={name: values[:9] for name, values in evaluation.forecasts.items()},
    )  # fmt: skip
    (axes,) = Backtest([earlier, evaluation]).plot().axes
    assert len(next(line for line in axes.lines if line.get_label() == "this model").get_ydata()) >= 12
