"""Every mistake with data has its own message: what came, what was expected, and how to fix it."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from seqwise.data import Scaler, TimeIndex, make_series, read_table, split_by_time
from seqwise.errors import (
    BundleError,
    DataError,
    NotFittedError,
    SeqwiseError,
    SettingError,
    ShapeError,
    nearest,
)

AIRLINE = "Month,Passengers,fare\n1949-01,112,1\n1949-02,118,2\n1949-03,132,3\n1949-04,129,4\n"


@pytest.fixture
def file(tmp_path):
    """Write a file and return its path."""

    def write(content: str | bytes, name: str = "airline.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@contextmanager
def says(*words: str, error: type[SeqwiseError] = DataError) -> Iterator[None]:
    """Expect exactly `error`, with each of `words` in its message and none of Python's own noise."""
    with pytest.raises(error) as caught:
        yield
    message = str(caught.value)
    assert type(caught.value) is error
    missing = [word for word in words if word not in message]
    assert not missing, f"{missing} not in: {message}"
    assert not [noise for noise in ("<class", "object at 0x", "np.") if noise in message], message


# files


def test_a_missing_file_with_a_near_name(file):
    path = file(AIRLINE)
    with says("There is no file", "airlines.csv'", "Did you mean 'airline.csv'?"):
        read_table(path.with_name("airlines.csv"))


def test_a_missing_file_beside_others_lists_them(file):
    path = file(AIRLINE)
    path.with_name(".hidden.csv").touch()
    with says("There is no file", "zzz.parquet", "There are: 'airline.csv'."):
        read_table(str(path.with_name("zzz.parquet")))


def test_an_empty_file(file):
    with says("airline.csv is empty (0 bytes)", "with a header line and one row a timestep"):
        read_table(file(""))


@pytest.mark.parametrize("blank", ["\n", "\n\n\n"])
def test_a_file_of_blank_lines(file, blank):
    with says("airline.csv cannot be read as csv", "empty"):
        read_table(file(blank))


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n"])
def test_a_header_alone(file, ending):
    with says("airline.csv has a header (Month, Passengers) but no rows."):
        read_table(file("Month,Passengers" + ending))


@pytest.mark.parametrize("line", [1, 3])
def test_a_file_that_is_not_utf8(file, line):
    rows = [b"Month,Passengers", b"1949-01,112", b"1949-02,118"]
    rows[line - 1] += b"\xe4"
    with says(f"not UTF-8: line {line} holds the byte 0xe4", "iconv -f latin1 -t utf-8 airline.csv"):
        read_table(file(b"\n".join(rows)))


@pytest.mark.parametrize(
    ("name", "came"), [("a.xlsx", "got '.xlsx'"), ("a.csv.gz", "got '.gz'"), ("plain", "got none")]
)
def test_a_suffix_that_is_not_read(file, name, came):
    with says(f"{name}: expected a .csv, .tsv, .txt or .parquet file, {came}."):
        read_table(file("a", name))


def test_a_folder(tmp_path):
    with says("is a folder; name a CSV or Parquet file in it"):
        read_table(tmp_path)


def test_rows_longer_than_the_header(file):
    with says("airline.csv cannot be read as csv: line 3 has 3 fields, and the header 2"):
        read_table(file("a,b\n1,2\n3,4,5\n"))


def test_a_parquet_file_that_is_none(file):
    with says("a.parquet cannot be read as parquet"):
        read_table(file("a,b\n1,2\n", "a.parquet"))


# tables in memory


@pytest.mark.parametrize("source", [None, 3, {"a": [1, 2]}, object])
def test_something_that_is_no_table(source):
    with says(
        f"Cannot read a table from {type(source).__name__}.", "a path (CSV, Parquet), a pandas, polars or pyarrow"
    ):
        read_table(source)


@pytest.mark.parametrize("empty", [pd.DataFrame({"a": []}), pl.DataFrame({"a": []})])
def test_a_table_without_rows(empty):
    with says("table has no rows. Pass at least one window and one horizon of rows."):
        read_table(empty)


def test_two_columns_of_one_name():
    with says("two columns called 'y'; give each its own name"):
        read_table(pd.DataFrame(np.zeros((3, 2)), columns=["y", "y"]))


def test_an_array_of_three_axes():
    with says(
        "shape (rows, columns), got (5, 24, 3)", "Seqwise cuts the (samples, timesteps, features) windows itself"
    ):
        read_table(np.zeros((5, 24, 3)))


def test_arrays_without_rows_of_text_or_ragged():
    with says("The array has no rows: its shape is (0, 2)."):
        read_table(np.zeros((0, 2)))
    with says("The array holds <U1, expected numbers: array.astype(float)."):
        read_table(np.array(["a", "b"]))
    with says("rows differ in length", "the same columns in each row"):
        read_table([[1, 2], [3]])


