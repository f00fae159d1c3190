"""Times and values that are easily misread: recognised, or refused by name; never read wrongly in silence."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fuzz import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse

import seqwise as sw
from seqwise.data.classes import find_classes, read_labels
from seqwise.data.long_tables import sequences_from_table
from seqwise.data.plain_tables import read_plain_table
from seqwise.data.series import series_from_table
from seqwise.data.tables import read_table

FAST = examples(40)
DATES = st.dates(date(1850, 1, 1), date(2150, 1, 1))


def both(rows: dict, **names):
    """The series that polars' tables and plain ones give."""
    plain = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    return [
        series_from_table(table, target="y", **names)
        for table in (read_table(pl.DataFrame(rows)), read_plain_table(plain))
    ]


def refused(rows: dict, said: str, **names):
    plain = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    for table in (read_table(pl.DataFrame(rows)), read_plain_table(plain)):
        with pytest.raises(sw.DataError, match=said):
            series_from_table(table, target="y", **names)


# times


@FAST
@given(DATES, st.integers(3, 40), st.integers(1, 7))
def test_dates_written_as_numbers(start, rows, step):
    days = [start + timedelta(step * i) for i in range(rows)]
    for kind in (int, float):
        numbers = [kind(day.strftime("%Y%m%d")) for day in days]
        for series in both({"t": numbers, "y": list(range(rows))}, time="t"):
            assert len(series) == rows
            assert series.times.astype("M8[D]").tolist() == days


@FAST
@given(st.integers(1850, 2100), st.integers(1, 12), st.integers(3, 40), st.sampled_from([1, 3, 12]))
def test_months_written_as_numbers(year, month, rows, step):
    months = [divmod(12 * year + month - 1 + step * i, 12) for i in range(rows)]
    numbers = [100 * y + m + 1 for y, m in months]
    for series in both({"t": numbers, "y": list(range(rows))}, time="t"):
        assert len(series) == rows
        assert series.times.astype("M8[M]").tolist() == [date(y, m + 1, 1) for y, m in months]


@FAST
@given(st.integers(-(10**6), 10**6), st.integers(20, 60))
def test_counted_steps_stay_counts(start, rows):
    """Twenty numbers in a row are never all months, so a counter is never taken for dates."""
    for series in both({"t": list(range(start, start + rows)), "y": list(range(rows))}, time="t"):
        assert series.times.tolist() == list(range(start, start + rows))


@pytest.mark.parametrize("number", [2**62, -(2**63), 2**63 - 1, 1e300])
def test_numbers_at_the_ends_of_the_range(number):
    refused({"t": [number, 1, 2, 3], "y": [1, 2, 3, 4]}, "too large on row 0|infer", time="t")


@pytest.mark.parametrize("form", ["%m/%d/%y", "%d.%m.%y", "%y-%m-%d", "%d/%m/%y %H:%M"])
@FAST
@given(start=st.dates(date(2000, 1, 1), date(2060, 1, 1)), rows=st.integers(3, 30))
def test_years_of_two_digits(form, start, rows):
    days = [(start + timedelta(i)).strftime(form) for i in range(rows)]
    refused({"t": days, "y": list(range(rows))}, "four digits|not a date|day first", time="t")


@FAST
@given(st.sampled_from([(2, 29), (2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31)]), st.integers(1900, 2100))
def test_days_that_no_month_has(day, year):
    try:
        date(year, *day)
    except ValueError:
        pass
    else:
        assume(False)
    rows = {"a": [year] * 3, "m": [day[0]] * 3, "d": [1, 2, day[1]], "y": [1, 2, 3]}
    refused(rows, rf"there is no day {day[1]} in {year}-0?{day[0]}, on row 2", time=["a", "m", "d"])


def test_years_of_two_digits_in_parts():
    refused({"a": [24] * 3, "m": [1, 2, 3], "y": [1, 2, 3]}, "expected a whole number from 1000", time=["a", "m"])


@FAST
@given(st.integers(4, 40), st.integers(1, 38), st.integers(200, 3000))
def test_a_mistyped_year(rows, at, later):
    assume(0 < at < rows)
    days = [date(2020, 1, 1) + timedelta(i) for i in range(rows)]
    days[at] = days[at] + timedelta(later)
    table = {"t": days, "y": [float(i) for i in range(rows)]}
    refused(table, r"more than the \d+ rows that there are: the largest gap lies before", time="t")
    for series in both(table, time="t", gaps="mask"):
        assert series.observed is not None


