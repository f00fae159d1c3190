"""Windows against a slow reference in plain Python, over every combination of their settings."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.data import Windows
from seqwise.errors import DataError, SettingError

ROWS, COLUMNS = 17, 3
SERIES = np.arange(ROWS * COLUMNS, dtype=np.float64).reshape(ROWS, COLUMNS)  # every value tells its row and column


def slow_pairs(series, window, horizon, targets, first, last, usable, every_step):
    """Walk the series row by row and cut (origin, input, target) with lists only."""
    pairs = []
    for origin in range(len(series)):
        rows_read = [origin - window + t for t in range(window)]
        rows_told = [origin + h for h in range(horizon)]
        if rows_read[0] < 0 or rows_told[0] < first or rows_told[-1] >= last:
            continue
        if usable is not None and not usable[origin]:
            continue
        x = [list(series[r]) for r in rows_read]
        if every_step:
            y = [[list(series[r + 1 + h][:targets]) for h in range(horizon)] for r in rows_read]
        else:
            y = [list(series[r][:targets]) for r in rows_told]
        pairs.append((origin, x, y))
    return pairs


def mask(kind):
    if kind is None:
        return None
    if kind == "none":
        return np.zeros(ROWS, bool)
    return np.random.default_rng(3).random(ROWS) < 0.6


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("targets", [1, 2, 3])
def test_every_combination_equals_the_slow_reference(targets, every_step):
    compared = 0
    bounds = [(0, None), (0, 11), (6, 12), (12, None), (5, 5)]
    for window, horizon, (first, last), kind in itertools.product(
        [1, 2, 5, 16, 17, 30], [1, 2, 3, 7], bounds, [None, "some", "none"]
    ):
        usable = mask(kind)
        windows = Windows(SERIES, window, horizon, targets, first, last, usable, every_step)
        end = ROWS if last is None else last
        expected = slow_pairs(SERIES.tolist(), window, horizon, targets, first, end, usable, every_step)
        assert list(windows.origins) == [origin for origin, _, _ in expected]
        assert len(windows) == len(expected)
        x, y = windows.batch(slice(None))
        middle = (window, horizon) if every_step else (horizon,)
        assert x.shape == (len(expected), window, COLUMNS)
        assert y.shape == (len(expected), *middle, targets)
        assert x.tolist() == [pair[1] for pair in expected]
        assert y.tolist() == [pair[2] for pair in expected]
        compared += len(expected)
    assert compared > 500  # the loops above did compare something


@pytest.mark.parametrize("usable", [None, np.arange(ROWS) % 3 != 0])
@pytest.mark.parametrize("index", [np.array([4, 0, 2, 2]), slice(1, 5), slice(6, None, -2), np.array([], dtype=int)])
def test_a_batch_is_the_same_positions_of_the_whole(index, usable):
    windows = Windows(SERIES, 4, 2, 2, usable=usable)
    whole_x, whole_y = windows.batch(slice(None))
    x, y = windows.batch(index)
    np.testing.assert_array_equal(x, whole_x[index])
    np.testing.assert_array_equal(y, whole_y[index])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_targets_come_after_the_window_and_stay_in_their_part(data):
    rows = data.draw(st.integers(2, 60))
    window, horizon = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 8))
    first = data.draw(st.integers(0, rows))
    last = data.draw(st.integers(first, rows))
    usable = data.draw(st.none() | st.lists(st.booleans(), min_size=rows, max_size=rows).map(np.array))
    values = np.arange(rows, dtype=np.float64)[:, None]  # each value is its own row number
    windows = Windows(values, window, horizon, 1, first, last, usable)
    x, y = windows.batch(slice(None))
    x, y = x[..., 0], y[..., 0]
    assert (np.diff(x, axis=1) == 1).all()
    assert (np.diff(y, axis=1) == 1).all()
    assert (y[:, 0] == x[:, -1] + 1).all()
    assert (y >= first).all()
    assert (y < last).all()
    every = Windows(values, window, horizon, 1, first, last, usable, every_step=True)
    x, y = (part[..., 0] for part in every.batch(slice(None)))
    assert (y[..., 0] == x + 1).all()  # each step's first target is the row after it


def test_every_input_is_a_read_only_view_on_the_series():
    windows = Windows(SERIES, 5, 2)
    assert np.shares_memory(windows.inputs, SERIES)
    assert windows.values is SERIES
    assert windows.inputs.shape == (ROWS - 4, 5, COLUMNS)
    assert not windows.inputs.flags.writeable
    np.testing.assert_array_equal(windows.inputs[3], SERIES[3:8])


def test_a_million_windows_take_no_memory_of_their_own():
    series = np.zeros((1_000_000, 1), np.float32)
    windows = Windows(series, 100, 10)
    assert windows.inputs.strides == (4, 4, 4)  # one row further, not one window further
    assert isinstance(windows.origins, range)
    assert len(windows) == 1_000_000 - 100 - 10 + 1


def test_batches_are_copies_so_that_changing_one_leaves_the_series_alone():
    series = SERIES.copy()
    x, y = Windows(series, 3, 2).batch(slice(None))
    x[:], y[:] = -1, -1
    np.testing.assert_array_equal(series, SERIES)


def test_rows_past_the_end_are_refused():
    with pytest.raises(IndexError):
        Windows(SERIES, 3, 2).gather(np.array([ROWS - 1]))


@pytest.mark.parametrize("size", [0, -1, 1.5, 2.0, "3", True, None])
def test_sizes_must_be_whole_and_at_least_one(size):
    with pytest.raises(SettingError, match=r"window=.*whole number of timesteps that the model reads, at least 1"):
        Windows(SERIES, size, 1)
    with pytest.raises(SettingError, match=r"horizon=.*whole number of steps to forecast, at least 1"):
        Windows(SERIES, 1, size)


def test_numpy_whole_numbers_are_fine():
    assert len(Windows(SERIES, np.int64(4), np.int32(2))) == 12  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(17,), (2, 17, 1)])
def test_values_must_have_two_axes(shape):
    with pytest.raises(DataError, match=r"\(rows, features\), got .*values\[:, None\]"):
        Windows(np.zeros(shape), 2, 1)