# columns


@pytest.mark.parametrize("asked", ["Pasengers", "passengers", "PASSENGERS"])
def test_a_missing_column_with_the_nearest_name(file, asked):
    with says(f"airline.csv has no column '{asked}'.", "Did you mean 'Passengers'?"):
        make_series(file(AIRLINE), target=asked, time="Month")
    with says(f"airline.csv has no column '{asked}'.", "Did you mean 'Passengers'?"):
        make_series(file(AIRLINE), target="fare", time="Month", features=[asked])


def test_a_missing_column_like_no_other_lists_them(file):
    with says("airline.csv has no column 'qqq'. There are: 'Month', 'Passengers', 'fare'."):
        make_series(file(AIRLINE), target="Passengers", time="qqq")


def test_a_target_left_out(file):
    with says("target is missing", "Name the column to forecast", "'Passengers'", error=SettingError):
        make_series(file(AIRLINE), target=None, time="Month")
    with says("target is missing", error=SettingError):
        make_series(file(AIRLINE), target=[], time="Month")


def test_the_time_as_target(file):
    with says("'Month' is both time and target", error=SettingError):
        make_series(file(AIRLINE), target="Month", time="Month")


@pytest.mark.parametrize("rule", ["drop", "Mask", None, True])
def test_an_unknown_rule_for_gaps(file, rule):
    with says(f"gaps={rule!r}: expected 'interpolate', 'mask' or 'error'.", error=SettingError):
        make_series(file(AIRLINE), target="Passengers", time="Month", gaps=rule)


def test_a_word_among_numbers_is_to_be_corrected(file):
    words = "column 'Passengers' must be numeric but holds text: 'many' on line 4 (1 of 4 values). Correct it"
    with says("airline.csv: " + words, "leave the cell empty (missing)"):
        make_series(file(AIRLINE.replace("132", "many")), target="Passengers", time="Month")


def test_a_target_of_words_cannot_be_forecast():
    table = pd.DataFrame({"y": [1.0, 2, 3], "wind": ["NW", "SE", "NW"]})
    with says("column 'wind' must be numeric but holds text: 'NW' on row 0 (3 of 3 values)",
              "Leave 'wind' out of features", "pd.get_dummies(df, columns=['wind'])"):  # fmt: skip
        make_series(table, target="wind", features="y")


def test_a_column_of_too_many_words():
    table = pd.DataFrame({"y": np.arange(60.0), "note": [f"note {i}" for i in range(60)]})
    with says("column 'note' holds 60 different words; a category has at most 50. Leave it out, or group its words."):
        make_series(table, target="y", features="note")


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity(value):
    table = pl.DataFrame({"y": [1.0, 2.0, value, value]})
    with says("column 'y' is infinite on row 2 (2 value(s)). Replace infinity by an empty cell (missing) or a number."):
        make_series(table, target="y")


def test_infinity_in_a_file(file):
    with says("column 'Passengers' is infinite on line 3 (1 value(s))"):
        make_series(file(AIRLINE.replace("118", "inf")), target="Passengers", time="Month")


def test_dates_as_feature():
    table = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=4), "y": np.arange(4.0)})
    with says("column 't' holds dates, but a target or feature must be numeric. Pass it as time='t', or leave it out."):
        make_series(table, target="y", features=["t"])


def test_a_target_without_any_value():
    with says("the target 'y' holds no value at all. Name another column."):
        make_series(pl.DataFrame({"y": [None, None, None]}, schema={"y": pl.Float64}), target="y")


@pytest.mark.parametrize("gaps", ["interpolate", "mask", "error"])
def test_a_feature_without_a_value_where_there_are_targets(gaps):
    table = pl.DataFrame({"y": [None, None, 1.0, 2.0, 3.0], "x": [1.0, 2.0, None, None, None]})
    with says("column 'x' holds no value at all between the first and last row that has a target. Leave it out."):
        make_series(table, target="y", features="x", gaps=gaps)


def test_gaps_that_are_refused(file):
    with says("airline.csv: 1 row(s) are absent from the time index of 1 month (first: 1949-03-01",
              "1 value(s) of 'Passengers' are missing (first: line 3)",
              "Fill them, or choose a rule: gaps='interpolate' (straight line) or gaps='mask'"):  # fmt: skip
        content = AIRLINE.replace("118", "").replace("1949-03,132,3\n", "") + "1949-05,121,5\n1949-06,135,6\n"
        make_series(file(content), target="Passengers", time="Month", gaps="error")


# times


def series_at(times, **settings):
    return make_series(pl.DataFrame({"t": times, "y": np.arange(float(len(times)))}), target="y", time="t", **settings)