def test_weekly_rows_for_a_daily_model():
    days = [date(2020, 1, 1) + timedelta(i) for i in range(40)]
    daily = both({"t": days, "y": list(range(40))}, time="t")[0]
    weekly = {"t": [date(2021, 1, 1) + timedelta(7 * i) for i in range(30)], "y": list(range(30))}
    refused(weekly, "more than the 30 rows that there are", time="t", time_index=daily.time_index)


YEARS = (2022, 2023, 2024)
CARRYING = {
    "hours and minutes": [100 * hour + minute for hour in range(24) for minute in range(0, 60, 5)],
    "hours and minutes do, which do not count": [100 * hour + minute for hour in range(9, 15) for minute in range(60)],
    "a year and its weeks": [100 * year + week for year in YEARS for week in range(1, 53)],
    "a year and its days": [1000 * year + day for year in YEARS for day in range(1, 366)][300:],
    "a year and its quarters": [10 * year + quarter for year in range(1990, 2030) for quarter in range(1, 5)],
}


@FAST
@given(st.sampled_from(list(CARRYING)), st.data())
def test_numbers_that_do_not_count(what, data):
    """A year and its weeks, hours and minutes: laid on an index that counts, they invent a third of the rows."""
    numbers = CARRYING[what]
    rows = data.draw(st.sampled_from([70, 100]))
    start = data.draw(st.integers(0, min(60, len(numbers) - rows)))
    times = numbers[start : start + rows]
    absent = data.draw(st.integers(1, rows - 2))
    times = times[:absent] + times[absent + 1 :]
    refused({"t": times, "y": list(range(rows - 1))}, rf"goes from \d+ to \d+ on row \d+, as {what}", time="t")


@pytest.mark.parametrize("form", ["%m%d%Y", "%d%m%Y"])
def test_numbers_of_dates_that_have_the_year_last(form):
    times = [int((date(2024, 1, 1) + timedelta(i)).strftime(form)) for i in range(25)]
    refused(
        {"t": times, "y": list(range(25))}, r"holds 1012024 on row 0, as dates do that have the year last", time="t"
    )


def test_counts_that_are_decimals():
    for table in (read_table(pl.DataFrame({"t": [Decimal(i) for i in range(9)]})), read_table(np.arange(9.0))):
        assert table.times(table.columns[0]).tolist() == list(range(9))


@FAST
@given(st.sampled_from([1, 5, 7, 60, 86_400]), st.integers(0, 2 * 10**9), st.integers(1, 38), st.integers(1, 9))
def test_counts_with_a_gap_stay_counts(step, start, at, absent):
    times = start + step * np.delete(np.arange(40 + absent), np.arange(at, at + absent))
    assume((times % 100).max() >= 60)
    for series in both({"t": times.tolist(), "y": list(range(40))}, time="t"):
        assert len(series) == 40 + absent


@FAST
@given(st.integers(24, 54), st.integers(0, 20), st.integers(1, 8), st.sampled_from([0, 1, 7, 1800, 2024]))
def test_stretches_that_each_begin_at_a_hundred_stay_counts(last, first, stretches, hundred):
    """0 to 50, then 101 to 150: no clock goes from 50 minutes to the next hour."""
    assume(last - first < 48)
    times = [100 * (hundred + i) + n for i in range(stretches) for n in range(first, last + 1)]
    assume(2 * len(times) > times[-1] - times[0] + 1)
    for series in both({"t": times, "y": list(range(len(times)))}, time="t"):
        assert series.times[[0, -1]].tolist() == [times[0], times[-1]]


# clocks of 12 hours


def on_twelve_hours(times: pd.DatetimeIndex) -> list[str]:
    return [time.strftime("%Y-%m-%d %I:%M") for time in times]


@FAST
@given(st.sampled_from(["30min", "1h", "2h"]), st.integers(0, 23), st.integers(30, 90), st.sampled_from([1, -1]))
def test_a_clock_of_twelve_hours(step, hour, rows, order):
    times = pd.date_range("2024-03-04", periods=rows, freq=step) + pd.Timedelta(hours=hour)
    shown = on_twelve_hours(times)[::order]
    refused({"t": shown, "y": list(range(rows))}, "as a clock of 12 hours does", time="t")
    read = [datetime.strptime(text, "%Y-%m-%d %I:%M") for text in shown]  # 12:00 becomes 0:00
    assume(read != sorted(read)[::order])  # an afternoon alone, which is a morning from now on
    refused({"t": read, "y": list(range(rows))}, "as a clock of 12 hours does", time="t")


