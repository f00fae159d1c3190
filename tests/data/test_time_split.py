"""Splitting by time: disjoint parts in order, and no forecast that could see its own future."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqwise.data import Split, TimeSeries, Windows, make_series, split_by_time, usable_origins
from seqwise.data.time_split import part_rows
from seqwise.errors import DataError, SettingError

SIZES = st.sampled_from([0, 0.05, 0.1, 0.2, 0.4, 0.9]) | st.integers(1, 60)


def rows_of(split: Split, part: str) -> set[int]:
    return set(range(*split.bounds(part)))


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 200), st.integers(1, 30), st.integers(1, 15), SIZES, SIZES)
def test_parts_are_disjoint_in_order_and_cover_every_row(rows, window, horizon, validation, test):
    try:
        split = split_by_time(rows, window=window, horizon=horizon, validation=validation, test=test)
    except (DataError, SettingError):
        assume(False)
        return
    parts = [sorted(rows_of(split, part)) for part in ("train", "validation", "test")]
    assert [row for part in parts for row in part] == list(range(rows))  # in this order, each row once
    assert len(parts[0]) >= window + horizon
    for size, part in ((validation, parts[1]), (test, parts[2])):
        assert bool(part) == bool(size)  # nothing asked for is silently left out
        if size >= 1:
            assert len(part) == size
        elif size:
            assert len(part) % horizon == 0
            assert len(part) <= max(rows * size, horizon)


@settings(max_examples=150, deadline=None)
@given(st.integers(60, 120), st.integers(1, 10), st.integers(1, 6), st.booleans())
def test_no_training_window_touches_a_later_part_and_no_target_is_shared(rows, window, horizon, every_step):
    split = split_by_time(rows, window=window, horizon=horizon, validation=0.2, test=0.2)
    values = np.arange(rows, dtype=np.float64)[:, None]
    told = {}
    for part in ("train", "validation", "test"):
        first, last = split.bounds(part)
        windows = Windows(values, window, horizon, 1, first, last, None, every_step and part == "train")
        x, y = windows.batch(slice(None))
        told[part] = set(y.ravel())
        if part == "train":
            assert (x < split.train).all()
            assert (y < split.train).all()
        else:
            assert (y >= first).all()
    assert not told["train"] & told["validation"]
    assert not told["train"] & told["test"]
    assert not told["validation"] & told["test"]
    assert told["validation"] | told["test"] == set(range(split.train, rows))


def test_a_split_worked_by_hand():
    split = split_by_time(144, window=24, horizon=12, validation=0.2, test=12)
    assert split.bounds("test") == (132, 144)
    assert split.bounds("validation") == (108, 132)  # a fifth of 144 is 28.8: two whole horizons
    assert split.bounds("train") == (0, 108)


@pytest.mark.parametrize(
    ("size", "rows", "horizon", "expected"),
    [(0, 100, 5, 0), (0.1, 100, 5, 10), (0.1, 100, 7, 7), (0.01, 100, 7, 7), (12, 100, 12, 12), (np.int64(9), 50, 3, 9),
     (15.0, 100, 5, 15), (np.float32(0.5), 100, 10, 50), (0.29, 100, 1, 28)],
)  # fmt: skip
def test_the_size_of_a_part(size, rows, horizon, expected):
    assert part_rows(size, rows, horizon, "test") == expected


def test_exactly_one_training_window_is_enough():
    assert split_by_time(36, window=24, horizon=12, validation=0, test=0).train == 36
    with pytest.raises(DataError):
        split_by_time(35, window=24, horizon=12, validation=0, test=0)
    assert split_by_time(37, window=24, horizon=12, validation=0, test=0).train == 37
    assert split_by_time(60, window=24, horizon=12, validation=12, test=12).train == 36
    with pytest.raises(DataError):
        split_by_time(59, window=24, horizon=12, validation=12, test=12)


def slow_usable(series: TimeSeries, window: int, horizon: int) -> list[bool]:
    """The rule of `usable_origins`, row by row, in the words of its docstring."""
    assert series.observed is not None
    seen = series.observed.tolist()
    answer = []
    for origin in range(len(seen)):
        some_target = any(any(row[: series.targets]) for row in seen[origin : origin + horizon])
        if series.gaps == "mask":
            inputs = seen[origin - window : origin] if origin >= window else [[True]]
            fine = any(all(row) for row in inputs)
        else:
            fine = origin == 0 or all(seen[origin - 1])
        answer.append(some_target and fine)
    return answer


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 6), st.integers(1, 5), st.sampled_from(["interpolate", "mask"]), st.integers(1, 2))
def test_usable_origins_equal_the_slow_rule(data, window, horizon, gaps, targets):
    rows = data.draw(st.integers(5, 30))
    flags = st.lists(st.booleans(), min_size=2, max_size=2)
    observed = np.array(data.draw(st.lists(flags, min_size=rows, max_size=rows)))
    series = make_series(np.ones((rows, 2)), target=[0, 1][:targets], features="all", gaps=gaps)
    series = TimeSeries(**{**series.__dict__, "observed": observed})
    found = usable_origins(series, window, horizon)
    assert found is not None
    assert found.tolist() == slow_usable(series, window, horizon)


def test_a_whole_series_has_no_mask_at_all():
    assert usable_origins(make_series(np.arange(10.0), target=0), 3, 2) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.floats(-5, 5), min_size=12, max_size=40), st.integers(1, 5), st.integers(1, 3))
def test_no_input_depends_on_a_value_from_its_future(column, window, horizon):
    """Change all rows from a forecast's start on: its input must stay as it was."""
    rows = np.array([np.nan if v is None else v for v in column])
    rows[0] = rows[-1] = 1.0
    series = make_series(rows, target=0)
    origins = Windows(series.values, window, horizon, usable=usable_origins(series, window, horizon)).origins
    for origin in np.asarray(origins, dtype=int):
        other = rows.copy()
        other[origin:] += 1000.0
        again = make_series(other, target=0)
        np.testing.assert_array_equal(again.values[origin - window : origin], series.values[origin - window : origin])


def test_with_an_output_for_every_step_no_row_of_a_window_is_interpolated() -> None:
    values = np.arange(40.0)
    values[10:14] = np.nan
    series = make_series(values, target="0")
    usable = usable_origins(series, 6, 2, every_step=True)
    assert usable is not None
    for origin in range(6, 39):
        assert usable[origin] == (
            not np.isnan(values[origin - 6 : origin]).any() and not np.isnan(values[origin : origin + 2]).all()
        )
