"""Any table a user may hold (file, pandas, polars, pyarrow, NumPy) behind one small class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

import narwhals as nw
import numpy as np
import polars as pl

from seqwise.data.columns import NULL_WORDS, ROWS, ColumnTable, array_of_words, columns_of_array
from seqwise.data.dates import dates_from_parts
from seqwise.data.files import check_header, existing_file, records, separated_text
from seqwise.data.time_columns import read_time_column, stripped, zone_of_column
from seqwise.data.time_zones import in_utc, zone_of_datetimes
from seqwise.errors import DataError

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame, IntoSeries

# what `read_table` takes
TableSource: TypeAlias = "Table | str | Path | np.ndarray | Iterable[Any] | IntoFrame | IntoSeries"

TYPICAL = 1000  # rows that show what a column of a text file holds


@dataclass(frozen=True)
class Table(ColumnTable):
    """A table with named columns, the kind of object it came from and what messages call it; see `ColumnTable`.

    Attributes:
        frame: the columns, behind narwhals' common interface.
    """

    frame: nw.DataFrame[Any]
    kind: str
    label: str
    first_line: int | None = None
    index: str | None = None

    @property
    def columns(self) -> list[str]:
        return self.frame.columns

    def __len__(self) -> int:
        return len(self.frame)

    def column(self, name: str) -> nw.Series[Any]:
        """Return a column, or raise `DataError` with the nearest name."""
        self.check_column(name)
        return self.frame.get_column(name)

    def numeric_columns(self) -> list[str]:
        schema = self.frame.schema
        return [name for name in self.columns if schema[name].is_numeric()]

    def cells(self, name: str) -> list[Any]:
        return self.column(name).to_list()

    def own_numbers(self, name: str) -> np.ndarray:
        column = self.column(name)
        if column.dtype.is_numeric() and not column.is_null().any():
            values = column.to_numpy()
            if values.dtype.kind in "iub" or (values.dtype.kind == "f" and np.isfinite(values).all()):
                return values
        return self.numbers(name)

    def shared_numbers(self, name: str) -> np.ndarray:
        column = self.column(name)
        if self.kind in ("polars", "pyarrow") and column.dtype == nw.Float64 and not column.is_null().any():
            values = column.to_numpy()
            if np.isfinite(values).all():
                return values
        return self.numbers(name)

    def grouped(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        column = self._groups(name)
        groups = pl.DataFrame([column]).with_row_index("row").group_by("name", maintain_order=True).agg("row")
        lengths = groups["row"].list.len().to_numpy().astype(np.int64)
        return groups["row"].explode().to_numpy().astype(np.int64), lengths, groups["name"].to_numpy()

    def together(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        column = self._groups(name)
        others = (column.slice(1) != column.head(len(column) - 1)).arg_true().to_numpy()  # the last row of each but one
        starts = np.concatenate([np.zeros(1, np.int64), others.astype(np.int64) + 1])
        names = column.gather(starts)
        if names.n_unique() < len(names):
            return None
        return np.diff(starts, append=len(column)), names.to_numpy()

    def _groups(self, name: str) -> pl.Series:
        column = self.column(name).to_polars().alias("name")
        empty = column.is_null().arg_true()
        if len(empty):
            raise self.empty_group(name, empty.to_list())
        return column

    def labels(self, name: str) -> np.ndarray:
        column = self.column(name).to_polars()
        missing = column.is_null()
        if column.dtype.is_float():
            missing |= column.is_nan()
        empty = missing.arg_true()
        if len(empty):
            raise self.empty_label(name, int(empty[0]))
        if column.dtype == pl.String:
            parts = (column.slice(start, ROWS) for start in range(0, len(column), ROWS))
            return np.concatenate([array_of_words(part.to_list()) for part in parts])
        return column.to_numpy()

    def times(self, names: str | list[str], *, fractions: bool = False) -> np.ndarray:
        if isinstance(names, list):
            if len(names) > 1:
                return dates_from_parts(self, names)
            names = names[0]
        return read_time_column(self, names, self.column(names), fractions=fractions)

    def time_zone(self, names: str | list[str]) -> str | None:
        name = names if isinstance(names, str) else names[0]
        return None if isinstance(names, list) and len(names) > 1 else zone_of_column(self, name, self.column(name))

    def _values(self, name: str) -> np.ndarray:
        column = self.column(name)
        if column.dtype.is_temporal():
            raise self.dates_for_numbers(name)
        if column.dtype.is_numeric() or column.dtype == nw.Boolean:
            return np.array(column.cast(nw.Float64).to_numpy(), dtype=np.float64)
        words = stripped(column)
        words = words.set(words.is_in(NULL_WORDS).fill_null(False), None)
        values = words.cast(pl.Float64, strict=False)
        bad = (values.is_null() & words.is_not_null()).arg_true()
        if len(bad):
            raise self.text_for_numbers(name, words, bad)
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
        return _read_file(Path(source), text)
    if isinstance(source, (list, tuple, np.ndarray)):
        try:
            return _from_array(np.asanyarray(source))
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
        raise _named_twice(error) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.Series):
        frame = frame.to_frame()
    kind = frame.implementation.value
    index = None
    if kind == "pandas":
        try:
            frame, index = _index_as_column(frame)
        except nw.exceptions.DuplicateError as error:  # the columns 1 and "1"
            raise _named_twice(error) from None
    if kind == "polars":
        frame = nw.from_native(_without_long_integers(nw.to_native(frame)), eager_only=True)
    if len(frame) == 0:
        raise DataError(f"The {kind} table has no rows. Pass at least one window and one horizon of rows.")
    return Table(frame, kind, f"the {kind} table", index=index)


def _named_twice(error: Exception) -> DataError:
    name = str(error).partition("'")[2].partition("'")[0]
    return DataError(f"The table has two columns called {name!r}; give each its own name.")


def _without_long_integers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return integers of more than 64 bits, which NumPy does not have, as texts: as names they stay what they are."""
    long = [name for name, kind in frame.schema.items() if str(kind) in ("Int128", "UInt128")]
    return frame.with_columns(pl.col(long).cast(pl.String))


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
    frame = pl.DataFrame(columns_of_array(array))
    return Table(nw.from_native(frame), "numpy", "the array")


