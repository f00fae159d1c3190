"""The baselines against loops and against statsmodels itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel

from seqwise.baselines.lags import BoostedLags, LinearLags
from seqwise.baselines.series import BASELINES, ExponentialSmoothing, LastSeason, LastValue
from seqwise.baselines.theta import Theta

HORIZON = 8


def ets(values, origins, horizon, season, fit_rows):
    return ExponentialSmoothing(horizon, season).fit(values[:fit_rows]).predict(values, origins)


def test_naive_and_seasonal_naive_against_loops():
    values = np.random.default_rng(0).normal(size=(40, 2))
    origins = np.array([1, 3, 5, 17, 30])
    for season in (1, 3, 5, 12):
        naive = LastValue(HORIZON).fit(values).predict(values, origins)
        seasonal = LastSeason(HORIZON, season).fit(values).predict(values, origins)
        for i, origin in enumerate(origins):
            for step in range(HORIZON):
                source = origin + step
                while source >= origin:  # the latest row of the same phase that is known
                    source -= season
                expected = values[source] if source >= 0 else values[origin - 1]
                np.testing.assert_array_equal(seasonal[i, step], expected)
                np.testing.assert_array_equal(naive[i, step], values[origin - 1])


def airline_like(kind, rows=96):
    rng = np.random.default_rng(4)
    t = np.arange(rows)
    cycle = np.sin(2 * np.pi * t / 12)
    if kind == "seasonal":
        return 50 + 5 * cycle + rng.normal(size=rows) * 0.3
    if kind == "trend":
        return -20 + t * 0.5 + rng.normal(size=rows)
    if kind == "level":
        return rng.normal(size=rows) * 3
    return np.exp(2 + t / 60 + 0.2 * cycle + rng.normal(size=rows) * 0.02)  # multiplicative


def statsmodels_forecast(past, whole, season, logged, horizon=HORIZON):
    """Statsmodels' own way: fit every form on `past`, take the best AIC, smooth `whole`, ask for its forecast."""
    transform, back = (np.log, np.exp) if logged else (np.asarray, np.asarray)
    best: Any = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seasonal in (None, "add") if season > 1 else (None,):
            for trend, damped in ((None, False), ("add", False), ("add", True)):
                form = {"trend": trend, "damped_trend": damped, "seasonal": seasonal, "error": "add"}
                form |= {"seasonal_periods": season if seasonal else None, "initialization_method": "heuristic"}
                fitted: Any = ETSModel(transform(past), **form).fit(disp=False)
                if best is None or fitted.aic < best[1].aic:
                    best = form, fitted
        form, fitted = best
        smoothed: Any = ETSModel(transform(whole), **form).smooth(fitted.params)
        return form, back(smoothed.forecast(horizon))


@pytest.mark.parametrize(
    ("kind", "season", "logged", "expected"),
    [
        ("seasonal", 12, False, {"seasonal": "add"}),
        ("trend", 1, False, {"trend": "add"}),
        ("level", 1, False, {"trend": None, "seasonal": None}),
        ("multiplicative", 12, True, {"trend": "add", "seasonal": "add"}),
    ],
)
def test_ets_equals_statsmodels_forecast_at_every_origin(kind, season, logged, expected):
    series = airline_like(kind)
    fit_rows = 72
    origins = np.array([fit_rows, fit_rows + 1, fit_rows + 7, len(series) - HORIZON])
    ours = ets(series[:, None], origins, HORIZON, season, fit_rows)
    assert ours.shape == (len(origins), HORIZON, 1)
    for i, origin in enumerate(origins):
        form, theirs = statsmodels_forecast(series[:fit_rows], series[:origin], season, logged)
        assert {k: form[k] for k in expected} == expected
        np.testing.assert_allclose(ours[i, :, 0], theirs, rtol=1e-9)


def test_each_target_has_its_own_smoothing():
    both = np.stack([airline_like("trend"), airline_like("level")], axis=1)
    origins = np.array([80, 85])
    together = ets(both, origins, 3, 1, 80)
    for j in range(2):
        np.testing.assert_array_equal(together[..., j], ets(both[:, [j]], origins, 3, 1, 80)[..., 0])


