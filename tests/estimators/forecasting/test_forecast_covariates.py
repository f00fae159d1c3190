"""Forecasts that read what is known in advance: the rows to come reach the network, and nothing else of them does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import seqwise as sw
from seqwise.data import make_series
from seqwise.data.panels import Panel, panel_from_table
from seqwise.data.tables import read_table
from seqwise.errors import BundleError
from seqwise.estimators.forecasting.ahead import future_rows, known_ahead, times_ahead
from seqwise.estimators.forecasting.cross_validation import cross_validate
from seqwise.estimators.forecasting.prediction import Prediction

WINDOW, HORIZON, ROWS = 8, 3, 60
BERLIN = "Europe/Berlin"
SMALL: dict[str, Any] = {
    "window": WINDOW, "horizon": HORIZON, "units": (4,), "epochs": 2, "patience": None, "season": 1, "validation": 9,
    "test": 6,
}  # fmt: skip


def shop(name="a", rows=ROWS, seed=0, size=1.0):
    rng = np.random.default_rng(seed)
    promo = (rng.random(rows) < 0.4).astype(float)
    heat = rng.normal(size=rows)
    sold = size * (10 + 5 * promo + np.roll(heat, 1) / 5)
    return pl.DataFrame(
        {"shop": name, "day": (np.datetime64("2024-01-01") + np.arange(rows)).astype("M8[us]"), "sold": sold,
         "promo": promo, "heat": heat, "wind": np.where(rng.random(rows) < 0.5, "NW", "SE"), "size": size}
    )  # fmt: skip


ONE = {"time": "day", "target": "sold", "past": ["heat"], "future": ["promo", "wind"]}
MANY = ONE | {"series": "shop", "static": ["size"]}
SHOPS = pl.concat([shop(), shop("b", 40, 1, 10.0), shop("c", 13, 2, 100.0), shop("d", 50, 3, 4.0)])


@pytest.fixture(scope="module")
def single():
    return sw.Forecaster(**SMALL, recipe="segments", calendar=["weekday"]).fit(shop(), **ONE)


@pytest.fixture(scope="module")
def panel():
    settings = SMALL | {"epochs": 12, "learning_rate": 0.02, "refit": False}
    return sw.Forecaster(**settings, recipe="skip").fit(SHOPS, **MANY)


def test_the_network_reads_the_rows_to_come(single):
    data = single.training_data(shop(), **ONE)
    series, scaler = single.series_, single.scaler_
    assert series.columns[:5] == ["sold", "heat", "promo", "wind=NW", "wind=SE"]
    scaled = scaler.transform(series.values)
    assert data.x["future"].shape == (data.samples, HORIZON, 3 + 7)
    for i in range(data.samples):
        origin = WINDOW + i
        np.testing.assert_array_equal(data.x["window"][i], scaled[origin - WINDOW : origin])
        np.testing.assert_array_equal(data.x["future"][i], scaled[origin : origin + HORIZON, 2:])
    # what is 0 or 1 is read as it is
    assert set(np.unique(data.x["future"][..., 1:])) == {0.0, 1.0}


def test_a_forecast_with_a_table_of_the_future_is_the_one_within_the_series(single):
    """What a later row holds is told by `future_df` or by the series itself: the forecast is the same."""
    origin = 45
    expected, low, high = single.forecast_at(np.array([origin]), 80)
    past, coming = shop()[:origin], shop()[origin : origin + HORIZON]
    future = coming.select("day", "wind", "promo").sample(fraction=1, shuffle=True, seed=0)
    found = single.predict(past, future_df=future, level=80)
    np.testing.assert_allclose(found["sold"], expected[0, :, 0], rtol=1e-6)
    np.testing.assert_allclose(found["sold-lo-80"], low[0, :, 0], rtol=1e-6)
    np.testing.assert_allclose(found["sold-hi-80"], high[0, :, 0], rtol=1e-6)
    # other things of the rows to come are not looked at, what is known of them is
    other = future.with_columns(promo=1 - pl.col("promo"))
    assert np.abs(single.predict(past, future_df=other)["sold"] - expected[0, :, 0]).min() > 1e-4


def test_many_series_with_a_table_of_the_future(panel):
    """Each series' forecast after its end is that of a test window in a panel that goes on."""
    kept = SHOPS.filter(pl.int_range(pl.len()).over("shop") < pl.len().over("shop") - HORIZON)
    coming = SHOPS.join(kept, on=["shop", "day"], how="anti")
    future = panel.future_frame(kept)
    assert future.columns == ["shop", "day", "promo", "wind"]
    assert future.select("shop", "day").equals(coming.select("shop", "day"))
    found = panel.predict(kept, future_df=coming.sample(fraction=1, shuffle=True, seed=1), level=80)
    assert found["shop"].to_list() == coming["shop"].to_list()
    comparison = panel.evaluate(SHOPS)  # the last window of a series that has a test set is what was forecast
    for name in ("a", "b", "d"):
        last = np.flatnonzero(np.array(comparison.series) == name)[-1]
        expected = comparison.forecasts["model"][last, :, 0]
        np.testing.assert_allclose(found.filter(pl.col("shop") == name)["sold"], expected, rtol=1e-5)
    static = panel.input_.scaler.transform(panel.panel_)[:, panel.input_.columns.index("size")]
    sizes = np.array([1.0, 10, 100, 4])
    expected = np.repeat((sizes - sizes.mean()) / sizes.std(), panel.panel_.lengths)
    np.testing.assert_allclose(static, expected, rtol=1e-5)