def test_office_hours_on_a_clock_of_twelve_hours():
    """No time comes twice: sorted, the afternoon would come before the morning."""
    days = pd.date_range("2024-03-04", periods=5)
    times = [day + pd.Timedelta(hours=hour) for day in days for hour in range(9, 18)]
    shown = on_twelve_hours(pd.DatetimeIndex(times))
    refused({"t": shown, "y": list(range(45))}, r"from 2024-03-04 12:00 to 2024-03-04 01:00 on row 4", time="t")
    long = pl.DataFrame({"t": np.repeat(shown, 3), "id": ["a", "b", "c"] * 45, "x": range(135)})
    for table in (read_table(long), read_plain_table(long.to_dicts())):
        with pytest.raises(sw.DataError, match="as a clock of 12 hours does"):
            sequences_from_table(table, "id", "t", None, None)
    hours = {"year": [2024] * 9, "month": [3] * 9, "day": [4] * 9, "hour": [int(text[11:13]) for text in shown[:9]]}
    refused(hours | {"y": list(range(9))}, "'hour' goes from", time=["year", "month", "day", "hour"])


@FAST
@given(st.integers(0, 2**32 - 1), st.sampled_from([(0, 12), (1, 13), (6, 12)]), st.integers(3, 6))
def test_mornings_in_any_order_are_no_clock_of_twelve_hours(seed, hours, days):
    times = [pd.Timestamp("2024-03-04") + pd.Timedelta(d, "D") + pd.Timedelta(h, "h") for d in range(days)
             for h in range(*hours)]  # fmt: skip
    words = [str(time) for time in np.random.default_rng(seed).permutation(pd.DatetimeIndex(times))]
    for table in (read_table(pl.DataFrame({"t": words})), read_plain_table([{"t": word} for word in words])):
        assert sorted(table.times("t").astype("M8[s]").tolist()) == [time.to_pydatetime() for time in times]


@pytest.mark.parametrize("year", [1, 24, 99, 999, 9999])
def test_times_in_years_of_no_data(year):
    """Two digits, read by a program before us; and the year that stands for no end."""
    said = "four digits" if year < 1000 else "the year 9999"
    days = [date(year, 12, day) for day in range(1, 20)]
    for zone in (None, timezone(timedelta(hours=2))):
        times = [datetime(*day.timetuple()[:3], tzinfo=zone) for day in days]
        refused({"t": times, "y": list(range(19))}, said, time="t")
    refused({"t": days, "y": list(range(19))}, said, time="t")


# values


LONG = [2**64 + i for i in range(3)]


def test_names_of_twenty_digits_stay_apart(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("id,y\n" + "".join(f"{name},{i}\n" for i, name in enumerate([*LONG, *LONG])))
    for table in (read_table(path), read_plain_table(path), read_table(pl.DataFrame({"id": [*LONG, *LONG]}))):
        rows, lengths, names = table.grouped("id")
        assert rows.tolist() == [0, 3, 1, 4, 2, 5]
        assert names.tolist() == list(map(str, LONG))
        assert lengths.tolist() == [2, 2, 2]
        assert table.labels("id").tolist() == list(map(str, [*LONG, *LONG]))
        assert table.numbers("id").tolist() == [2.0**64] * 6
        with pytest.raises(sw.DataError, match="not a date"):
            table.times("id")


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63) + 1])
def test_whole_numbers_of_64_bits_stay_what_they_are(number, tmp_path):
    path = tmp_path / "long.csv"
    path.write_text(f"id,y\n{number},1\n{number},2\n")
    for read in (read_table, read_plain_table):
        assert read(path).cells("id") == [number] * 2


def test_columns_without_names_stand_where_they_are(tmp_path):
    path = tmp_path / "unnamed.csv"
    path.write_text(",,y,\n1,2,3,4\n5,6,7\n")
    for read in (read_table, read_plain_table):
        assert read(path).numbers("y").tolist() == [3, 7]


def test_columns_that_become_one_name():
    with pytest.raises(sw.DataError, match="two columns called '1'"):
        read_table(pd.DataFrame(np.ones((3, 2)), columns=[1, "1"]))


def test_a_home_that_nobody_has():
    for read in (read_table, read_plain_table):
        with pytest.raises(sw.DataError, match=r"'~nobody-of-that-name/a\.csv' is not a file"):
            read("~nobody-of-that-name/a.csv")


