"""Tables read without polars hold what those read with polars hold."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st

from seqwise.data import make_sequences, make_series, plain_tables, read_table
from seqwise.data.long_tables import sequences_from_table
from seqwise.data.plain_tables import read_plain_table
from seqwise.data.series import series_from_table
from seqwise.errors import DataError

DATES = [
    ["2024-01-01", "2024-01-02", "2024-02-29"],
    ["2024-1-5", "2024-01-06", "2024-01-07"],
    ["2024-01-01 05:30", "2024-01-01 6:30", "2024-01-01 07:30"],
    ["2024-01-01T05:30:10.25", "2024-01-01T05:30:11", "2024-01-01 05:30:12.123456789"],
    ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z"],
    ["2024-01-01T00:00:00+02:00", "2024-01-01T01:00:00+02:00", "2024-01-01T02:00:00+02:00"],
    ["2024/01/01 05:30:10", "2024/01/01 05:30:11", "2024/01/01 05:30:12"],
    ["31.12.2024", "01.01.2025", "02.01.2025"],
    ["31/12/2024", "01/01/2025", "02/01/2025"],
    ["12/31/2024", "01/01/2025", "01/02/2025"],
    ["01/31/2024 10:00", "01/31/2024 11:00", "01/31/2024 12:00"],
    ["2024-01", "2024-02", "2024-03"],
    ["2024/01", "2024/02", "2024/03"],
    ["20240101", "20240102", "20240103"],
    ["2022", "2023", "2024"],
]


@pytest.mark.parametrize("words", DATES, ids=lambda words: words[0])
def test_dates_are_read_alike(words):
    plain = read_plain_table([{"t": word} for word in words]).times("t")
    np.testing.assert_array_equal(plain, read_table(pl.DataFrame({"t": words})).times("t"))
    assert plain.dtype == "M8[us]"


@pytest.mark.parametrize(
    "words",
    [["2024-02-30"], ["soon"], ["2024-01-01", "later"], ["02/03/2024"] * 3, ["24-01-01"], ["2024-01-01 24:00"]],
    ids=lambda words: words[-1],
)
def test_what_is_no_date_is_refused_alike(words):
    def said(table):
        with pytest.raises(DataError) as caught:
            table.times("t")
        return str(caught.value).partition(": ")[2]

    assert said(read_plain_table([{"t": word} for word in words])) == said(read_table(pl.DataFrame({"t": words})))


def test_objects_of_time():
    start = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    rows = [{"t": start}, {"t": start + timedelta(hours=1)}]
    assert read_plain_table(rows).times("t").tolist() == [datetime(2024, 1, 1, 10), datetime(2024, 1, 1, 11)]
    assert start.astimezone(UTC).hour == 10
    assert read_plain_table([{"t": date(2024, 1, 1)}]).times("t").tolist() == [datetime(2024, 1, 1)]
    assert read_plain_table([{"t": np.datetime64("2024-01-01")}]).times("t").dtype == "M8[us]"
    assert read_plain_table([{"t": 3}, {"t": 4}]).times("t").tolist() == [3, 4]
    with pytest.raises(DataError, match="'t' is empty on row 1"):
        read_plain_table([{"t": 1}, {"t": None}]).times("t")


CSV = [
    "t,a,b\n2024-01-01,1,x\n2024-01-02,NA,y\n2024-01-03,3.5,z\n",
    "t;a;b\n2024-01-01;-1e3;\n2024-01-02;2;true\n\n2024-01-03;3;false\n",
    '\ufefft,a,"b, c"\r\n2024-01-01, 7 ,"say ""hi"""\r\n2024-01-02,8,\r\n2024-01-03,9,?\r\n\r\n',
    "t,a\n2024-01-01,.5\n2024-01-02\n2024-01-03,1.\n",
    "t\ta\n2024-01-01\ttrue\n2024-01-02\tFalse\n2024-01-03\ttrue\n",
]


@pytest.mark.parametrize("text", CSV)
def test_files_are_read_alike(text, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode())
    ours, theirs = read_plain_table(path), read_table(path)
    assert ours.columns == theirs.columns
    assert len(ours) == len(theirs)
    assert ours.numeric_columns() == theirs.numeric_columns()
    assert ours.where(1) == theirs.where(1) == "line 3"
    np.testing.assert_array_equal(ours.numbers("a"), theirs.numbers("a"))
    for name in theirs.columns:
        cells = [None if cell != cell else cell for cell in theirs.cells(name)]
        assert ours.cells(name) == cells