def _read_file(path: Path, text: str | None) -> Table:
    path = existing_file(path, "CSV or Parquet")
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".txt", ".parquet", ".pq"):
        raise DataError(
            f"{path.name}: expected a .csv, .tsv, .txt or .parquet file, got {repr(suffix) if suffix else 'none'}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty (0 bytes). Export it again, with a header line and one row a timestep.")
    try:
        if suffix in (".parquet", ".pq"):
            frame, first_line = read_parquet(path), None
        else:
            frame, first_line = _read_text(path, text)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"{path.name} cannot be read as {suffix[1:]}: {str(error).splitlines()[0]}") from error
    if frame.height == 0:
        raise DataError(f"{path.name} has a header ({', '.join(frame.columns[:6])}) but no rows.")
    return Table(nw.from_native(frame), "polars", path.name, first_line)


def read_parquet(path: Path) -> pl.DataFrame:
    """Read a Parquet file; a damaged one, at which polars may panic, is a `DataError`."""
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, MemoryError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path.name} cannot be read as {path.suffix[1:]}: {line[:300]}") from error


def _read_text(path: Path, text: str | None) -> tuple[pl.DataFrame, int | None]:
    """Return a text file's table and the line of its first row; None where a record may take several lines."""
    raw = path.read_bytes()
    content, separator = separated_text(raw, path.name)
    if b"\n" not in raw:
        raw = content.encode()
    check_header(next(records(content, separator, path.name), []), path.name)
    if raw.endswith((b"\n\n", b"\n\r\n")):
        raw = raw.rstrip(b"\r\n")
    if raw.count(b'"') % 2 or raw.endswith((b'\n"', f'{separator}"'.encode())):  # at the latter polars panics
        raw = _quoted(content, separator, path.name)
    # a blank line in the middle would otherwise become a row of nulls, which the gap rules then report
    try:
        frame = _read_typed(raw, separator)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raw = _quoted(content, separator, path.name)
        frame = _read_typed(raw, separator)
    frame = _without_long_integers(frame)
    first_line = 2 if b'"' not in raw or raw.rstrip(b"\r\n").count(b"\n") == frame.height else None
    if text not in frame.columns or frame.schema[text] != pl.String:
        return frame, first_line
    plain = pl.read_csv(raw, separator=separator, columns=[text], infer_schema=False)
    return frame.with_columns(plain), first_line


