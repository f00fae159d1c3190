"""Intervals: their definition, their coverage, their columns; and forecasts from past cutoffs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from safetensors.numpy import save_file

import seqwise as sw
from seqwise.estimators.forecasting.interval_scores import QUANTILE_LEVELS, interval_scores
from seqwise.estimators.forecasting.intervals import Intervals

SMALL: dict[str, Any] = {
    "window": 8,
    "horizon": 3,
    "units": (4,),
    "epochs": 2,
    "patience": None,
    "season": 1,
    "refit": True,
}


def changed(**settings: Any) -> dict[str, Any]:
    return SMALL | settings


def noisy(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(rows) / 4) + rng.normal(size=rows) / 4


@pytest.fixture(scope="module")
def fitted():
    return sw.Forecaster(**SMALL).fit(noisy())


def usual(errors, spread):
    """The line from spread to error by NumPy's least squares, its slope at least 0 and its foot at least 5 %."""
    slope = np.clip(np.polyfit(spread, errors, 1)[0], 0, 0.95 * errors.mean() / spread.mean())
    return errors.mean() + slope * (spread - spread.mean())


def test_widths_are_the_order_statistics_of_split_conformal_prediction():
    rng = np.random.default_rng(0)
    past = rng.normal(size=(39, 5, 1)) * rng.uniform(0.2, 2, size=(39, 1, 1))
    truth, forecast = rng.normal(size=(39, 2, 1)) * past.std(axis=1)[:, None], np.zeros((39, 2, 1))
    spread, errors = past.std(axis=1)[:, 0], np.abs(truth)[:, :, 0]
    found = Intervals.fit(truth, forecast, past, None)
    levels = {80: 32, 95: 38, 50: 20, 99: 39}  # ⌈40 · level⌉ of 39, the largest at most
    widths = found.half_widths(past[3:4], list(levels))
    for width, rank in zip(widths, levels.values(), strict=True):
        for step in range(2):
            line = usual(errors[:, step], spread)
            expected = np.sort(errors[:, step] / line)[rank - 1] * line[3]
            np.testing.assert_allclose(width[0, step, 0], expected, rtol=1e-5)
    weights = np.ones((39, 2))
    weights[:20, 1] = 0  # missing targets count for nothing
    part = Intervals.fit(truth, forecast, past, weights)
    line = usual(errors[20:, 1], spread[20:])
    expected = np.sort(errors[20:, 1] / line)[16 - 1]  # ⌈20 · 0.8⌉ of 19
    np.testing.assert_allclose(part.half_widths(past[30:31], [80])[0, 0, 1, 0], expected * line[10], rtol=1e-5)


def test_a_run_keeps_errors_that_are_missing(tmp_path):
    errors = np.random.default_rng(5).normal(size=(20, 2, 1)).astype(np.float32)
    weights = np.ones((20, 2))
    weights[3, 1] = 0
    intervals = Intervals.fit(errors, 0 * errors, np.ones((20, 4, 1)), weights)
    save_file(intervals.save(), tmp_path / "context.safetensors")
    loaded = Intervals.load(tmp_path / "context.safetensors", 2, 1)
    assert loaded is not None and loaded.half_life == np.inf
    np.testing.assert_array_equal(loaded.scores, intervals.scores)
    with pytest.raises(sw.BundleError, match=r"does not hold the errors of 3 steps of 1 target"):
        Intervals.load(tmp_path / "context.safetensors", 3, 1)
    save_file(intervals.save() | {"interval_rows": np.arange(20) * 10**9}, tmp_path / "context.safetensors")
    with pytest.raises(sw.BundleError, match=r"does not hold the errors of 2 steps of 1 target"):
        Intervals.load(tmp_path / "context.safetensors", 2, 1)


def level(errors, rows, row, half_life):
    """The root of the mean size of what is known at a row, each less by its age; one forecast's worth counts as 1."""
    sizes, weights = float(errors[0].size), float(errors[0].size)
    for own, first in zip(errors, rows, strict=True):
        for step, error in enumerate(own.ravel()):
            if first + step < row and not np.isnan(error):
                weight = 0.5 ** ((row - 1 - first - step) / (half_life / 4))
                sizes, weights = sizes + weight * abs(error), weights + weight
    return (sizes / weights) ** 0.5


