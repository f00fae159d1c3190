"""Any table a user may hold (file, pandas, polars, pyarrow, NumPy) behind one small class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl

from seqwise.data.files import decoded, existing_file
from seqwise.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame, IntoSeries

# a column, several, or none; NumPy's columns have numbers
Columns: TypeAlias = str | int | Iterable[str | int] | None
# what `read_table` takes
TableSource: TypeAlias = "Table | str | Path | np.ndarray | Iterable[Any] | IntoFrame | IntoSeries"

NULL_WORDS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"]


@dataclass(frozen=True)
class Table:
    """A table with named columns, the kind of object it came from and what messages call it.

    Attributes:
        frame: the columns, behind narwhals' common interface.
        kind: ``"polars"``, ``"pandas"``, ``"pyarrow"`` or ``"numpy"``; forecasts are returned in the same kind.
        label: the file's name, or the kind, for messages.
        first_line: number of the first row's line in the text file; None where there is no file.
        index: name of the column that was a pandas DatetimeIndex, if there was one.
    """

    frame: nw.DataFrame[Any]
    kind: str
    label: str
    first_line: int | None = None
    index: str | None = None

    @property
    def columns(self) -> list[str]:
        return self.frame.columns

    def where(self, row: int) -> str:
        """Name a row (0-based) as the user sees it: the file's line, or the table's row."""
        return f"row {row}" if self.first_line is None else f"line {row + self.first_line}"

    def column(self, name: str) -> nw.Series[Any]:
        """Return a column, or raise `DataError` with the nearest name."""
        if name not in self.columns:
            raise DataError(f"{self.label} has no column {name!r}.{nearest(name, self.columns)}")
        return self.frame.get_column(name)

    def numeric_columns(self) -> list[str]:
        schema = self.frame.schema
        return [name for name in self.columns if schema[name].is_numeric()]

    def labels(self, name: str) -> np.ndarray:
        """Return a column of labels as it is, shape (rows,).

        Raises:
            DataError: a label is missing; names the row.
        """
        column = self.column(name).to_polars()
        missing = column.is_null()
        if column.dtype.is_float():
            missing |= column.is_nan()
        empty = missing.arg_true()
        if len(empty):
            raise DataError(f"{self.label}: the label {name!r} is empty on {self.where(int(empty[0]))}.")
        return column.to_numpy()

    def texts(self, name: str, expected: str = "texts") -> list[str]:
        """Return a column of text, one item a row; an empty cell is an empty text.

        Args:
            expected: what the column should hold, for the message.

        Raises:
            DataError: a cell holds something else; names the first row.
        """
        values = ["" if is_missing(value) else value for value in self.column(name).to_list()]
        for row, value in enumerate(values):
            if not isinstance(value, str):
                raise DataError(
                    f"{self.label}: column {name!r} holds {type(value).__name__}, {value!r}, on {self.where(row)}; "
                    f"expected {expected}."
                )
        return values

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64, shape (rows,), missing values as NaN.

        Raises:
            DataError: the column holds text that is no number, dates, or infinity; names the first one.
        """
        column = self.column(name)
        if column.dtype.is_temporal():
            raise DataError(
                f"{self.label}: column {name!r} holds dates, but a target or feature must be numeric. "
                f"Pass it as time={name!r}, or leave it out."
            )
        if column.dtype.is_numeric() or column.dtype == nw.Boolean:
            values = np.array(column.cast(nw.Float64).to_numpy(), dtype=np.float64)
        else:
            values = self._parse(name, column)
        infinite = np.flatnonzero(np.isinf(values))
        if infinite.size:
            raise DataError(
                f"{self.label}: column {name!r} is infinite on {self.where(infinite[0])} "
                f"({infinite.size} value(s)). Replace infinity by an empty cell (missing) or a number."
            )
        return values

    def _parse(self, name: str, column: nw.Series[Any]) -> np.ndarray:
        words = pl.Series([None if is_missing(v) else str(v).strip() for v in column.to_list()], dtype=pl.String)
        words = words.set(words.is_in(NULL_WORDS).fill_null(False), None)
        values = words.cast(pl.Float64, strict=False)
        bad = (values.is_null() & words.is_not_null()).arg_true()
        if len(bad):
            row = int(bad[0])
            share = f"{len(bad):,} of {len(words):,} values"
            fix = (
                f"Correct {'it' if len(bad) == 1 else 'them'} or leave the cell empty (missing)."
                if len(bad) < len(words) / 2
                else f"Leave {name!r} out of features, or encode it as numbers "
                f"(pandas: pd.get_dummies(df, columns=[{name!r}]))."
            )
            raise DataError(
                f"{self.label}: column {name!r} must be numeric but holds text: {words[row]!r} on "
                f"{self.where(row)} ({share}). {fix}"
            )
        return values.to_numpy().astype(np.float64)