def _read_typed(raw: bytes, separator: str) -> pl.DataFrame:
    """Read a table of text whose columns have the types of all of their cells.

    polars takes ten times the file's size to look at all of them first; the first ones say it mostly.
    """
    how: dict[str, Any] = {"separator": separator, "null_values": NULL_WORDS}
    try:
        frame = pl.read_csv(raw, infer_schema_length=TYPICAL, **how)
        if all(column.dtype != pl.String or column.head(TYPICAL).count() for column in frame):
            return frame
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):  # a later cell is of another type
        pass
    return pl.read_csv(raw, infer_schema_length=None, **how)


def _quoted(content: str, separator: str, name: str) -> bytes:
    """Write a table of text again, its quotation marks as polars expects them: ``5" pipe`` is ``"5"" pipe"``.

    Raises:
        DataError: as `records`.
    """
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, "utf-8", newline="")
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(records(content, separator, name))
    stream.flush()
    return written.getvalue()


def to_kind(columns: dict[str, np.ndarray], kind: str) -> IntoFrame | np.ndarray:
    """Build a table of `kind` from columns of equal length; for ``"numpy"`` the numeric columns, stacked.

    Times that `seqwise.data.time_zones.aware` gave a zone keep it.
    """
    if kind == "numpy":
        return np.stack([v for v in columns.values() if v.dtype.kind == "f"], axis=1)
    if kind == "pandas":
        import pandas as pd

        zones = {name: zone for name, values in columns.items() if (zone := zone_of_datetimes(values)) is not None}
        zoned = {name: pd.to_datetime(in_utc(columns[name]), utc=True).tz_convert(zone) for name, zone in zones.items()}
        return pd.DataFrame(columns | zoned)
    frame = pl.DataFrame({name: _as_column(values) for name, values in columns.items()})
    return frame.to_arrow() if kind == "pyarrow" else frame


def _as_column(values: np.ndarray) -> pl.Series:
    if zone_of_datetimes(values) is not None:
        return _in_zone(values)
    nothing = values.dtype == object and all(value is None for value in values)
    return pl.Series([None] * len(values), dtype=pl.String) if nothing else pl.Series(values)


def _in_zone(values: np.ndarray) -> pl.Series:
    """Return datetimes of a zone as a column; polars knows offsets of full hours alone, another one becomes UTC."""
    column = pl.Series(in_utc(values)).dt.replace_time_zone("UTC")
    zone = zone_of_datetimes(values)
    hours = (values[0].utcoffset() or timedelta()) / timedelta(hours=1)
    name = zone.key if isinstance(zone, ZoneInfo) else f"Etc/GMT{-int(hours):+d}" if hours % 1 == 0 else "UTC"
    return column if name == "Etc/GMT+0" else column.dt.convert_time_zone(name)


def is_table(data: object) -> bool:
    """Tell whether `data` is a table in memory, of any library that narwhals knows.

    Raises:
        DataError: it is one, and two of its columns have the same name.
    """
    try:
        return isinstance(nw.from_native(data, pass_through=True, allow_series=False), (nw.DataFrame, nw.LazyFrame))
    except nw.exceptions.DuplicateError as error:
        raise _named_twice(error) from None
