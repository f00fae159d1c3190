"""One small table from any source: what is read is what pandas reads."""

import datetime
import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from seqwise.data import Table, read_table, to_kind

FRAME = pd.DataFrame({"day": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": [1.5, np.nan, -3.0], "n": [1, 2, 3]})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_text_files_read_as_pandas_does(tmp_path, separator, ending, start):
    text = FRAME.to_csv(sep=separator, index=False, lineterminator=ending)
    path = tmp_path / "a.csv"
    path.write_bytes(start + text.encode())
    table = read_table(path)
    twin = pd.read_csv(io.StringIO(text), sep=separator)
    assert table.columns == list(twin.columns)
    for name in ("y", "n"):
        np.testing.assert_array_equal(table.numbers(name), twin[name].to_numpy(float))
    assert (table.kind, table.label, table.where(0), table.where(2)) == ("polars", "a.csv", "line 2", "line 4")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt", "CSV"])
def test_the_usual_suffixes(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    FRAME.to_csv(path, sep="\t", index=False)
    assert read_table(str(path)).columns == list(FRAME.columns)


@pytest.mark.parametrize("suffix", ["parquet", "pq"])
def test_parquet(tmp_path, suffix):
    pl.from_pandas(FRAME).write_parquet(tmp_path / f"a.{suffix}")
    table = read_table(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(table.numbers("y"), FRAME["y"])
    assert table.where(2) == "row 2"  # a Parquet file has no lines


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"])
def test_words_for_missing_values(tmp_path, word):
    path = tmp_path / "a.csv"
    path.write_text(f"x,y\n1,2.5\n2,{word}\n3,-1e3\n")
    np.testing.assert_array_equal(read_table(path).numbers("y"), [2.5, np.nan, -1000])
    held = read_table(pd.DataFrame({"y": ["2.5", f" {word} ", " -1e3"]}, dtype=object))
    np.testing.assert_array_equal(held.numbers("y"), [2.5, np.nan, -1000])


def test_blank_lines_at_the_end_are_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    for ending in ("\n", "\r\n"):
        path.write_bytes(("t,y\n1,2\n3,4" + ending * 4).encode())
        np.testing.assert_array_equal(read_table(path).numbers("t"), [1, 3])


def kinds() -> dict:
    return {
        "pandas": FRAME,
        "polars": pl.from_pandas(FRAME),
        "pyarrow": pa.Table.from_pandas(FRAME),
        "lazy": pl.from_pandas(FRAME).lazy(),
    }


@pytest.mark.parametrize("kind", list(kinds()))
def test_tables_in_memory(kind):
    table = read_table(kinds()[kind])
    assert table.kind == ("polars" if kind == "lazy" else kind)
    assert table.label == f"the {table.kind} table"
    assert table.numeric_columns() == ["y", "n"]
    np.testing.assert_array_equal(table.numbers("y"), FRAME["y"])
    np.testing.assert_array_equal(table.numbers("n"), FRAME["n"])
    assert read_table(table) is table


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [(pl.Int32, [1, None, 3], [1, np.nan, 3]), (pl.UInt8, [1, 2, None], [1, 2, np.nan]),
     (pl.Boolean, [True, False, True], [1, 0, 1]), (pl.Float32, [0.5, None, 2], [0.5, np.nan, 2]),
     (pl.String, ["1", None, " 2.5 "], [1, np.nan, 2.5]), (pl.Decimal(10, 2), [1.25, 2, None], [1.25, 2, np.nan])],
    ids=lambda value: str(value) if isinstance(value, type) else "",
)  # fmt: skip
def test_every_type_of_number_becomes_float64(kind, dtype, values, expected):
    frame = pl.DataFrame({"y": values}, strict=False).with_columns(pl.col("y").cast(dtype))
    native = {"polars": frame, "pandas": frame.to_pandas(), "pyarrow": frame.to_arrow()}[kind]
    found = read_table(native).numbers("y")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


def test_nullable_pandas_columns():
    frame = pd.DataFrame({"y": pd.array([1, None, 3], dtype="Int64"), "x": pd.array([None, 0.5, 1], dtype="Float64")})
    np.testing.assert_array_equal(read_table(frame).numbers("y"), [1, np.nan, 3])
    np.testing.assert_array_equal(read_table(frame).numbers("x"), [np.nan, 0.5, 1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8, bool, ">f8", np.float16])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (3, 2)])
def test_arrays(dtype, shape):
    array = np.array([0, 1, 1, 0, 1, 1]).astype(dtype).reshape(shape)
    table = read_table(array)
    assert table.columns == [str(j) for j in range(shape[1] if len(shape) > 1 else 1)]
    columns = np.stack([table.numbers(name) for name in table.columns], axis=1)
    np.testing.assert_array_equal(columns, array.reshape(shape[0], -1).astype(float))
    assert (table.kind, table.label) == ("numpy", "the array")


def test_lists_are_arrays():
    np.testing.assert_array_equal(read_table([[1, 2], [3, 4], [5, 6]]).numbers("1"), [2, 4, 6])


@pytest.mark.parametrize(
    "make",
    [lambda s: s, lambda s: pl.Series("y", s.to_list()), lambda s: s.to_frame()],
    ids=["pandas", "polars", "frame"],
)
def test_a_single_series_is_a_table_of_one_column(make):
    np.testing.assert_array_equal(read_table(make(pd.Series([1.0, 2.0], name="y"))).numbers("y"), [1, 2])


def test_a_pandas_time_index_becomes_a_column():
    index = pd.date_range("2024-01-01", periods=3)
    for frame, name in (
        (pd.DataFrame({"y": [1, 2, 3]}, index=index), "time"),
        (pd.DataFrame({"y": [1, 2, 3]}, index=index.rename("day")), "day"),
        (pd.DataFrame({"y": [1, 2, 3], "time": [4, 5, 6]}, index=index), "index"),
        (pd.DataFrame({"y": [1, 2, 3], "day": index}).set_index("day", drop=False), "day"),
        (pd.DataFrame({"y": [1, 2, 3]}, index=index.to_period("D")), "time"),
    ):
        before = frame.copy()
        table = read_table(frame)
        assert table.index == name
        assert [v.date() for v in table.column(name).to_list()] == [datetime.date(2024, 1, d) for d in (1, 2, 3)]
        pd.testing.assert_frame_equal(frame, before)
    assert read_table(pd.DataFrame({"y": [1]}, index=["a"])).index is None


def test_pandas_columns_that_are_numbers_are_named_by_them():
    table = read_table(pd.DataFrame(np.arange(6.0).reshape(3, 2)))
    assert table.columns == ["0", "1"]
    np.testing.assert_array_equal(table.numbers("1"), [1, 3, 5])


def test_reading_never_changes_the_users_table():
    frame = FRAME.copy()
    frame.columns = [0, 1, 2]  # type: ignore[assignment]
    array = np.array([1.0, np.nan])
    read_table(frame).numbers("1")[:] = 7
    read_table(array).numbers("0")[:] = 7
    assert list(frame.columns) == [0, 1, 2]
    np.testing.assert_array_equal(frame[1], FRAME["y"])
    np.testing.assert_array_equal(array, [1.0, np.nan])


@pytest.mark.parametrize(
    ("kind", "expected"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)]
)
def test_answers_come_in_the_kind_of_the_question(kind, expected):
    times = np.array(["2024-01-01", "2024-02-01"], "M8[us]")
    answer = to_kind({"month": times, "y": np.array([1.0, 2.0])}, kind)
    assert isinstance(answer, expected)
    back = read_table(answer)
    assert back.kind == kind
    np.testing.assert_array_equal(back.numbers("y"), [1, 2])
    assert [str(v)[:10] for v in back.column("month").to_list()] == ["2024-01-01", "2024-02-01"]