def test_irregular_times_name_the_first_that_does_not_fit():
    times = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04 07:00", "2024-01-05", "2024-01-06 09:00"]
    with says("not evenly spaced: most are 1 day apart, but 2024-01-04T07:00:00", "on row 3 does not fit (2 of 6 rows",
              "Resample first"):  # fmt: skip
        make_series(
            pd.DataFrame({"t": pd.to_datetime(times, format="mixed"), "y": np.arange(6.0)}), target="y", time="t"
        )


def test_irregular_times_name_the_users_row_even_where_rows_are_out_of_order():
    with says("but 7 on row 0 does not fit (1 of 6 rows do not)"):
        series_at([7, 2, 4, 6, 8, 10])


def test_too_few_times():
    with says("2 distinct time(s) are too few to infer the step between rows; at least 3 are needed."):
        series_at(["2024-01-01", "2024-01-02"])


@pytest.mark.parametrize("word", ["tomorrow", "2024-13-01", "2023-02-29"])
def test_a_time_that_is_no_date(file, word):
    content = AIRLINE.replace("1949-", "1949-01-").replace("1949-01-03", word)
    with says(f"the time column 'Month' holds '{word}' on line 4, which is not a date", "Write dates as 2024-12-31"):
        make_series(file(content), target="Passengers", time="Month")


def test_dates_that_can_be_read_in_two_ways():
    with says("the time column 't' can be read with the day first or the month first: '01/02/2024' on row 1 is",
              "2024-02-01 or 2024-01-02. Write dates as 2024-12-31."):  # fmt: skip
        series_at([f"01/{day:02d}/2024" for day in range(1, 9)])


def test_an_empty_time_cell(file):
    with says("the time column 'Month' is empty on line 3. Fill in the time, or remove the row."):
        make_series(file(AIRLINE.replace("1949-02", "")), target="Passengers", time="Month")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_of_a_time_that_is_none(value):
    with says(f"the time column '0' holds {value} on row 1. Fill in the time, or remove the row."):
        make_series(np.array([[0, 1], [value, 2], [2, 3], [3, 4]]), time=0, target=1)


def test_fractions_as_times():
    with says("the time column 't' holds fractions (1.5). Give dates, or whole numbers that count the steps."):
        series_at([1.0, 1.5, 2.0])


def test_parts_of_a_date_out_of_range_or_empty():
    table = pl.DataFrame({"year": [2024, 2024, 2024], "month": [1, 13, 2], "day": [1, 1, None], "y": [1.0, 2.0, 3.0]})
    with says("the time column 'month' holds 13 on row 1; expected a whole number from 1 to 12"):
        make_series(table, target="y", time=["year", "month"])
    with says("the time column 'day' is empty on row 2. Fill in the time, or remove the row."):
        make_series(table, target="y", time=["year", "day"])


def test_several_series_in_one_table():
    days = [f"2024-01-0{d}" for d in range(1, 6)] * 3
    with says("10 of 15 times in 't' repeat, so this looks like several series in one table. Name the column"):
        series_at(days)
    table = pl.DataFrame({"t": days, "shop": ["a"] * 5 + ["b"] * 5 + ["c"] * 5, "y": np.arange(15.0)})
    with says(
        "holds 3 series in one table: 10 of 15 times in 't' repeat, and 'shop' tells their rows apart. Learn from all "
        "of them: .fit(data, series='shop', …), on the command line --series shop; or keep one"
    ):
        make_series(table, target="y", time="t")
    with says("holds 2 series in one table"):  # exactly half of the times repeat
        make_series(table[:10], target="y", time="t")


def test_series_one_after_the_other_that_no_column_names():
    one, other = list(range(30)), list(range(5, 17))
    with says("12 of 42 times in 't' repeat, so this looks like several series in one table. Name the column"):
        series_at(one + other)
    twice = pl.DataFrame({"t": one + other, "y": [float(t % 7) for t in one + other]})  # the same rows again
    series = make_series(twice, target="y", time="t")
    assert "12 row(s) repeat a time" in series.warnings[-1]
    assert len(series_at([*one, 28, 29, 30, 31])) == 32  # a log that goes on two rows before its end


def test_half_repeated_is_mended_and_noted_instead():
    series = series_at([d for d in range(1, 7) for _ in range(2)])
    assert series.values[:, 0].tolist() == [1, 3, 5, 7, 9, 11]
    assert series.warnings == ["6 row(s) repeat a time (first: 1 on row 0); the last row of each time was kept."]


def test_a_mistyped_year_does_not_fill_the_memory():
    times = [f"2024-01-01 00:00:0{s}" for s in range(9)]
    times[4] = "2204-01-01 00:00:04"
    seconds = int((datetime(2204, 1, 1) - datetime(2024, 1, 1)).total_seconds()) + 5
    with says(f"only 9 of {seconds:,} steps of 1 second are there", "before 2204-01-01T00:00:04", "on row 4",
              "is a time mistyped?"):  # fmt: skip
        series_at(times)


