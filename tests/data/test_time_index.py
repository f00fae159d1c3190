"""The time index behind a time column, beside pandas' date_range and infer_freq."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.data import TimeIndex, read_table
from seqwise.data.time_index import infer_time_index, numbered
from seqwise.errors import DataError

# pandas' frequency: (its first time, the step in words, usual seasons)
FREQUENCIES = {
    "YS": ("2001-01-01", "1 year", []),
    "YE": ("2001-12-31", "1 year", []),
    "QS": ("2001-04-01", "1 quarter", [4]),
    "QE": ("2001-03-31", "1 quarter", [4]),
    "MS": ("2001-01-01", "1 month", [12]),
    "ME": ("2001-01-31", "1 month", [12]),
    "2MS": ("2001-01-01", "2 months", [6]),
    "W-SUN": ("2001-01-07", "1 week", [52]),
    "W-WED": ("2001-01-03", "1 week", [52]),
    "D": ("2001-01-01", "1 day", [7, 365]),
    "2D": ("2001-01-01", "2 days", [4, 183]),
    "B": ("2001-01-04", "1 business day", [5]),
    "h": ("2001-01-01 05:00", "1 hour", [24, 168]),
    "6h": ("2001-01-01 05:00", "6 hours", [4, 28]),
    "15min": ("2001-01-01 00:07", "15 minutes", [96]),
    "min": ("2001-01-01", "1 minute", [1440]),
    "10s": ("2001-01-01", "10 seconds", [6]),
    "250ms": ("2001-01-01", "250000 microseconds", [240]),
}


def index_of(times) -> TimeIndex:
    stamps = np.asarray(times, dtype="M8[us]") if np.asarray(times).dtype.kind == "M" else np.asarray(times)
    return infer_time_index(stamps, read_table(np.zeros(len(stamps))), np.arange(len(stamps)))


@pytest.mark.filterwarnings("ignore:A future version of pandas")
@pytest.mark.parametrize("rows", [6, 40, 300])
@pytest.mark.parametrize("freq", list(FREQUENCIES))
def test_the_index_of_a_pandas_range_goes_on_as_pandas_does(freq, rows):
    start, name, seasons = FREQUENCIES[freq]
    past = pd.date_range(start, periods=rows, freq=freq)
    whole = pd.date_range(start, periods=rows + 50, freq=freq).to_numpy().astype("M8[us]")
    time_index = index_of(whole[:rows])
    guess = pd.infer_freq(past)  # pandas' own guess from the same rows must lead to the same future
    np.testing.assert_array_equal(
        time_index.at(np.arange(rows + 50)), pd.date_range(past[0], periods=rows + 50, freq=guess)
    )
    np.testing.assert_array_equal(time_index.at(np.arange(rows + 50)), whole)
    np.testing.assert_array_equal(time_index.positions(whole), np.arange(rows + 50))
    if freq != "B" or rows > 6:  # the words and seasons do not hang on the length
        assert (time_index.frequency, time_index.seasons()) == (name, seasons)


@pytest.mark.parametrize("freq", list(FREQUENCIES))
def test_an_index_with_gaps_is_the_index_without(freq):
    whole = pd.date_range(FREQUENCIES[freq][0], periods=60, freq=freq).to_numpy().astype("M8[us]")
    keep = np.sort(np.random.default_rng(1).choice(60, 50, replace=False))
    keep[0] = 0
    time_index = index_of(whole[keep])
    assert time_index == index_of(whole)
    np.testing.assert_array_equal(time_index.positions(whole[keep]), keep)


@pytest.mark.parametrize("freq", [f for f in FREQUENCIES if f not in ("YS", "YE")])
def test_a_time_beside_the_index_has_no_whole_position(freq):
    whole = pd.date_range(FREQUENCIES[freq][0], periods=40, freq=freq).to_numpy().astype("M8[us]")
    time_index = index_of(whole)
    off = whole[5:9] + np.timedelta64(100_000, "us")
    assert (time_index.positions(off) % 1 != 0).all()


def test_a_weekend_is_not_on_an_index_of_business_days():
    time_index = index_of(pd.bdate_range("2024-01-01", periods=20))
    week = pd.date_range("2024-01-08", periods=7).to_numpy().astype("M8[us]")
    assert ((time_index.positions(week) % 1) != 0).tolist() == [False] * 5 + [True] * 2


def test_seven_days_a_week_are_plain_days_and_five_are_business_days():
    assert index_of(pd.date_range("2024-01-01", periods=20)).unit == "us"
    assert index_of(pd.bdate_range("2024-01-01", periods=20)).unit == "b"
    closing = index_of(pd.date_range("2024-01-01 16:30", periods=20, freq="B"))
    assert str(closing.at(np.array([5]))[0]) == "2024-01-08T16:30:00.000000"


@settings(max_examples=100, deadline=None)
@given(st.integers(-1000, 1000), st.integers(1, 50), st.lists(st.integers(1, 3), min_size=5, max_size=20))
def test_numbered_indexes(start, step, jumps):
    places = np.concatenate([[0, 1, 2, 3, 4, 5, 6], 6 + np.cumsum(jumps)])
    if (np.bincount(jumps, minlength=4)[1] + 6) <= max(np.bincount(jumps, minlength=4)[2:]):
        return  # most jumps are not one step: another index
    times = start + step * places
    time_index = index_of(times)
    assert (time_index.start, time_index.step, time_index.unit) == (start, step, "i")
    np.testing.assert_array_equal(time_index.positions(times), places)
    np.testing.assert_array_equal(time_index.at(places), times)
    assert time_index.frequency == ("1 step" if step == 1 else f"{step} steps")
    assert time_index.seasons() == []


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(FREQUENCIES)), st.lists(st.integers(0, 2000), min_size=1, max_size=20))
def test_positions_undo_at(freq, places):
    time_index = index_of(pd.date_range(FREQUENCIES[freq][0], periods=12, freq=freq).to_numpy())
    np.testing.assert_array_equal(time_index.positions(time_index.at(np.array(places))), places)


def test_a_table_without_times_counts_its_rows():
    positions, time_index = numbered(4)
    assert positions.tolist() == time_index.at(positions).tolist() == [0, 1, 2, 3]


def times_of(words: list, **kwargs) -> list[str]:
    frame = pl.DataFrame({"t": words}, strict=False)
    return [str(t) for t in read_table(frame).times("t").astype("M8[s]")]


@pytest.mark.parametrize(
    ("form", "freq"),
    [("%Y-%m-%d", "D"), ("%Y-%m-%d %H:%M", "h"), ("%Y-%m-%d %H:%M:%S", "10s"), ("%Y-%m-%dT%H:%M:%S", "h"),
     ("%Y/%m/%d", "D"), ("%Y-%m", "MS"), ("%Y/%m", "MS"), ("%d.%m.%Y", "D"), ("%m/%d/%Y", "D"), ("%d/%m/%Y", "D"),
     ("%m/%d/%Y %H:%M", "h"), ("%m/%d/%Y %H:%M:%S", "h"), ("%Y%m%d", "D"), ("%Y", "YS"), ("%d-%m-%Y", "D"),
     ("%m/%d/%Y", "MS"), ("%d/%m/%Y", "MS"), ("%m/%d/%Y", "W"), ("%d/%m/%Y", "W")],
)  # fmt: skip
def test_dates_written_in_the_usual_forms_are_read_as_pandas_wrote_them(form, freq):
    expected = pd.date_range("2021-01-01", periods=400, freq=freq)
    words = list(expected.strftime(form))
    assert times_of(words) == [str(t) for t in expected.to_numpy().astype("M8[s]")]


def test_dates_with_day_or_month_first_are_told_apart_or_refused():
    american = list(pd.date_range("2021-01-01", periods=24, freq="MS").strftime("%m/%d/%Y"))
    assert times_of(american)[:3] == ["2021-01-01T00:00:00", "2021-02-01T00:00:00", "2021-03-01T00:00:00"]
    with pytest.raises(DataError, match=r"day first or the month first: '02/01/2021' on row 1 .* 2024-12-31"):
        times_of(american[:10])  # the 1st of ten months, or the first ten days of January


@pytest.mark.parametrize("zone", ["Z", "+00:00"])
def test_times_in_utc_stay(zone):
    assert times_of([f"2024-01-01T0{h}:00:00{zone}" for h in range(3)])[2] == "2024-01-01T02:00:00"


def test_an_offset_and_a_time_zone_are_turned_into_utc():
    assert times_of([f"2024-01-01T0{h}:00:00+02:00" for h in range(3)])[2] == "2024-01-01T00:00:00"
    berlin = pd.DataFrame({"t": pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")})
    times = read_table(berlin).times("t")
    assert str(times[0]) == "2024-03-29T23:00:00.000000"
    assert set(np.diff(times).astype(int)) == {3_600_000_000}  # no jump at the change of the clocks


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_any_resolution_of_pandas_becomes_microseconds(unit):
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=4, freq="h").as_unit(unit)})
    times = read_table(frame).times("t")
    assert times.dtype == "M8[us]"
    assert str(times[1]) == "2024-01-01T01:00:00.000000"


def test_a_date_in_several_columns():
    expected = pd.date_range("2023-12-30 20:00", periods=100, freq="h")
    frame = pd.DataFrame({p: getattr(expected, p) for p in ("year", "month", "day", "hour")})
    table = read_table(frame)
    np.testing.assert_array_equal(table.times(list(frame.columns)), expected.to_numpy().astype("M8[us]"))
    months = table.times(["year", "month"])
    assert str(months[0]) == "2023-12-01T00:00:00.000000"
    np.testing.assert_array_equal(table.times(["hour"]), expected.hour)


def test_the_hours_of_the_pollution_data(shared_data):
    table = read_table(shared_data / "pollution.csv")
    times = table.times(["year", "month", "day", "hour"])
    assert len(times) == 43_824
    assert set(np.diff(times).astype(int)) == {3_600_000_000}
    assert (str(times[0]), str(times[-1])) == ("2010-01-01T00:00:00.000000", "2014-12-31T23:00:00.000000")


@pytest.mark.parametrize(
    ("file", "column", "name"),
    [("airline-passengers.csv", "Month", "1 month"), ("daily-min-temperatures.csv", "Date", "1 day"),
     ("ETTh1.csv", "date", "1 hour")],
)  # fmt: skip
def test_the_indexes_of_real_files(shared_data, file, column, name):
    frame = pd.read_csv(shared_data / file, parse_dates=[column])
    times = read_table(shared_data / file).times(column)
    np.testing.assert_array_equal(times, frame[column].to_numpy().astype("M8[us]"))
    assert index_of(times).frequency == name


def test_days_and_months_in_two_orders_are_refused_by_name():
    for words in (["03/04/2024", "04/04/2024", "05/04/2024"], ["03-04-2024", "03-05-2024", "03-07-2024"]):
        with pytest.raises(DataError, match=r"'03.04.2024' on row 0 is 2024-04-03 or 2024-03-04"):
            times_of(words)
    with pytest.raises(DataError, match=r"'13/04/2024' on row 1 has the day first, '04/13/2024' on row 2 the month"):
        times_of(["05/04/2024", "13/04/2024", "04/13/2024"])
    assert times_of(["03-13-2024", "03-14-2024", "03-15-2024"])[0] == "2024-03-13T00:00:00"
