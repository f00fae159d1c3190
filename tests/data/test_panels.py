"""Many series of a long table, each beside what pandas makes of it alone."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import seqwise as sw
from seqwise.data import panels, read_table
from seqwise.data.panels import panel_from_arrays, panel_from_table
from seqwise.estimators.forecasting.preparation import prepare
from seqwise.estimators.forecasting.reading import ColumnRoles


def long_table(seed=0):
    """Three series of days, of unequal lengths and begins, with gaps; rows in any order."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, begin, rows in (("b", "2024-01-05", 12), ("a", "2024-02-01", 7), ("c", "2023-12-24", 9)):
        frame = pd.DataFrame({"ds": pd.date_range(begin, periods=rows), "y": rng.normal(size=rows), "x": 1.0 * rows})
        frame.insert(0, "unique_id", name)
        parts.append(frame)
    table = pd.concat(parts, ignore_index=True)
    table = table.drop(index=[3, 4, 20])
    table.loc[[8, 15], "y"] = np.nan
    return table.sample(frac=1, random_state=1)


@pytest.mark.parametrize("gaps", ["interpolate", "mask"])
def test_each_series_is_what_pandas_makes_of_it(gaps):
    table = long_table()
    columns: dict[str, Any] = {"series": "unique_id", "time": "ds", "target": "y"}
    panel = panel_from_table(read_table(table), **columns, features="x", gaps=gaps)
    assert panel.columns == ["y", "x"]
    assert panel.names.tolist() == table["unique_id"].unique().tolist()
    for s, name in enumerate(panel.names):
        alone: Any = table[table["unique_id"] == name].set_index("ds")["y"].sort_index()
        alone = alone[alone.first_valid_index() : alone.last_valid_index()].asfreq("D")
        filled = alone.interpolate("linear") if gaps == "interpolate" else alone.ffill()
        one = panel.one(s)
        np.testing.assert_allclose(one.values[:, 0], filled, rtol=1e-12)
        np.testing.assert_array_equal(one.times, alone.index.to_numpy().astype("M8[us]"))
        seen = np.ones(len(alone), bool) if one.observed is None else one.observed[:, 0]
        np.testing.assert_array_equal(seen, alone.notna())
    assert any("absent" in warning for warning in panel.warnings)


def test_more_rows_are_not_invented_than_there_are():
    days = pd.date_range("2024-01-01", periods=12)
    table = pd.DataFrame({"unique_id": ["a"] * 12 + ["b"] * 12, "ds": [*days, *days], "y": np.arange(24.0)})
    table.loc[23, "ds"] = pd.Timestamp("2204-01-12")  # mistyped
    columns: dict[str, Any] = {"series": "unique_id", "time": "ds", "target": "y"}
    with pytest.raises(sw.DataError, match=r"'b' has 12 rows, and 65,7\d\d between them are absent at a step of 1 day"):
        panel_from_table(read_table(table), **columns, gaps="interpolate")
    assert panel_from_table(read_table(table), **columns, gaps="mask").lengths[1] > 65_000


@pytest.mark.parametrize("order", ["shuffled", "by series and time", "each series from its last row on"])
@pytest.mark.parametrize("block", [1, 10, panels.BLOCK])
def test_the_order_of_rows_and_the_size_of_blocks_do_not_matter(order, block, monkeypatch):
    """In any order each series is the same; what lies together already is not sorted."""
    monkeypatch.setattr(panels, "BLOCK", block)
    table = long_table()
    if order != "shuffled":
        table = table.sort_values(["unique_id", "ds"], ascending=[True, order == "by series and time"])
    assert (read_table(table).together("unique_id") is None) == (order == "shuffled")
    columns: dict[str, Any] = {"series": "unique_id", "time": "ds", "target": "y", "features": "x"}
    panel = panel_from_table(read_table(table), **columns)
    for s, name in enumerate(panel.names):
        alone: Any = table[table["unique_id"] == name].set_index("ds")["y"].sort_index()
        alone = alone[alone.first_valid_index() : alone.last_valid_index()].asfreq("D").interpolate("linear")
        np.testing.assert_allclose(panel.one(s).values[:, 0], alone, rtol=1e-12)
        np.testing.assert_array_equal(panel.one(s).times, alone.index.to_numpy().astype("M8[us]"))


