"""Columns beside the targets: words, the calendar, what is fixed for a series."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.data import make_series
from seqwise.data.calendar import calendar_columns, calendar_values
from seqwise.data.covariates import Covariates
from seqwise.data.panels import panel_from_table
from seqwise.data.plain_tables import read_plain_table
from seqwise.data.series import series_from_table
from seqwise.data.tables import read_table

DAYS = np.datetime64("2024-02-27") + np.arange(8)
WIND = ["NW", "SE", None, "calm", "NW", "NW", "SE", "calm"]


def table(**columns):
    return pl.DataFrame({"day": DAYS, "y": np.arange(8.0), "wind": WIND} | columns)


def test_hours_weekdays_and_months_are_those_of_datetime():
    times = [datetime(2023, 12, 30, 22) + timedelta(hours=5 * i) for i in range(100)]
    found = calendar_values(["month", "weekday", "hour"], np.array(times, "M8[us]"))
    for row, time in zip(found, times, strict=True):
        begin = datetime(time.year, 1, 1)
        year = (time - begin) / (datetime(time.year + 1, 1, 1) - begin)
        expected = [math.sin(2 * math.pi * year), math.cos(2 * math.pi * year)]
        expected += [float(time.weekday() == day) for day in range(7)]
        expected += [math.sin(2 * math.pi * time.hour / 24), math.cos(2 * math.pi * time.hour / 24)]
        np.testing.assert_allclose(row, expected, atol=1e-9)
    assert found.shape[1] == len(calendar_columns(["month", "weekday", "hour"]))


def test_holidays_of_a_country_and_of_a_part():
    days = np.arange(np.datetime64("2024-12-20"), np.datetime64("2025-01-10")).astype("M8[us]")
    free = {str(day)[:10] for day in days[calendar_values(["holidays:DE"], days)[:, 0] == 1]}
    assert free == {"2024-12-25", "2024-12-26", "2025-01-01"}
    free = {str(day)[:10] for day in days[calendar_values(["holidays:DE-BY"], days)[:, 0] == 1]}
    assert "2025-01-06" in free  # Epiphany, in Bavaria
    with pytest.raises(sw.SettingError, match="knows no 'XX'"):
        sw.Forecaster(calendar=["holidays:XX"]).fit(table(), time="day", target="y")
    with pytest.raises(sw.SettingError, match=r"calendar holds 'weekdays'.*Did you mean 'weekday'"):
        sw.Forecaster(calendar=["weekdays"]).fit(table(), time="day", target="y")
    with pytest.raises(sw.SettingError, match="calendar needs rows with dates: name their column, time='day'"):
        make_series(table(), target="y", calendar=["weekday"])


@pytest.mark.parametrize("read", [read_table, lambda frame: read_plain_table(frame.to_dicts())], ids=["any", "plain"])
@pytest.mark.parametrize("gaps", ["interpolate", "mask"])
def test_words_become_columns_of_0_and_1(gaps, read):
    series = series_from_table(read(table()), target="y", time="day", features="wind", gaps=gaps)
    assert series.columns == ["y", "wind=NW", "wind=SE", "wind=calm"]
    words = np.array([word or "" for word in WIND])
    expected = np.stack([words == word for word in ("NW", "SE", "calm")], axis=1).astype(float)
    filled = np.array([0, 0.5, 0.5]) if gaps == "interpolate" else np.array([0, 1.0, 0])  # SE before it, calm after it
    expected[2] = filled
    np.testing.assert_array_equal(series.values[:, 1:], expected)
    assert series.observed is not None and not series.observed[2, 1:].any()
    assert sum("1 value(s) of 'wind' are missing" in warning for warning in series.warnings) == 1

    later = table(wind=["NW", "storm", "SE", "SE", "SE", "SE", "SE", "SE"])
    again = series_from_table(read(later), target="y", time="day", gaps=gaps, covariates=series.covariates)
    assert again.columns == series.columns
    assert again.values[1, 1:].tolist() == [0, 0, 0]
    assert "'wind' holds 'storm' on row 1, which was not there in training: 1 row(s)" in again.warnings[0]


def test_which_columns_are_words():
    mistyped = ["1", "2", "three", "4", "5", "6", "7", "8"]
    with pytest.raises(sw.DataError, match="must be numeric but holds text: 'three'"):
        make_series(table(wind=mistyped), target="y", time="day", features="wind")
    many = pl.DataFrame({"y": np.arange(60.0), "wind": [f"w{i}" for i in range(60)]})
    with pytest.raises(sw.DataError, match="'wind' holds 60 different words; a category has at most 50"):
        make_series(many, target="y", features="wind")
    with pytest.raises(sw.SettingError, match="'wind' is named twice"):
        make_series(table(), target="y", time="day", features="wind", future="wind")


def test_what_is_known_in_advance_comes_last():
    series = make_series(
        table(price=np.arange(8.0), heat=np.arange(8.0) ** 2), target="y", time="day", features="heat",
        future=["price", "wind"], calendar=["hour"],
    )  # fmt: skip
    names = ["y", "heat", "price", "wind=NW", "wind=SE", "wind=calm", "hour: sine", "hour: cosine"]
    assert series.columns == names
    assert series.covariates.known == 6
    saved = Covariates.from_dict(series.covariates.to_dict())
    assert saved == series.covariates


def test_a_static_column_holds_one_value_for_each_series():
    days = np.tile(DAYS[:4], 2)
    columns: dict[str, Any] = {
        "shop": ["a"] * 4 + ["b"] * 4,
        "day": days,
        "y": np.arange(8.0),
        "kind": ["x"] * 4 + ["z"] * 4,
    }
    keys: dict[str, Any] = {"series": "shop", "time": "day", "target": "y"}
    panel = panel_from_table(read_table(pl.DataFrame(columns)), **keys, static="kind")
    assert panel.columns == ["y", "kind=x", "kind=z"]
    assert panel.values[:, 1].tolist() == [1] * 4 + [0] * 4
    columns["kind"][5] = "x"
    with pytest.raises(sw.DataError, match=r"'kind' is static, but changes within the series 'b' \(1 series\)"):
        panel_from_table(read_table(pl.DataFrame(columns)), **keys, static="kind")
    assert date(2024, 2, 29) in pl.DataFrame(columns)["day"].to_list()