def test_no_baseline_sees_its_future():
    series = airline_like("seasonal")[:, None]
    origins = np.array([72, 75, 80])
    changed = series.copy()
    changed[80:] = 1e3
    for forecast in (
        lambda v: LastValue(HORIZON).predict(v, origins),
        lambda v: LastSeason(HORIZON, 12).predict(v, origins),
        lambda v: ets(v, origins, HORIZON, 12, 72),
    ):
        np.testing.assert_array_equal(forecast(series), forecast(changed))
    changed = series.copy()
    changed[79] += 5  # the last row that the last origin sees, after the parameters were fitted
    for forecast in (
        lambda v: LastValue(HORIZON).predict(v, origins),
        lambda v: ets(v, origins, HORIZON, 12, 72),
    ):
        before, after = forecast(series), forecast(changed)
        np.testing.assert_array_equal(before[:2], after[:2])
        assert (before[2] != after[2]).all()


@pytest.mark.parametrize("rows", [1, 2, 4, 9])
def test_ets_of_a_very_short_past_is_still_a_forecast(rows):
    values = np.arange(1.0, 30)[:, None] ** 0.5
    found = ets(values, np.array([rows, rows + 3]), 4, 12, rows)
    assert found.shape == (2, 4, 1)
    assert np.isfinite(found).all()


def test_ets_of_a_constant_past_repeats_it():
    values = np.full((40, 1), 3.0)
    values[30:] = 5
    np.testing.assert_allclose(ets(values, np.array([25]), 4, 1, 25), 3)


def test_every_baseline_has_a_name_of_its_own():
    assert len({baseline.name for baseline in BASELINES.values()}) == len(BASELINES)


@pytest.mark.parametrize(("kind", "season"), [("seasonal", 12), ("trend", 1), ("multiplicative", 12)])
def test_theta_equals_statsmodels(kind, season):
    series, rows, later = airline_like(kind), 80, 87
    known = ThetaModel(series[:rows], period=season, deseasonalize=season > 1, use_test=False).fit()
    found = Theta(HORIZON, season).fit(series[:rows, None]).predict(series[:, None], np.array([rows, later]))
    np.testing.assert_allclose(found[0, :, 0], known.forecast(HORIZON), rtol=1e-9)
    if season == 1:  # later the level is that of all rows, smoothed as pandas does
        slope, alpha = (float(np.asarray(known.params[name])) for name in ("b0", "alpha"))
        level = pd.Series(series[:later]).ewm(alpha=alpha, adjust=False).mean().iloc[-1]
        drift = slope / 2 * (np.arange(HORIZON) + 1 / alpha - (1 - alpha) ** later / alpha)
        np.testing.assert_allclose(found[1, :, 0], level + drift, rtol=1e-9)


def test_theta_of_a_constant_repeats_it():
    values = np.ones((40, 1))
    np.testing.assert_array_equal(Theta(3, 1).fit(values[:30]).predict(values, np.array([30])), np.ones((1, 3, 1)))


@pytest.mark.parametrize("kind", [LinearLags, BoostedLags])
def test_regressions_on_lags_see_the_past_alone_and_learn_a_cycle(kind):
    """A cycle of seven rows, its height drawn anew for each target: the last season alone does not tell the trend."""
    t = np.arange(160)
    values = np.stack([10 + np.sin(2 * np.pi * t / 7), 100 + t * 0.5 + 5 * np.cos(2 * np.pi * t / 7)], axis=1)
    origins = np.arange(120, 150)
    found = kind(3, 7).fit(values[:120]).predict(values, origins)
    truth = values[origins[:, None] + np.arange(3)]
    spread = np.abs(truth - values[origins - 1][:, None]).mean(axis=(0, 1))
    assert (np.abs(found - truth).mean(axis=(0, 1)) < spread * (0.01 if kind is LinearLags else 0.2)).all()
    spoilt = values.copy()
    spoilt[origins[0] :] = 0  # what comes after an origin is not looked at
    again = kind(3, 7).fit(values[:120]).predict(spoilt, origins[:1])
    np.testing.assert_array_equal(again[0], found[0])


@pytest.mark.parametrize("kind", [LinearLags, BoostedLags, Theta])
def test_too_short_a_past_repeats_the_last_value(kind):
    values = np.arange(6.0)[:, None]
    found = kind(4, 1).fit(values[:3]).predict(values, np.array([3]))
    np.testing.assert_array_equal(found[0, :, 0], [2] * 4)
