"""Forecasts beyond the trained horizon, and sample paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.cli.tasks.forecast import predict
from seqwise.estimators.forecasting.distributions import DISTRIBUTIONS
from seqwise.estimators.forecasting.intervals import Intervals
from seqwise.estimators.forecasting.sampling import SamplePaths

SMALL: dict[str, Any] = {"window": 8, "horizon": 3, "units": (4,), "epochs": 1, "season": 1, "refit": False}
RNG = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "day": np.datetime64("2024-01-01") + np.arange(90),
        "promo": (RNG.random(90) < 0.3).astype(float),
        "heat": RNG.normal(size=90),
        "sold": 10 + RNG.normal(size=90),
    }
)


@pytest.fixture(scope="module")
def plain():
    return sw.Forecaster(**SMALL).fit(TABLE["sold"].to_numpy())


def test_later_steps_are_forecast_from_forecasts(plain):
    values = TABLE["sold"].to_numpy()
    first = plain.predict()
    second = plain.predict(np.concatenate([values, first[:, 0]]))
    sixth = np.concatenate([first, second])
    third = plain.predict(np.concatenate([values, sixth[:5, 0]]))  # the last block ends with the last step
    np.testing.assert_allclose(plain.predict(horizon=8), np.concatenate([sixth, third[1:]]), rtol=1e-5)
    np.testing.assert_array_equal(plain.predict(horizon=2), first[:2])
    with pytest.raises(sw.SettingError, match="horizon=0: expected how many rows to forecast"):
        plain.predict(horizon=0)
    with pytest.raises(sw.SettingError, match=r"horizon=1000000000: at most 30,000 rows are forecast by recursion"):
        plain.predict(horizon=10**9)
    with pytest.raises(sw.SettingError, match="leave level and quantiles out, or train with horizon=4"):
        plain.predict(horizon=4, level=80)


def test_later_steps_are_marked_and_need_what_is_known_in_advance(tmp_path):
    forecaster = sw.Forecaster(**SMALL, calendar=["weekday"]).fit(TABLE, time="day", target="sold", future=["promo"])
    rows = forecaster.future_frame(horizon=5)
    rows = rows.with_columns(promo=pl.Series([1.0, 0.0, 0.0, 1.0, 1.0]))
    forecast = forecaster.predict(horizon=5, future_df=rows)
    assert forecast.columns == ["day", "sold", "recursive"]
    assert forecast["recursive"].to_list() == [False] * 3 + [True] * 2
    assert forecast["day"].to_list() == rows["day"].to_list()
    longer = pl.concat(
        [TABLE, rows[:2].with_columns(pl.col("day").cast(pl.Date), heat=0.0, sold=forecast["sold"][:2])], how="diagonal"
    )
    again = forecaster.predict(longer.select(TABLE.columns), future_df=rows[2:])
    np.testing.assert_allclose(again["sold"][1:], forecast["sold"][3:], rtol=1e-5)
    with pytest.raises(sw.DataError, match="lacks 'promo' at 2024-04-03, 2024-04-04"):
        forecaster.predict(horizon=5, future_df=rows[:3])
    rows.write_csv(tmp_path / "rows.csv")  # what `seqwise predict RUN --horizon 5 --future rows.csv --out out.csv` does
    predict(forecaster, None, tmp_path / "out.csv", future=str(tmp_path / "rows.csv"), horizon=5)
    np.testing.assert_allclose(pl.read_csv(tmp_path / "out.csv")["sold"], forecast["sold"], rtol=1e-5)


def test_a_model_that_reads_another_past_has_no_later_steps():
    forecaster = sw.Forecaster(**SMALL).fit(TABLE, time="day", target="sold", past=["heat"])
    with pytest.raises(sw.SettingError, match=r"also reads 'heat', whose rows to come are not known: train with hor"):
        forecaster.predict(horizon=4)


def test_later_steps_and_paths_of_many_series():
    data = {"a": TABLE["sold"].to_numpy(), "b": 100 * TABLE["sold"].to_numpy()[:60]}
    forecaster = sw.Forecaster(**SMALL).fit(data)
    later = forecaster.predict(horizon=5)
    first = forecaster.predict()
    longer = {name: np.concatenate([values, later[name][:2]]) for name, values in data.items()}
    again = forecaster.predict(longer)
    for name in data:
        np.testing.assert_array_equal(later[name][:3], first[name])
        np.testing.assert_allclose(again[name][1:], later[name][3:], rtol=1e-5)
    paths = forecaster.sample(num_samples=4)
    assert paths.columns == ["series", "step", "sample", "y"]
    assert paths["sample"].to_list() == np.repeat(np.arange(4), 6).tolist()
    assert paths["series"].to_list() == (["a"] * 3 + ["b"] * 3) * 4
    assert paths.filter(pl.col("series") == "b")["y"].min() > 300


def test_paths_are_the_forecast_and_the_errors_of_one_window(plain):
    """With a plain loss, each path less the forecast is a row of the errors, at the size of now."""
    paths = plain.sample(num_samples=50)
    assert paths.shape == (50, 3, 1)
    np.testing.assert_array_equal(paths, plain.sample(num_samples=50))
    assert not np.array_equal(paths, plain.sample(num_samples=50, seed=1))
    errors = plain.intervals_
    past = plain.scaler_.transform(plain.series_.values[-8:])[None]
    scaled = (paths - plain.predict())[..., 0] / plain.scaler_.scale_[0]
    known = (errors.relative * errors.level(np.array([0])) * errors.usual_error(past)[0])[..., 0]
    assert np.abs(scaled[:, None] - known[None]).max(axis=2).min(axis=1).max() < 1e-4
    with pytest.raises(sw.SettingError, match="Paths come from the errors in validation"):
        sw.Forecaster(**SMALL, validation=0).fit(TABLE["sold"].to_numpy()).sample()


def test_paths_of_a_distribution_have_its_quantiles_and_hang_together():
    """The margins are the distribution's; steps go up and down together as the errors do."""
    rng = np.random.default_rng(2)
    errors = np.cumsum(rng.normal(size=(400, 3, 1)), axis=1)
    intervals = Intervals.fit(errors, 0 * errors, np.ones((400, 4, 1)), None)
    outputs = np.tile(np.array([2.0, 0.5], np.float32), (1, 3, 1))
    paths = SamplePaths(intervals, DISTRIBUTIONS["gaussian"], rng).bounds(outputs, np.ones((1, 4, 1)), range(4000))
    drawn = np.stack(paths)[:, 0, :, 0]
    for share in (0.1, 0.5, 0.9):
        exact = DISTRIBUTIONS["gaussian"].quantile(outputs, share)[0, :, 0]
        np.testing.assert_allclose(np.quantile(drawn, share, axis=0), exact, atol=0.12)
    together = np.corrcoef(drawn.T)
    np.testing.assert_allclose([together[0, 1], together[1, 2]], [2**-0.5, 1.5**-0.5], atol=0.08)