def test_masked_values_are_missing():
    values = np.ma.masked_array(np.arange(10.0), mask=np.arange(10) == 4)
    for table in (read_table(values), read_plain_table(values)):
        assert np.isnan(table.numbers("0")).tolist() == (np.arange(10) == 4).tolist()
    with pytest.raises(sw.DataError, match=r"Sequence 1 has 1 masked value"):
        sw.Classifier().fit([np.ones(3), np.ma.masked_array([1.0, 2], mask=[False, True])], ["a", "b"])


@pytest.mark.parametrize("largest", [1e308, -1e308, 1.7e308, 1e200])
def test_values_too_large_to_compute_with(largest):
    y = np.sin(np.arange(60.0))
    y[30] = largest
    with pytest.raises(sw.DataError, match="column '0' holds"):
        sw.Forecaster(6, 2, (3,), epochs=1).fit(y)
    good = sw.Forecaster(6, 2, (3,), epochs=1, season=1).fit(np.sin(np.arange(60.0)))
    with pytest.raises(sw.DataError, match=r"column '0' holds .*too far from the training's values"):
        good.predict(y[25:35])


def test_columns_of_the_same_name(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("t,y,y\n1,2,3\n2,3,4\n3,4,5\n")
    for read in (read_table, read_plain_table):
        with pytest.raises(sw.DataError, match=r"twice\.csv has two columns called 'y'"):
            read(path)


@FAST
@given(st.lists(st.sampled_from(["plain", "two\nlines", "three\n\nlines"]), min_size=1, max_size=6))
def test_the_line_of_a_fault_after_quoted_newlines(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("lines") / "x.csv"
    path.write_text("w,y\n" + "".join(f'"{word}",1\n' for word in words) + '"last",word\n')
    line = path.read_text()[: path.read_text().index('"last"')].count("\n") + 1
    row = len(words)
    for read in (read_table, read_plain_table):
        with pytest.raises(sw.DataError) as error:
            read(path).numbers("y")
        said = str(error.value)
        assert f"line {line}" in said or f"row {row}" in said


@pytest.mark.parametrize(
    ("rows", "line", "why"),
    [
        ('1,"x\n2,y\n3,z\n', 2, "opens a field and none closes it"),
        ('1,x\n2,"', 3, "opens a field and none closes it"),
        ('1.5,"c, d"\n2,f"\n,"', 4, "opens a field and none closes it"),  # polars panics
        ('1,x\n2,"y"z\n', 3, "goes on after the quotation mark"),
    ],
)
def test_quotation_marks_that_do_not_fit(rows, line, why, tmp_path, capfd):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + rows)
    for read in (read_table, read_plain_table):
        with pytest.raises(sw.DataError, match=rf"x\.csv cannot be read at line {line}: .*{why}"):
            read(path)
    assert "panicked" not in capfd.readouterr().err


@FAST
@given(st.lists(st.sampled_from(['5" pipe', 'say "hi"', '"c, d"', '"a ""b"""', '"two\nlines"', '9"', "x"]), min_size=1))
def test_quotation_marks_within_a_field(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("quotes") / "x.csv"
    path.write_text("a,b\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    plain = [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in cells]
    for read in (read_table, read_plain_table):
        table = read(path)
        assert table.cells("b") == plain
        assert table.cells("a") == list(range(len(cells)))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32-le"])
def test_null_characters(encoding, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("a,b\n1,2\n3,4\n".encode(encoding))
    for read in (read_table, read_plain_table):
        with pytest.raises(sw.DataError, match=r"x\.csv is not a table of text: line 1 holds a null character"):
            read(path)


@pytest.mark.parametrize("level", [1e308, 1e200])
def test_values_whose_spread_is_not_a_number(level):
    with pytest.raises(sw.DataError, match=r"cannot be scaled|is constant in the training rows"):
        sw.Forecaster(5, epochs=1, units=(2,)).fit(np.full(150, level))
    with pytest.raises(sw.DataError, match="cannot be scaled"):
        sw.Forecaster(5, epochs=1, units=(2,)).fit(level * (1 - np.arange(150) % 7 / 10))


@pytest.mark.parametrize("cut", [0.2, 0.9])
def test_parquet_that_was_cut_off(cut, tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"t": [1, 2, 3], "y": ["a", None, "c"]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    for read in (read_table, lambda path: sw.data.read_texts(path, column="y")):
        with pytest.raises(sw.DataError, match=r"x\.parquet cannot be read as parquet: "):
            read(path)


def test_lines_that_end_as_on_an_old_macintosh(tmp_path):
    path = tmp_path / "mac.csv"
    path.write_bytes(b"t;y\r1;2,5\r2;3,5\r".replace(b",", b"."))
    for read in (read_table, read_plain_table):
        assert read(path).numbers("y").tolist() == [2.5, 3.5]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b't,y\n"a\n\nb",1\nc,2,3\n', r"line 5 has 3 fields, and the header 2"),
        ("t,y\n1,2\n".encode("utf-16"), "iconv -f utf-16 "),
        (b"t," + b"y" * 200_000 + b"\n1,2\n", "a field has more than 131,072 characters"),
    ],
)
def test_tables_of_text_that_cannot_be_read(tmp_path, content, said):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    for read in (read_table, read_plain_table):
        with pytest.raises(sw.DataError, match=said):
            read(path)


SEQUENCES = [np.arange(4.0) + i for i in range(12)]
DAYS = np.datetime64("2024-01-01") + np.arange(12)
FIRST = np.arange(12) == 0


@pytest.mark.parametrize(
    ("estimator", "data", "said"),
    [
        (sw.Regressor(), (SEQUENCES, [str(i) for i in range(12)]), "is the text '0'"),
        (sw.Regressor(), (SEQUENCES, np.array(["1.5"] * 12, dtype=object)), r"is the text '1\.5'"),
        (sw.Regressor(), (SEQUENCES, np.arange(12) * 1j), "complex"),
        (sw.Regressor(), (SEQUENCES, [10**400] * 12), "target of sequence 0 is too large"),
        (sw.Regressor(), (SEQUENCES, sparse.csr_matrix(np.arange(12.0)[:, None])), "y is <"),
        (sw.Regressor(), (SEQUENCES, pd.DataFrame(np.ones((12, 2)), columns=["a", "a"])), "two columns called 'a'"),
        (sw.Regressor(), (SEQUENCES, DAYS), "The targets are times"),
        (sw.Regressor(), (SEQUENCES, DAYS.tolist()), "The targets are times"),
        (sw.Regressor(), (SEQUENCES, DAYS - DAYS[0]), "The targets are times"),
        (sw.Regressor(), (SEQUENCES, np.ma.masked_array(np.arange(12.0), FIRST)), "label of sequence 0 is masked"),
        (sw.Classifier(), (SEQUENCES, np.ma.masked_array(np.arange(12) % 2, FIRST)), "label of sequence 0 is masked"),
        (sw.Classifier(), (SEQUENCES, ["a", np.ma.masked] * 6), "label of sequence 1 is missing"),
        (sw.Tagger(), (SEQUENCES, [np.ma.masked_array([0, 1, 0, 1], FIRST[:4])] * 12), "step 0 of sequence 0 is miss"),
        (sw.Classifier(), (SEQUENCES, ["a", "a\0"] * 6), "null character at the end"),
        (sw.Classifier(), (SEQUENCES, ["a", "\ud800"] * 6), "is not valid Unicode"),
        (sw.Classifier(), (SEQUENCES, [b"a", b"\xe9"] * 6), r"is b'\\xe9', bytes that are not ASCII"),
        (sw.Classifier(), (SEQUENCES, [float("inf"), 1.0] * 6), "label of sequence 0 is infinite"),
        (
            sw.Classifier(),
            (SEQUENCES, [1, 10**30] * 6),
            "label of sequence 1 is 1000000000000000000000000000000, a number",
        ),
        (sw.Classifier(embedding=3), (["a", "\ud800"] * 6, ["a", "b"] * 6), r"Text 1 is no Unicode text: '\\ud800'"),
        (sw.Tagger(embedding=3), ([["a", "\udcff"]] * 12, [["a", "b"]] * 12), "Text 0, token 1 is no Unicode text"),
        (sw.Forecaster(6, 2), ({float("nan"): np.arange(60.0)},), "is called nan, which is no name"),
        (sw.Forecaster(6, 2), ({1: np.arange(60.0), "1": np.arange(60.0)},), "Two series of the dict are called '1'"),
        (sw.Regressor(), (SEQUENCES, set(range(12))), "A set has no order"),
        (sw.Classifier(), (SEQUENCES, {"a", "b"}), "A set has no order"),
        (sw.Classifier(), (SEQUENCES, [True, 1] * 6), "mix kinds"),
        (sw.Classifier(), (SEQUENCES, [False, 0, 2] * 4), "mix kinds"),
        (sw.Forecaster(6, 2), (np.arange(60.0) * 1j,), "complex"),
    ],
)
def test_what_is_no_target(estimator, data, said):
    with pytest.raises(sw.DataError, match=said):
        estimator.fit(*data)


@pytest.mark.parametrize("value", [0, -1, -0.5, float("nan"), float("inf"), None, True, "fast", np.float32(0), []])
@pytest.mark.parametrize("kind", [sw.Forecaster, sw.Classifier, sw.Regressor, sw.Tagger, sw.Translator])
def test_learning_rates(kind, value):
    with pytest.raises(sw.SettingError, match=r"learning_rate=.*: expected .*a number above 0"):
        kind(learning_rate=value).fit(SEQUENCES, ["a", "b"] * 6) if kind is not sw.Forecaster else kind(
            learning_rate=value
        ).fit(np.arange(60.0))


@pytest.mark.parametrize("loss", [None, 3, ("mse",)])
def test_losses(loss):
    with pytest.raises(sw.SettingError, match="expected a loss of Keras's by name"):
        sw.Forecaster(6, 2, loss=loss).fit(np.arange(60.0))


@pytest.mark.parametrize("flag", ["no", 0, None, "False"])
def test_flags(flag):
    for kind in (
        sw.Forecaster(bidirectional=flag),
        sw.Classifier(bidirectional=flag),
        sw.Translator(bidirectional=flag),
    ):
        with pytest.raises(sw.SettingError, match=r"bidirectional=.*: expected True or False"):
            kind.fit(SEQUENCES, ["a", "b"] * 6) if not isinstance(kind, sw.Forecaster) else kind.fit(np.arange(60.0))


def test_negative_weights():
    for weights in ([-1.0] + [1.0] * 11, [0.0] * 12, [float("nan")] * 12):
        with pytest.raises(sw.SettingError, match="none below zero and not all zero"):
            sw.Regressor().fit(SEQUENCES, np.arange(12.0), sample_weight=weights)


class Pet(str, Enum):  # noqa: UP042 (NumPy writes its name, cut to the length of its value)
    CAT, DOG = "a small cat", "dog"


@pytest.mark.parametrize("labels", [[Pet.CAT, Pet.DOG], [{Pet.CAT}, {Pet.DOG, Pet.CAT}]])
def test_labels_of_an_enum_are_its_values(labels):
    classes = find_classes(*read_labels(labels, str))
    assert classes.values.tolist() == ["a small cat", "dog"]
    assert not classes.unknown_in(["a small cat"])


NAMED = [pd.DataFrame(np.random.default_rng(i).normal(size=(5, 2)) * [1, 100], columns=["a", "b"]) for i in range(12)]


@pytest.mark.parametrize("pair", [("a", "a "), ("é", "e\u0301"), ("a b", "a\u00a0b")])
def test_labels_that_look_alike_are_named(pair):
    fitted = sw.Classifier(units=(3,), epochs=1).fit(SEQUENCES, list(pair) * 6)
    assert any("differ only in white space or in how their characters are composed" in note for note in fitted.notes_)


def test_a_series_of_truths():
    assert read_table(np.arange(6) % 2 == 0).numeric_columns() == ["0"]
    assert read_plain_table(np.arange(6) % 2 == 0).numbers("0").tolist() == [1, 0, 1, 0, 1, 0]


def test_sequences_that_are_tables_keep_the_order_of_their_columns(tmp_path):
    y = [float(table["a"].mean()) for table in NAMED]
    fitted = sw.Regressor(units=(3,), epochs=1).fit(NAMED, y)
    assert fitted.input_.columns == ["a", "b"]
    expected = fitted.predict(NAMED)
    plain = sw.load(fitted.save(tmp_path / "run"), backend="numpy")
    for predict in (fitted.predict, plain.predict):
        np.testing.assert_allclose(predict([table[["b", "a"]] for table in NAMED]), expected, rtol=1e-4)
        np.testing.assert_allclose(predict([table.to_numpy() for table in NAMED]), expected, rtol=1e-4)
        with pytest.raises(sw.DataError, match="have the features 'a', 'c', but the model was trained on 'a', 'b'"):
            predict([table.rename(columns={"b": "c"}) for table in NAMED])
    mixed = [*NAMED[:-1], NAMED[-1][["b", "a"]]]
    with pytest.raises(sw.DataError, match="Sequence 11 has the columns 'b', 'a', but sequence 0 has 'a', 'b'"):
        sw.Regressor().fit(mixed, y)


def test_truths_are_numbers():
    truths = [table.to_numpy() > 0 for table in NAMED]
    sw.Regressor(units=(3,), epochs=1).fit(truths, np.arange(12.0))