def test_later_errors_count_once_they_are_known_and_old_ones_less():
    """Against weighted quantiles of errors relative to the level before them, written as a loop over the errors."""
    rng = np.random.default_rng(3)
    errors, past = rng.normal(size=(60, 2, 1)) * np.linspace(3, 1, 60)[:, None, None], np.ones((60, 4, 1))
    errors[7, 1] = np.nan
    rows = np.concatenate([np.arange(-64, -32), np.arange(-30, -2)])  # 32 in validation; the data end at 0
    intervals = Intervals.fit(errors[:32], 0 * errors[:32], past[:32], None, rows[:32], until=-30, half_life=10)
    intervals = intervals.add(errors[32:], 0 * errors[32:], past[32:], None, rows[32:])
    levels = [level(intervals.scores, rows, row, 10) for row in rows]
    np.testing.assert_allclose(intervals.level(rows), levels)
    relative = np.abs(intervals.scores[..., 0]) / np.array(levels)[:, None]
    for row, now in ((-40, -30), (-30, -30), (-15, -15), (-1, -1), (7, 0)):
        for step in range(2):
            known = [i for i in range(60) if rows[i] + step < now and not np.isnan(errors[i, step])]
            weights = [0.5 ** ((max(rows[known]) - rows[i]) / 10) for i in known]
            found, total = 0.0, 0.0
            for size, weight in sorted(zip(relative[known, step], weights, strict=True)):
                total, found = total + weight, size
                if total >= 0.8 * (sum(weights) + 1):
                    break
            width = intervals.half_widths(past[:1], [80], np.array([row]))[0, 0, step, 0]
            expected = found * level(intervals.scores, rows, now, 10) * intervals.usual_error(past[:1])[0, step, 0]
            np.testing.assert_allclose(width, expected, rtol=1e-6)


@pytest.mark.parametrize("calmer", [1.0, 0.4])
def test_intervals_cover_what_they_say(calmer):
    """With independent errors, the same throughout, or calmer from the test set on, after some half-lives."""
    rng = np.random.default_rng(1)
    past, errors = rng.normal(size=(4000, 6, 1)), rng.standard_t(4, size=(4000, 1, 1))
    rows = np.arange(-4000, 0)
    errors[2000:] *= calmer
    one, two, late = slice(0, 2000), slice(2000, None), slice(3000, None)
    intervals = Intervals.fit(errors[one], 0 * errors[one], past[one], None, rows[one], -2000, half_life=300)
    truth, zeros = errors[late], 0 * errors[late]
    before = interval_scores(truth, zeros, intervals.bounds(zeros, past[late], QUANTILE_LEVELS))
    intervals = intervals.add(errors[two], 0 * errors[two], past[two], None, rows[two])
    found = interval_scores(truth, zeros, intervals.bounds(zeros, past[late], QUANTILE_LEVELS, rows[late]))
    assert found["coverage"]["80"] == pytest.approx(80, abs=4)
    assert found["coverage"]["95"] == pytest.approx(95, abs=2)
    assert (before["coverage"]["80"] < 84) == (calmer == 1)
    assert calmer == 1 or found["crps"] < before["crps"]


def test_the_crps_is_that_of_the_normal_distribution():
    """Against its closed form (Gneiting & Raftery 2007), for truth that the distribution describes."""
    from scipy.stats import norm

    rng = np.random.default_rng(2)
    truth, mean = rng.normal(size=(20_000, 1)), np.zeros((20_000, 1))
    halves = [norm.ppf(0.5 + level / 200) + 0 * mean for level in QUANTILE_LEVELS]
    found = interval_scores(truth, mean, [*(-h for h in reversed(halves)), *halves])["crps"]
    exact = (truth * (2 * norm.cdf(truth) - 1) + 2 * norm.pdf(truth) - 1 / np.sqrt(np.pi)).mean()
    assert found == pytest.approx(exact, rel=0.01)