def test_later_data_on_another_time_index():
    days = TimeIndex("2024-01-01", 86_400_000_000, "us")
    with says("the rows are not 1 day apart, as in the training data."):
        series_at(["2024-03-01 00:00", "2024-03-01 12:00", "2024-03-02 00:00"], time_index=days)
    with says("'t' holds numbers, but dates in the training data."):
        series_at([1, 2, 3], time_index=days)
    with says("'t' holds dates, but numbers in the training data."):
        series_at(["2024-03-01", "2024-03-02", "2024-03-03"], time_index=TimeIndex(0, 1, "i"))


# splits and scaling


def test_a_series_shorter_than_one_window():
    with says("airline.csv has 30 rows, too short for one window of 24 and its horizon of 12: 36 rows are needed",
              "for example window=7, horizon=3"):  # fmt: skip
        split_by_time(30, window=24, horizon=12, label="airline.csv")


@pytest.mark.parametrize(("rows", "window", "horizon"), list(itertools.product([8, 20, 35], [24, 100], [1, 12])))
def test_the_sizes_that_a_short_series_is_told_do_fit(rows, window, horizon):
    if rows >= window + horizon:
        pytest.skip("long enough")
    with pytest.raises(DataError) as caught:
        split_by_time(rows, window=window, horizon=horizon)
    offered = str(caught.value).partition("for example ")[2].partition(", or bring")[0]
    sizes = dict(part.split("=") for part in offered.split(", "))
    split_by_time(rows, **{name: int(size) for name, size in sizes.items()})  # type: ignore[arg-type]


def test_parts_that_leave_nothing_to_train_on():
    with says("the series has 40 rows; 12 for test and 24 for validation leave 4 to train on",
              "fewer than one window of 10 and its horizon of 12", "validation=0, test=0"):  # fmt: skip
        split_by_time(40, window=10, horizon=12, validation=24, test=12)
    with says("30 for test and 30 for validation leave 0 to train on"):
        split_by_time(40, window=10, horizon=12, validation=30, test=30)


@pytest.mark.parametrize("name", ["window", "horizon"])
@pytest.mark.parametrize("size", [0, -3, 2.5, "12", None, True])
def test_a_horizon_or_window_of_nothing(name, size):
    with says(f"{name}={size!r}: expected a whole number of", "at least 1.", error=SettingError):
        split_by_time(100, **{"window": 5, "horizon": 3, name: size})


@pytest.mark.parametrize("name", ["validation", "test"])
def test_sizes_of_parts(name: Any):
    half: Any = {name: 12.5}
    few: Any = {name: 2}
    wrong: list[Any] = [-1, -0.1, "0.1", None, True, float("nan"), float("inf")]
    for size in wrong:
        with says(f"{name}={size!r}: expected a share (0.1) or a number of rows (12).", error=SettingError):
            split_by_time(100, window=5, horizon=3, **{name: size})
    with says(f"{name}=12.5: a number of rows must be whole; a share lies between 0 and 1.", error=SettingError):
        split_by_time(100, window=5, horizon=3, **half)
    with says(f"{name}=2 rows cannot hold one forecast of horizon=3: give at least 3.", error=SettingError):
        split_by_time(100, window=5, horizon=3, **few)


def test_a_constant_column():
    values = np.array([[1.0, np.nan], [2.0, 5.0], [3.0, 5.0]])
    with says("column 'fare' is constant in the training rows (5 in all 3)", "Leave it out of features"):
        Scaler().fit(values, ["Passengers", "fare"])


def test_a_column_without_a_value_in_training():
    with says("column 'fare' has no value in the training rows; leave it out."):
        Scaler().fit(np.array([[1.0, np.nan], [2.0, np.nan]]), ["Passengers", "fare"])


def test_a_logarithm_of_what_is_not_above_zero():
    with says("column 'fare' holds -2, but its logarithm is taken and needs values above 0. Train with log=False."):
        Scaler(log=["fare"]).fit(np.array([[1.0], [-2.0]]), ["fare"])


# the errors themselves


def test_errors_can_be_caught_the_ways_python_users_expect():
    for error in (DataError, SettingError, ShapeError, BundleError, NotFittedError):
        assert issubclass(error, SeqwiseError)
    assert all(issubclass(error, ValueError) for error in (DataError, SettingError, ShapeError))
    assert issubclass(NotFittedError, AttributeError)


def test_nearest():
    assert nearest("MONTH", ["Month", "x"]) == " Did you mean 'Month'?"
    assert nearest("zzz", []) == ""
    assert nearest("zzz", range(12)) == " There are: " + ", ".join(f"'{n}'" for n in range(12)) + "."
    assert nearest("zzz", range(13)).endswith("'11', ….")