def test_an_answer_as_an_array_holds_the_forecasts_alone():
    answer = to_kind({"step": np.array([5, 6]), "a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])}, "numpy")
    np.testing.assert_array_equal(answer, [[1, 3], [2, 4]])


def test_real_files_read_as_pandas_does(shared_data):
    for file in ("airline-passengers.csv", "daily-min-temperatures.csv", "pollution.csv", "ETTh1.csv"):
        table, twin = read_table(shared_data / file), pd.read_csv(shared_data / file)
        assert isinstance(table, Table)
        assert table.columns == list(twin.columns)
        assert table.numeric_columns() == list(twin.select_dtypes("number").columns)
        for name in table.numeric_columns():
            np.testing.assert_array_equal(table.numbers(name), twin[name].to_numpy(float))


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("1", "2.5"),
        ("1", "x"),
        ("", "7"),
        ("", "x"),
        ("true", "x"),
        ("2.5", "x"),
        ("1", "9" * 30),
        ("1", ""),
        ("NA", "2.5"),
    ],
)
def test_a_column_has_the_type_of_all_of_its_cells(tmp_path, first, later):
    path = tmp_path / "late.csv"
    content = "a,b\n" + f"{first},0\n" * 1500 + f"{later},0\n"
    path.write_text(content)
    frame = read_table(path).frame.to_native()
    plain = pl.read_csv(content.encode(), infer_schema_length=None, null_values=["NA"])
    expected = plain.with_columns(pl.col(pl.Int128).cast(pl.String))  # as names they stay what they are
    assert frame.schema == expected.schema
    assert frame.equals(expected)
