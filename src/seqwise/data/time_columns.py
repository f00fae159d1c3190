"""Time columns of tables behind narwhals: dates, numbers, or text that polars parses."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from seqwise.data.columns import ColumnTable, is_missing
from seqwise.data.dates import check_clock, check_years, dates_from_text, refuse_times, whole_times
from seqwise.data.time_index import MICROSECOND
from seqwise.data.time_zones import zone_of, zone_of_texts
from seqwise.errors import DataError


def read_time_column(table: ColumnTable, name: str, column: nw.Series[Any], *, fractions: bool = False) -> np.ndarray:
    """Return a table's time column, shape (rows,): see `ColumnTable.times`.

    Args:
        fractions: accept fractional numbers, too, and return float64: they sort rows, but count no steps.
    """
    refuse_times(table, name, column.is_null().to_numpy(), "is empty")
    if column.dtype.is_numeric():
        column = column.cast(nw.Float64) if column.dtype.is_decimal() else column
        return whole_times(table, name, column.to_numpy(), fractions=fractions)
    native = column.to_native()
    if _pandas_zone(native) is not None:
        return _checked(table, name, native.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
    if column.dtype in (nw.Duration, nw.Time):
        raise DataError(
            f"{table.label}: the time column {name!r} holds durations or times of day. Give dates, or count the steps: "
            "with pandas df['t'] / pd.Timedelta('1D')."
        )
    if column.dtype.is_temporal():
        if getattr(column.dtype, "time_zone", None):
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return _checked(table, name, column.cast(nw.Datetime("us")).to_numpy())
    words = stripped(column)
    return dates_from_text(table, name, words, lambda form: _parse(words, form))


def zone_of_column(table: ColumnTable, name: str, column: nw.Series[Any]) -> str | None:
    """Return the zone of a table's time column; see `ColumnTable.time_zone`."""
    if column.dtype.is_numeric():
        return None
    zone = _pandas_zone(column.to_native())
    if zone is not None or column.dtype.is_temporal():
        zone = zone or getattr(column.dtype, "time_zone", None)
        if zone is None:
            return None
        return zone_of(table, name, [zone])
    return zone_of_texts(table, name, stripped(column), lambda: read_time_column(table, name, column))


def stripped(column: nw.Series[Any]) -> pl.Series:
    """Return the cells of a column as text without white space around, null where one is missing."""
    if column.dtype == nw.String:
        return column.to_polars().str.strip_chars()
    return pl.Series([None if is_missing(cell) else str(cell).strip() for cell in column.to_list()], dtype=pl.String)


def _pandas_zone(column: Any) -> str | None:
    """Return the zone of a column of pandas, which narwhals does not know by all of its names; None for any other."""
    zone = getattr(getattr(column, "dtype", None), "tz", None)
    if zone is None:
        return None
    return getattr(zone, "key", None) or getattr(zone, "zone", None) or column.iloc[0].strftime("%z")


def _checked(table: ColumnTable, name: str, times: np.ndarray) -> np.ndarray:
    times = times.astype(MICROSECOND, copy=False)
    check_years(table, name, times)
    check_clock(table, name, times)
    return times


def _parse(words: pl.Series, form: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        parsed = words.str.to_datetime(form, strict=False, time_unit="us")
    except pl.exceptions.PolarsError:
        return None
    if parsed.dtype.time_zone:  # type: ignore[attr-defined]
        parsed = parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return parsed.to_numpy().astype(MICROSECOND), parsed.is_null().arg_true().to_numpy()