@pytest.mark.parametrize("column", ["1_000", "x", "0x1"])
def test_what_is_no_number_is_refused_alike(column, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(f"a\n1\n{column}\n3\n")
    with pytest.raises(DataError) as ours:
        read_plain_table(path).numbers("a")
    with pytest.raises(DataError) as theirs:
        read_table(path).numbers("a")
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("gaps", ["interpolate", "mask"])
def test_a_series_is_the_same(gaps, tmp_path):
    path = tmp_path / "data.csv"
    rows = [f"2024-01-{day:02},{day * 1.5},{'' if day == 5 else day}" for day in range(1, 20) if day not in (7, 8)]
    path.write_text("\n".join(["day,load,heat", *rows[::-1]]))
    chosen = {"target": "load", "time": "day", "features": "heat", "gaps": gaps}
    ours, theirs = series_from_table(read_plain_table(path), **chosen), make_series(path, **chosen)
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(ours.observed, theirs.observed)
    assert (ours.time_index, ours.columns, ours.warnings) == (theirs.time_index, theirs.columns, theirs.warnings)
    records = pl.read_csv(path).to_dicts()
    np.testing.assert_array_equal(series_from_table(read_plain_table(records), **chosen).values, theirs.values)


def test_sequences_of_a_long_table_are_the_same(tmp_path):
    path = tmp_path / "long.csv"
    rng = np.random.default_rng(0)
    rows = [f"{'abc'[i % 3]},{t},{rng.normal():.4f},{rng.integers(9)}" for t in range(6) for i in range(3)]
    rng.shuffle(rows)
    path.write_text("\n".join(["who,ms,x,y", *rows]))
    ours = sequences_from_table(read_plain_table(path), "who", "ms", ["x", "y"], None)
    theirs = make_sequences(path, group="who", time="ms", features=["x", "y"])
    np.testing.assert_array_equal(ours.values, theirs.values)
    assert ours.lengths.tolist() == theirs.lengths.tolist()
    assert ours.names is not None and theirs.names is not None
    assert list(ours.names) == list(theirs.names)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (np.zeros((2, 3, 4)), r"Expected an array of shape \(rows, columns\)"),
        ([[1, 2], [3]], "differ in length"),
        ([{"a": 1}, 2], "Row 1 is int; expected a mapping"),
        (pl.DataFrame({"a": [1]}), r"cannot be read from DataFrame.*table\.to_dicts\(\)"),
        ("data.parquet", "There is no file"),
    ],
)
def test_what_cannot_be_read_says_why(source, said):
    with pytest.raises(DataError, match=said):
        read_plain_table(source)


def test_a_row_with_too_many_fields_is_named(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(DataError, match="line 3 has 3 fields, and the header 2"):
        read_plain_table(path)


def test_a_field_that_is_too_long_is_named(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n1," + "9" * 200_000)
    for read in (read_plain_table, read_table):
        with pytest.raises(DataError, match="read at line 3: a field has more than 131,072 characters"):
            read(path)


WORDS = ["1", "-7", "0", "2.5", "", "NA", "true", "False", "x", "007", "9" * 25, "1e400", " 3", "1_000", "2024-01-01"]


@examples(200)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)), min_size=1, max_size=12), st.data())
def test_a_file_read_part_by_part_is_the_file_read_at_once(tmp_path_factory, rows, data):
    path = tmp_path_factory.mktemp("parts") / "x.csv"
    path.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    at_once = read_plain_table(path, text="b")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_tables, "BLOCK", data.draw(st.integers(2, 8)))
        by_parts = read_plain_table(path, text="b")
    whole, joined = at_once.content["a"], by_parts.content["a"]
    assert type(whole) is type(joined)
    if isinstance(whole, np.ndarray):
        np.testing.assert_array_equal(whole, joined, strict=True)
    else:
        assert whole == joined
    assert at_once.content["b"] == by_parts.content["b"] == [b for _, b in rows]


START = np.datetime64("2000-01-01T00:00")


@pytest.mark.parametrize("row", ["{0}7,{0},1,{0}", "{1},{0},,shop{0}"])
def test_memory_is_at_most_ten_times_the_file(row, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b,c,d\n" + "".join(row.format(i % 10, START + i) + "\n" for i in range(100_000)))
    read_plain_table(path)
    tracemalloc.start()
    table = read_plain_table(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(table) == 100_000
    assert peak <= 10 * path.stat().st_size + 20 * 2**20  # the words of one part