def read_table(source: TableSource, *, text: str | None = None) -> Table:
    """Wrap a table or read it from a file.

    Args:
        source: path of a ``.csv``, ``.tsv``, ``.txt`` or ``.parquet`` file; a pandas, polars or pyarrow
            table (through narwhals); or a NumPy array, shape (rows,) or (rows, columns), whose columns
            are called ``"0"``, ``"1"``, ….
        text: for a text file, a column to read as it is written, so that "NA", "-" and "007" stay text.

    Raises:
        DataError: there is no such file, it is empty or unreadable, or `source` is something else.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, Path)):
        return _read_file(Path(source).expanduser(), text)
    if isinstance(source, (list, tuple, np.ndarray)):
        try:
            return _from_array(np.asarray(source))
        except ValueError as error:
            if isinstance(error, DataError):
                raise
            raise DataError("The list's rows differ in length; a table needs the same columns in each row.") from None
    try:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] | nw.Series[Any] = nw.from_native(source, allow_series=True)
    except TypeError:
        raise DataError(
            f"Cannot read a table from {type(source).__name__}. Expected a path (CSV, Parquet), a pandas, "
            "polars or pyarrow table, or a NumPy array of shape (rows, columns)."
        ) from None
    except nw.exceptions.DuplicateError as error:
        name = str(error).partition("'")[2].partition("'")[0]
        raise DataError(f"The table has two columns called {name!r}; give each its own name.") from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.Series):
        frame = frame.to_frame()
    kind = frame.implementation.value
    index = None
    if kind == "pandas":
        frame, index = _index_as_column(frame)
    if len(frame) == 0:
        raise DataError(f"The {kind} table has no rows. Pass at least one window and one horizon of rows.")
    return Table(frame, kind, f"the {kind} table", index=index)


def _index_as_column(frame: nw.DataFrame[Any]) -> tuple[nw.DataFrame[Any], str | None]:
    native = nw.to_native(frame)
    native = native.set_axis(native.columns.map(str), axis=1)  # pandas counts unnamed columns 0, 1, …
    if type(native.index).__name__ not in ("DatetimeIndex", "PeriodIndex"):
        return nw.from_native(native), None
    name = native.index.name or ("index" if "time" in native.columns else "time")
    if name in native.columns:  # df.set_index("time", drop=False)
        return nw.from_native(native.reset_index(drop=True)), name
    if type(native.index).__name__ == "PeriodIndex":
        native = native.set_axis(native.index.to_timestamp())
    return nw.from_native(native.rename_axis(name).reset_index()), name


def _from_array(array: np.ndarray) -> Table:
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise DataError(
            f"Expected an array of shape (rows, columns), got {array.shape}. A series is one row a timestep: "
            "Seqwise cuts the (samples, timesteps, features) windows itself. If the windows are already cut, "
            "join them: array.reshape(-1, features)."
        )
    if array.shape[0] == 0:
        raise DataError(f"The array has no rows: its shape is {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise DataError(f"The array holds {array.dtype}, expected numbers: array.astype(float).")
    frame = pl.DataFrame({str(i): array[:, i] for i in range(array.shape[1])})
    return Table(nw.from_native(frame), "numpy", "the array")


def _read_file(path: Path, text: str | None) -> Table:
    existing_file(path, "CSV or Parquet")
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".txt", ".parquet", ".pq"):
        raise DataError(
            f"{path.name}: expected a .csv, .tsv, .txt or .parquet file, got {repr(suffix) if suffix else 'none'}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty (0 bytes). Export it again, with a header line and one row a timestep.")
    try:
        if suffix in (".parquet", ".pq"):
            frame, first_line = pl.read_parquet(path), None
        else:
            frame, first_line = _read_text(path, text), 2
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path.name} cannot be read as {suffix[1:]}: {str(error).splitlines()[0]}") from error
    if frame.height == 0:
        raise DataError(f"{path.name} has a header ({', '.join(frame.columns[:6])}) but no rows.")
    return Table(nw.from_native(frame), "polars", path.name, first_line)


def _read_text(path: Path, text: str | None) -> pl.DataFrame:
    raw = path.read_bytes()
    header = decoded(raw, path.name).partition("\n")[0]
    separator = max(",;\t|", key=header.count)
    if raw.endswith((b"\n\n", b"\n\r\n")):
        raw = raw.rstrip(b"\r\n")
    # a blank line in the middle would otherwise become a row of nulls, which the gap rules then report
    frame = pl.read_csv(
        raw, separator=separator, null_values=NULL_WORDS, infer_schema_length=None, try_parse_dates=False
    )
    if text not in frame.columns or frame.schema[text] != pl.String:
        return frame
    return frame.with_columns(pl.read_csv(raw, separator=separator, columns=[text], infer_schema=False))


def to_kind(columns: dict[str, np.ndarray], kind: str) -> IntoFrame | np.ndarray:
    """Build a table of `kind` from columns of equal length; for ``"numpy"`` the numeric columns, stacked."""
    if kind == "numpy":
        return np.stack([v for v in columns.values() if v.dtype.kind == "f"], axis=1)
    frame = pl.DataFrame({name: pl.Series(name, values) for name, values in columns.items()})
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame(columns)
    return frame.to_arrow() if kind == "pyarrow" else frame


def is_table(data: object) -> bool:
    """Tell whether `data` is a table in memory, of any library that narwhals knows."""
    return isinstance(nw.from_native(data, pass_through=True, allow_series=False), (nw.DataFrame, nw.LazyFrame))


def stack_labels(columns: list[np.ndarray]) -> np.ndarray | None:
    """Stack columns of labels: shape (rows,) for one, (rows, columns) for several; None if there are no columns."""
    return np.stack(columns, axis=1) if len(columns) > 1 else columns[0] if columns else None


def is_missing(value: Any) -> bool:
    """Tell whether an item of a column is a missing value: None, NaN, or pandas' own."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA has no truth value; an array has several
        return not hasattr(value, "__len__")


def as_column_names(value: Columns, what: str) -> list[str]:
    """Return column names as a list of text.

    Args:
        what: the argument that they came by, for the message.

    Raises:
        SettingError: a name occurs twice.
    """
    if value is None:
        return []
    items = [value] if isinstance(value, (str, int, np.integer)) else list(value)
    names = [str(item) for item in items]
    repeated = sorted(name for name in names if names.count(name) > 1)
    if repeated:
        raise SettingError(f"{what} names {repeated[0]!r} twice; name each column once.")
    return names