def test_columns_are_nixtlas_and_nest(fitted):
    table = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=300), "y": noisy()})
    forecaster = sw.Forecaster(**SMALL).fit(table, time="t", target="y")
    forecast = forecaster.predict(level=[95, 80])
    assert list(forecast) == ["t", "y", "y-lo-95", "y-lo-80", "y-hi-80", "y-hi-95"]
    assert (np.diff(forecast[["y-lo-95", "y-lo-80", "y", "y-hi-80", "y-hi-95"]], axis=1) > 0).all()
    np.testing.assert_allclose(forecast["y"], fitted.predict()[:, 0])
    with pytest.raises(sw.SettingError, match="level=180: expected percent between 0 and 100"):
        forecaster.predict(level=180)
    with pytest.raises(sw.SettingError, match=r"fit with validation=0\.2"):
        sw.Forecaster(**changed(epochs=1), validation=0).fit(noisy()).predict(level=80)


def test_intervals_come_from_weights_that_never_saw_validation(fitted, tmp_path):
    """The refit model has seen it; its errors there are those of the run without a refit."""
    kept: Any = sw.Forecaster(**changed(refit=False)).fit(noisy())
    until = fitted.intervals_.until
    for one in (fitted, kept):
        assert one.intervals_.rows.max() == -3 and (one.intervals_.rows >= until).any()  # errors in the test set, too
    early = fitted.intervals_.rows < until
    np.testing.assert_allclose(fitted.intervals_.scores[early], kept.intervals_.scores[early], rtol=1e-5)
    fitted.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(tmp_path / "run").predict(level=80), fitted.predict(level=80))
    found = fitted.evaluate()
    assert sw.load(tmp_path / "run").evaluate(noisy()).intervals == found.intervals
    assert 50 < found.intervals["coverage"]["80"] < found.intervals["coverage"]["95"] <= 100
    assert found.to_dict()["intervals"] == found.intervals
    assert "the 80 % intervals cover" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_fit_that_fails_at_its_end_leaves_the_earlier_intervals(fitted, monkeypatch):
    def failing(*arguments: Any) -> None:
        raise OSError("in the second training")

    again = sw.Forecaster(**SMALL).fit(noisy())
    with monkeypatch.context() as patch:
        patch.setattr("seqwise.training.loop._fit_again", failing)
        with pytest.raises(OSError, match="in the second training"):
            again.set_params(units=(5,)).fit(noisy(seed=1))
    np.testing.assert_array_equal(again.predict(level=80), fitted.predict(level=80))


def test_a_figure_has_a_band_for_each_level(fitted):
    axes = fitted.plot(level=[80, 95]).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert {"80 % interval", "95 % interval", "observed"} <= set(labels)
    low, high = fitted.predict(level=80)[:, 1:].T
    band = axes.collections[1].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([band.min(), band.max()], [low.min(), high.max()])


def test_cross_validation_of_one_series_is_forecasts_from_its_heads():
    y = noisy(120)
    table = pl.DataFrame({"t": np.arange(120), "y": y})
    settings = changed(epochs=1)
    found = sw.Forecaster(**settings).cross_validation(table, time="t", target="y", n_windows=2, step_size=5, level=80)
    assert found.columns == ["unique_id", "t", "cutoff", "y", "Forecaster", "Forecaster-lo-80", "Forecaster-hi-80"]
    assert found["cutoff"].to_list() == [111] * 3 + [116] * 3
    assert found["t"].to_list() == [112, 113, 114, 117, 118, 119]
    np.testing.assert_array_equal(found["y"], y[found["t"].to_numpy()])
    for cutoff in (111, 116):
        alone = sw.Forecaster(**settings, test=0).fit(table[: cutoff + 1], time="t", target="y").predict()
        np.testing.assert_allclose(found.filter(pl.col("cutoff") == cutoff)["Forecaster"], alone["y"], rtol=1e-6)


def test_cross_validation_of_many_series():
    parts = [pl.DataFrame({"unique_id": n, "ds": np.arange(k), "y": noisy(k)}) for n, k in (("a", 50), ("b", 70))]
    table = pl.concat(parts)
    found = sw.Forecaster(**changed(epochs=1)).cross_validation(table, n_windows=2, refit=False)
    assert found.columns == ["unique_id", "ds", "cutoff", "y", "Forecaster"]
    assert len(found) == 12
    truth = found.join(table, on=["unique_id", "ds"], how="left", suffix="_known", maintain_order="left")
    np.testing.assert_array_equal(truth["y"], truth["y_known"])
    assert (found["ds"] - found["cutoff"]).to_list() == [1, 2, 3] * 4
