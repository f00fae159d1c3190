"""A table laid on a regular time index: faults are found, reported with their rows, and repaired by the stated rule."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.data import Windows, make_series, usable_origins
from seqwise.errors import DataError, SettingError

DAYS = pd.date_range("2024-01-01", periods=8)


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"day": DAYS, "y": np.arange(8.0) ** 2, "x": np.arange(8.0) + 10} | columns)


def test_targets_come_first_and_a_target_is_never_a_feature_twice():
    table = frame(z=1.0).assign(word="a")
    series = make_series(table, target=["x", "y"], time="day", features=["z", "y"])
    assert (series.columns, series.target_names) == (["x", "y", "z"], ["x", "y"])
    np.testing.assert_array_equal(series.values, table[["x", "y", "z"]])
    everything = make_series(table, target="x", time="day", features="all")
    assert everything.columns == ["x", "y", "z"]  # neither the time nor the text


def test_a_sound_series_is_told_so():
    series = make_series(frame(), target="y", time="day")
    assert series.observed is None
    assert series.warnings == []
    np.testing.assert_array_equal(series.times, DAYS.to_numpy().astype("M8[us]"))
    np.testing.assert_array_equal(series.truth(), series.values)
    assert (series.time, series.kind, len(series)) == ("day", "pandas", 8)


def test_without_times_the_rows_are_counted():
    series = make_series(np.array([3.0, 1.0, 2.0]), target=0)
    assert series.times.tolist() == [0, 1, 2]
    assert series.values[:, 0].tolist() == [3, 1, 2]
    assert series.time is None


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=5))
def test_disorder_and_repeats_end_in_the_sorted_table_without_them(order, again):
    rows = list(order) + again  # repeats stand later, so each must win over the first
    values = np.arange(len(rows), dtype=float)
    table = pl.DataFrame({"t": rows, "y": values})
    series = make_series(table, target="y", time="t")
    twin = pd.DataFrame({"t": rows, "y": values}).drop_duplicates("t", keep="last").sort_values("t")
    np.testing.assert_array_equal(series.values[:, 0], twin["y"])
    assert series.times.tolist() == list(range(12))
    late = [k for k in range(1, len(rows)) if rows[k] < rows[k - 1]]
    noted = [note for note in series.warnings if "out of order" in note]
    assert len(noted) == bool(late)
    if late:
        assert f"{len(late)} row(s) were out of order (first: row {late[0]}, {rows[late[0]]}); sorted" in noted[0]
    noted = [note for note in series.warnings if "repeat" in note]
    assert len(noted) == bool(again)
    if again:
        first = min(rows[: len(rows)].index(t) for t in again if t == min(again))
        assert f"{len(again)} row(s) repeat a time (first: {rows[first]} on row {first}); the last row" in noted[0]


def test_gaps_are_reported_with_the_first_absent_time_and_the_first_empty_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("day,y,x\n2024-01-01,1,5\n2024-01-02,,6\n2024-01-03,3,\n2024-01-05,5,8\n2024-01-06,6,9\n")
    series = make_series(path, target="y", time="day", features="x")
    rule = "; interpolated, and left out of the loss and the metrics."
    assert series.warnings == [
        "1 row(s) are absent from the time index of 1 day (first: 2024-01-04T00:00:00.000000)" + rule,
        "1 value(s) of 'y' are missing (first: line 3)" + rule,
        "1 value(s) of 'x' are missing (first: line 4)" + rule,
    ]
    assert series.observed is not None
    assert series.observed.tolist() == [[1, 1], [0, 1], [1, 0], [0, 0], [1, 1], [1, 1]]
    np.testing.assert_array_equal(series.values, [[1, 5], [2, 6], [3, 6 + 2 / 3], [4, 6 + 4 / 3], [5, 8], [6, 9]])
    np.testing.assert_array_equal(series.truth()[:, 0], [1, np.nan, 3, np.nan, 5, 6])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.none() | st.integers(-9, 9), min_size=3, max_size=30).filter(lambda v: v[0] is not None is not v[-1])
)
def test_filling_equals_pandas(column):
    values = pd.Series([np.nan if v is None else v for v in column], dtype=float)
    table = np.stack([np.arange(len(values)), values], axis=1)
    for gaps, twin in (("interpolate", values.interpolate()), ("mask", values.ffill())):
        series = make_series(table, target=1, gaps=gaps)
        np.testing.assert_allclose(series.values[:, 0], twin, rtol=1e-12, atol=1e-12)
        observed = np.ones(len(values), bool) if series.observed is None else series.observed[:, 0]
        np.testing.assert_array_equal(observed, values.notna())


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_masked_fill_uses_the_past_only(data):
    """Once a column has been seen, changing later rows changes nothing before them."""
    rows = data.draw(st.integers(4, 20))
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    hidden[[0, -1]] = False
    cut = data.draw(st.integers(1, rows - 1))
    values = np.where(hidden, np.nan, np.arange(rows, dtype=float))
    later = values.copy()
    later[cut:] += 100
    one, other = (make_series(v, target=0, gaps="mask").values for v in (values, later))
    np.testing.assert_array_equal(one[:cut], other[:cut])


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 3))
def test_no_window_ends_in_an_interpolated_row(data, window, horizon):
    rows = data.draw(st.integers(10, 30))
    hidden = np.array(data.draw(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=rows, max_size=rows)))
    hidden[[0, -1]] = False
    table = np.where(hidden, np.nan, np.arange(rows * 2.0).reshape(rows, 2))
    series = make_series(table, target=0, features=[1])
    windows = Windows(series.values, window, horizon, 1, usable=usable_origins(series, window, horizon))
    ends = np.asarray(windows.origins, dtype=int) - 1
    assert not hidden[ends].any()
    told = windows.target_rows(ends + 1)
    assert (~hidden[told, 0]).any(axis=1).all()  # each window has something to be scored on
    every_other = set(range(window, rows - horizon + 1)) - set(ends + 1)
    assert all(hidden[o - 1].any() or hidden[o : o + horizon, 0].all() for o in every_other)  # and no more is lost


@pytest.mark.parametrize("gaps", ["interpolate", "mask", "error"])
def test_rows_without_a_target_at_either_end_are_left_out_under_every_rule(gaps):
    y = np.array([np.nan, np.nan, 4, 9, 16, 25, 36, np.nan])
    series = make_series(frame(y=y), target="y", time="day", features="x", gaps=gaps)
    np.testing.assert_array_equal(series.values, frame()[["y", "x"]][2:7])
    np.testing.assert_array_equal(series.times, DAYS[2:7].to_numpy().astype("M8[us]"))
    assert series.observed is None
    assert series.warnings == [
        "2 row(s) without a target at the beginning were left out.",
        "1 row(s) without a target at the end were left out.",
    ]


def test_one_of_two_targets_is_enough_to_keep_a_row():
    one, two = np.arange(8.0), np.arange(8.0)
    one[0], two[-1] = np.nan, np.nan
    series = make_series(frame(y=one, x=two), target=["y", "x"], time="day", gaps="mask")
    assert len(series) == 8
    np.testing.assert_array_equal(series.truth(), np.stack([one, two], axis=1))


def test_the_row_named_for_a_missing_value_is_the_users_row():
    table = frame(x=[np.nan, 1, 2, np.nan, 4, 5, 6, 7], y=[np.nan, 1, 2, 3, 4, 5, 6, 7])[::-1]
    series = make_series(table, target="y", time="day", features="x")
    assert any("1 value(s) of 'x' are missing (first: row 4)" in note for note in series.warnings)  # 4 January


def test_gaps_error_refuses_and_names_the_rows():
    table = frame(x=[1, 2, np.nan, 4, np.nan, 6, 7, 8]).drop(5)
    with pytest.raises(DataError) as caught:
        make_series(table, target="y", time="day", features="x", gaps="error")
    for words in ("1 row(s) are absent", "2024-01-06", "2 value(s) of 'x' are missing (first: row 2)", "gaps='mask'"):
        assert words in str(caught.value)


def test_a_known_time_index_is_kept_for_later_rows():
    time_index = make_series(frame(), target="y", time="day").time_index
    later = frame(day=DAYS + pd.Timedelta("30D"))[:2]  # too few to infer a step from
    series = make_series(later, target="y", time="day", time_index=time_index)
    np.testing.assert_array_equal(series.times, np.asarray(later["day"]).astype("M8[us]"))
    assert (series.time_index.step, series.time_index.unit) == (time_index.step, time_index.unit)


def test_a_known_time_index_of_business_days_refuses_weekends():
    work = pd.DataFrame({"day": pd.bdate_range("2024-01-01", periods=10), "y": np.arange(10.0)})
    time_index = make_series(work, target="y", time="day").time_index
    for first in ("2024-01-05", "2024-01-06"):  # a Friday; a Saturday
        days = pd.DataFrame({"day": pd.date_range(first, periods=5), "y": np.arange(5.0)})
        with pytest.raises(DataError, match="not 1 business day apart, as in the training data"):
            make_series(days, target="y", time="day", time_index=time_index)


def test_a_head_is_a_view_of_the_first_rows():
    series = make_series(frame(x=[1, np.nan, 3, 4, 5, 6, 7, 8]), target="y", time="day", features="x")
    head = series.head(3)
    assert len(head) == 3
    assert head.observed is not None
    assert series.observed is not None
    assert np.shares_memory(head.values, series.values)
    assert np.shares_memory(head.observed, series.observed)
    assert (head.columns, head.time_index, head.targets) == (series.columns, series.time_index, 1)
    assert len(series) == 8


@pytest.mark.parametrize("what", ["target", "features"])
def test_a_column_named_twice_is_refused(what):
    names: dict[str, Any] = {"target": "y", "features": ["x"]} | {what: ["x", "x"]}
    with pytest.raises(SettingError, match=f"{what} names 'x' twice"):
        make_series(frame(), time="day", **names)


def test_the_gaps_of_real_data(shared_data):
    twin: Any = pd.read_csv(shared_data / "pollution.csv")["pm2.5"]
    known = np.flatnonzero(twin.notna())
    twin = twin[known[0] : known[-1] + 1]
    time = ["year", "month", "day", "hour"]
    for gaps, filled in (("interpolate", twin.interpolate()), ("mask", twin.ffill())):
        series = make_series(shared_data / "pollution.csv", target="pm2.5", time=time, features=["TEMP"], gaps=gaps)
        np.testing.assert_allclose(series.values[:, 0], filled)
        np.testing.assert_array_equal(series.truth()[:, 0], twin)
        assert f"{twin.isna().sum():,} value(s) of 'pm2.5' are missing" in " ".join(series.warnings)


def test_all_features_are_numbers_and_words_but_no_counters():
    table = pl.DataFrame(
        {"No": np.arange(1, 9), "t": np.arange(8), "y": np.sin(np.arange(8.0)), "x": [1.0, 2, 3, 4, 5, 6, 7, 9],
         "wind": ["NW", "SE"] * 4, "note": ["?"] * 8}
    )  # fmt: skip
    series = make_series(table, target="y", time="t", features="all")
    assert series.columns == ["y", "x", "wind=NW", "wind=SE"]
    assert [w.split(": ")[-1] for w in series.warnings if "counts the rows" in w] == ["'No'."]
    assert [w.split(": ")[-1] for w in series.warnings if "neither numbers nor" in w] == ["'note'."]
    assert "A column of 0 and 1 was made for each word of 'wind' (2 words)." in series.warnings
    assert make_series(table, target="y", time="t", features=["No"]).columns == ["y", "No"]  # named, it is taken