def test_a_table_of_whole_series_is_not_copied():
    """A column of polars cannot change: it is read where it lies. One of pandas is copied."""
    frame = pl.DataFrame({"id": np.repeat([3, 1, 2], 4), "t": np.tile(np.arange(4), 3), "y": np.arange(12.0)})
    panel = panel_from_table(read_table(frame), series="id", time="t", target="y")
    assert panel.names.tolist() == [3, 1, 2] and panel.lengths.tolist() == [4, 4, 4]
    assert np.shares_memory(panel.values, frame["y"].to_numpy())
    own = np.arange(12.0)
    changing = pd.DataFrame({"id": frame["id"].to_numpy(), "t": frame["t"].to_numpy(), "y": own}, copy=False)
    panel = panel_from_table(read_table(changing), series="id", time="t", target="y")
    own *= 2
    assert panel.values[:, 0].tolist() == list(range(12))


def test_many_series_take_little_memory_beside_their_table(monkeypatch):
    """From the table to the windows of all parts: half of its own memory at most, whatever the number of series."""
    monkeypatch.setattr(panels, "BLOCK", 5000)
    days = np.datetime64("2024-01-01", "us") + np.arange(100).astype("m8[D]")
    frame = pl.DataFrame({"unique_id": np.repeat(np.arange(8000), 100), "ds": np.tile(days, 8000), "y": 1.0})
    tracemalloc.start()
    try:
        data = prepare(sw.Forecaster(24, 6), frame, ColumnRoles())
        windows = [data.batches(part).indices for part in ("train", "validation", "refit")]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(map(len, windows)) == 8000 * 125
    assert peak < 0.5 * frame.estimated_size()


def test_series_may_lie_between_the_steps_of_others():
    """Weeks that begin on Mondays beside weeks that begin on Thursdays, and month ends."""
    monday, thursday = (
        pd.date_range("2024-01-01", periods=6, freq="7D"),
        pd.date_range("2024-01-04", periods=5, freq="7D"),
    )
    table = pl.DataFrame(
        {"id": [1] * 6 + [2] * 5, "t": [*monday, *thursday], "y": np.arange(11.0)}, schema_overrides={"id": pl.Int64}
    )
    panel = panel_from_table(read_table(table), series="id", time="t", target="y")
    assert panel.time_index.frequency == "1 week"
    after = panel.times(np.array([0, 1]), panel.lengths)
    assert after.tolist() == [pd.Timestamp("2024-02-12"), pd.Timestamp("2024-02-08")]


def test_numbers_need_no_time():
    panel = panel_from_arrays({"a": [1, 2, 3], "b": np.arange(5.0)})
    assert panel.lengths.tolist() == [3, 5]
    assert panel.one(1).values[:, 0].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(sw.DataError, match=r"'b' of a dict must be one row of finite numbers"):
        panel_from_arrays({"a": [1.0], "b": [[1.0]]})


def test_two_rows_of_one_time_are_refused():
    table = pl.DataFrame({"id": ["a"] * 4, "t": [1, 2, 2, 3], "y": [1.0, 2, 3, 4]})
    with pytest.raises(sw.DataError, match="the series 'a' has two rows at 2: row 1 and row 2"):
        panel_from_table(read_table(table), series="id", time="t", target="y")


def test_rows_off_the_step_are_refused():
    times = [*pd.date_range("2024-01-01", periods=5), pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02 05:00")]
    table = pl.DataFrame({"id": ["a"] * 5 + ["b"] * 2, "t": times, "y": np.arange(7.0)})
    with pytest.raises(sw.DataError, match="the rows of the series 'b' are not 1 day apart"):
        panel_from_table(read_table(table), series="id", time="t", target="y")


def test_series_without_a_target_are_left_out():
    table = pl.DataFrame({"id": ["a"] * 3 + ["b"] * 3, "y": [1.0, 2, 3, None, None, None]})
    panel = panel_from_table(read_table(table), series="id", target="y")
    assert panel.names.tolist() == ["a"]
    assert any("1 series without any target" in warning for warning in panel.warnings)
