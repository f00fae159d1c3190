"""Time columns of tables behind narwhals: dates, numbers, or text that polars parses."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from seqwise.data.columns import ColumnTable
from seqwise.data.dates import dates_from_text, refuse_times, whole_times
from seqwise.data.time_index import MICROSECOND


def read_time_column(table: ColumnTable, name: str, column: nw.Series[Any], *, fractions: bool = False) -> np.ndarray:
    """Return a table's time column, shape (rows,): see `ColumnTable.times`.

    Args:
        fractions: accept fractional numbers, too, and return float64: they sort rows, but count no steps.
    """
    refuse_times(table, name, column.is_null().to_numpy(), "is empty")
    if column.dtype.is_numeric():
        return whole_times(table, name, column.to_numpy(), fractions=fractions)
    if column.dtype.is_temporal():
        if getattr(column.dtype, "time_zone", None):
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.cast(nw.Datetime("us")).to_numpy().astype(MICROSECOND)
    words = pl.Series([str(v).strip() for v in column.to_list()])
    return dates_from_text(table, name, words.to_list(), lambda form: _parse(words, form))


def _parse(words: pl.Series, form: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        parsed = words.str.to_datetime(form, strict=False, time_unit="us")
    except pl.exceptions.PolarsError:
        return None
    if parsed.dtype.time_zone:  # type: ignore[attr-defined]
        parsed = parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return parsed.to_numpy().astype(MICROSECOND), parsed.is_null().arg_true().to_numpy()