def test_what_is_known_in_advance_is_learned(panel):
    """A promotion raises sales by half: nothing of the past tells it."""
    told = panel.evaluate()
    assert told.metrics["mase"] < 0.5 * told.baselines["naive"]["mase"]


def test_missing_rows_to_come_are_named(single, panel):
    with pytest.raises(sw.DataError, match=r"needs 'promo', 'wind' of the rows to come, from 2024-03-01 to 2024-03-03"):
        single.predict()
    frame = single.future_frame().with_columns(promo=1.0, wind=pl.Series(["NW", None, "SE"]))
    with pytest.raises(
        sw.DataError, match=r"lacks 'wind' at 2024-03-02\. forecaster.future_frame\(\), or seqwise predict"
    ):
        single.predict(future_df=frame)
    whole = panel.future_frame().with_columns(promo=1.0, wind=pl.lit("NW"))
    with pytest.raises(sw.DataError, match=r"lacks 'promo', 'wind' at 2024-02-10 of 'b', "):
        panel.predict(future_df=whole.filter(pl.col("shop") != "b"))
    assert len(panel.predict(future_df=whole)) == 4 * HORIZON


def test_a_run_keeps_its_covariates(single, tmp_path):
    future = single.future_frame().with_columns(promo=1.0, wind=pl.lit("SE"))
    expected = single.predict(future_df=future)
    run = single.save(tmp_path / "run")
    assert not (run / "forecast.csv").exists()  # nobody knows the promotions to come
    assert "The forecast</h" not in (run / "report.html").read_text()
    loaded = sw.load(run)
    assert loaded.predict(future_df=future).equals(expected)
    assert loaded.evaluate(shop()).metrics == pytest.approx(single.evaluate().metrics)
    with pytest.raises(BundleError, match=r"reads columns of the rows to come \(future=, calendar=\)"):
        sw.load(run, backend="numpy")


def test_past_cutoffs_are_told_what_was_known(panel):
    sizes: dict[str, Any] = {"horizon": HORIZON, "n_windows": 1, "step_size": 1, "refit": False, "levels": []}
    found = cross_validate(panel.panel_, train=lambda past: panel, **sizes)
    ends = SHOPS.group_by("shop", maintain_order=True).tail(HORIZON)
    assert found["sold"].tolist() == ends["sold"].to_list()
    past = SHOPS.filter(pl.int_range(pl.len()).over("shop") < pl.len().over("shop") - HORIZON)
    expected = panel.predict(past, future_df=ends)["sold"]
    np.testing.assert_allclose(found["Forecaster"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "fit", "message"),
    [
        ({"return_sequences": True}, ONE, "return_sequences=True reads nothing of the rows to come"),
        ({}, ONE | {"static": "size"}, "static is for many series"),
        ({}, ONE | {"future": "heat"}, "'heat' is named twice"),
        ({"calendar": "weekday"}, ONE, "expected a list"),
    ],
)
def test_mistakes(settings, fit, message):
    with pytest.raises(sw.SettingError, match=message):
        sw.Forecaster(**SMALL | settings).fit(shop(), **fit)


def test_a_dict_has_neither_dates_nor_further_columns():
    series = {"a": np.arange(40.0)}
    with pytest.raises(sw.SettingError, match="future needs a long table"):
        sw.Forecaster(**SMALL).fit(series, future="promo")
    with pytest.raises(sw.SettingError, match="A dict of series has no dates"):
        sw.Forecaster(**SMALL, calendar=["hour"]).fit(series)
    with pytest.raises(sw.SettingError, match="leave future_df out"):
        known_ahead(make_series(shop(), target="sold", time="day", features="heat"), HORIZON, shop())


