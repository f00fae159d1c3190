"""A series as rows of a table again, and made-up rows to come that repeat the last ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.data.panels import Panel
from seqwise.estimators.forecasting.ahead import times_ahead
from seqwise.export.web.pipeline import time_texts

PARTS = ("Y", "M", "D", "h", "m", "s")  # of a date in several columns


def rows_ahead(known: TimeSeries | Panel, horizon: int) -> dict[str, list[Any]] | None:
    """Return made-up rows to come, with their columns known in advance; None where no column is.

    Each column repeats its last `horizon` rows.
    """
    names = known.covariates.future
    if not names:
        return None
    if not isinstance(known, Panel):
        return time_columns(known, times_ahead(known, horizon)[0]) | _repeated(known, names, horizon)
    parts = [_repeated(known.one(s), names, horizon) for s in range(len(known))]
    times = time_columns(known, times_ahead(known, horizon).ravel())
    series = {known.series: np.repeat(known.names, horizon).tolist()}
    return series | times | {name: [value for part in parts for value in part[name]] for name in names}


def time_columns(known: TimeSeries | Panel, times: np.ndarray) -> dict[str, list[Any]]:
    """Return the time column, or the columns of its parts, of rows at these times; none where rows are counted."""
    if known.time is None:
        return {}
    if isinstance(known.time, str):
        return {known.time: time_texts(known.time_index.with_zone(times)).tolist()}
    columns: dict[str, list[Any]] = {}
    before = np.zeros(len(times), "M8[Y]")
    for name, unit in zip(known.time, PARTS, strict=False):
        now = times.astype(f"M8[{unit}]")
        first = 1970 if unit == "Y" else 1 if unit in "MD" else 0
        columns[name] = ((now - before.astype(now.dtype)).astype(np.int64) + first).tolist()
        before = now
    return columns


def covariate_columns(series: TimeSeries, names: tuple[str, ...], rows: slice) -> dict[str, list[Any]]:
    """Return columns of the table as they were before words became columns of 0 and 1; None where nothing was seen."""
    columns: dict[str, list[Any]] = {}
    for name in names:
        places = [series.columns.index(column) for column in series.covariates.expanded([name])]
        values = series.values[rows][:, places]
        seen = np.ones(len(values), bool)
        if series.gaps == "mask" and series.observed is not None:
            seen = series.observed[rows][:, places[0]]
        words = series.covariates.categories.get(name)
        if words is None:
            cells: list[Any] = values[:, 0].tolist()
        else:
            cells = [words[int(row.argmax())] if row.any() else f"no {name}" for row in values]
        columns[name] = [cell if there else None for cell, there in zip(cells, seen, strict=True)]
    return columns


def _repeated(series: TimeSeries, names: tuple[str, ...], horizon: int) -> dict[str, list[Any]]:
    last = covariate_columns(series, names, slice(max(len(series) - horizon, 0), len(series)))
    columns: dict[str, list[Any]] = {}
    for name, values in last.items():
        newest = next((value for value in reversed(values) if value is not None), None)
        repeated = np.resize(np.array(values, dtype=object), horizon).tolist()
        columns[name] = [newest if value is None else value for value in repeated]
    return columns