def zoned(freq, rows, kind):
    """Rows up to a change of the clocks in Berlin, and the horizon that lies across it."""
    times = pd.date_range("2024-03-31 01:00", periods=HORIZON, freq=freq, tz=BERLIN)
    times = pd.date_range(end=times[0], periods=rows + 1, freq=freq)[:-1].append(times)
    frame = shop(rows=rows + HORIZON).to_pandas().assign(day=times)
    frame = pl.from_pandas(frame) if kind == "polars" else frame
    return frame[:rows], frame[rows:]


@pytest.mark.parametrize(("freq", "kind"), [("h", "pandas"), ("D", "polars")])
def test_the_rows_to_come_have_the_time_zone(freq, kind, tmp_path):
    past, coming = zoned(freq, 40, kind)
    forecaster = sw.Forecaster(**SMALL | {"epochs": 1, "test": 0}, recipe="skip", calendar=["hour", "weekday"])
    forecaster.fit(past, **ONE | {"future": "promo"})
    due = list(coming["day"])
    forecaster.save(tmp_path / "run")
    for told in (forecaster, sw.load(tmp_path / "run")):
        frame = told.future_frame()
        assert list(frame["day"]) == due
        assert str(getattr(frame["day"].dtype, "tz", None) or frame["day"].dtype.time_zone) == BERLIN
        found = told.predict(future_df=coming)
        assert list(found["day"]) == due
        assert found["day"].dtype == frame["day"].dtype
    ahead = known_ahead(forecaster.series_, HORIZON, coming)
    assert ahead is not None
    np.testing.assert_array_equal(ahead[0, :, 0], coming["promo"])
    hours = 2 * np.pi * np.array([time.hour for time in due]) / 24
    np.testing.assert_allclose(ahead[0, :, 1:3], np.stack([np.sin(hours), np.cos(hours)], axis=1), atol=1e-9)
    assert ahead[0, :, 3:].argmax(axis=1).tolist() == [time.weekday() for time in due]
    # the same moments in another zone are the same rows; without a zone they are not known
    moved = pl.DataFrame(coming).with_columns(pl.col("day").dt.convert_time_zone("Asia/Tokyo"))
    np.testing.assert_array_equal(forecaster.predict(future_df=moved)["sold"], found["sold"])
    with pytest.raises(sw.DataError, match="have no time zone, and those of the training data have the zone Europe"):
        forecaster.predict(future_df=moved.with_columns(pl.col("day").dt.replace_time_zone(None)))


@pytest.mark.parametrize("freq", ["h", "D"])
def test_many_series_to_come_and_their_cutoffs_have_the_time_zone(freq):
    past, coming = (pd.concat([part, part.assign(shop="b")]) for part in zoned(freq, 40, "pandas"))
    roles: dict[str, Any] = {"series": "shop", "time": "day", "target": "sold", "future": "promo"}
    panel = panel_from_table(read_table(past), **roles, calendar=["hour"])
    due = coming["day"].tolist()
    rows = future_rows(panel, HORIZON)
    assert rows["day"].tolist() == due
    ahead = known_ahead(panel, HORIZON, coming.sample(frac=1, random_state=0))
    assert ahead is not None
    np.testing.assert_array_equal(ahead[..., 0].ravel(), coming["promo"])
    phase = 2 * np.pi * np.array([time.hour for time in due]) / 24
    np.testing.assert_allclose(ahead[..., 1].ravel(), np.sin(phase), atol=1e-9)

    class Zeros:
        horizon = HORIZON

        def _forecast_after(self, known, levels, ahead):
            values = np.zeros((len(known) if isinstance(known, Panel) else 1, HORIZON, 1))
            return Prediction(times_ahead(known, HORIZON), values, HORIZON)

    sizes: dict[str, Any] = {"horizon": HORIZON, "n_windows": 1, "step_size": 1, "refit": False, "levels": []}
    whole = pd.concat([past, coming])
    known = panel_from_table(read_table(whole), **roles)
    one = make_series(whole[whole["shop"] == "b"], time="day", target="sold", future="promo")
    for data, count in ((known, 2), (one, 1)):
        found = cross_validate(data, train=lambda past: Zeros(), **sizes)
        assert found["day"].tolist() == due[: count * HORIZON]
        assert found["cutoff"].tolist() == [past["day"].iloc[39]] * count * HORIZON
