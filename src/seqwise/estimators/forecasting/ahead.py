"""What is known of the rows to come: columns of the future, the calendar, what is fixed for a series."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data import TimeSeries, read_table
from seqwise.data.calendar import calendar_values
from seqwise.data.panels import Panel
from seqwise.data.time_index import read_times
from seqwise.errors import DataError, SettingError

MOST_NAMED = 3  # rows of a message
FIX = "forecaster.future_frame(), or seqwise predict RUN --future-frame FILE, gives the rows to fill in."


def future_rows(known: TimeSeries | Panel, horizon: int) -> dict[str, np.ndarray]:
    """Return the columns of the rows to come: the series where there are many, the time, what is known in advance."""
    covariates = known.covariates
    times = known.time_index.with_zone(times_ahead(known, horizon).ravel())
    words = covariates.categories
    empty = {
        name: np.full(times.size, None, object) if name in words else np.full(times.size, np.nan)
        for name in covariates.future
    }
    if isinstance(known, Panel):
        return {known.series: np.repeat(known.names, horizon), known.time or "step": times} | empty
    time = "step" if known.time is None else known.time if isinstance(known.time, str) else "time"
    return {time: times} | empty


def known_ahead(known: TimeSeries | Panel, horizon: int, future: Any) -> np.ndarray | None:
    """Return what is known of the rows after each series' end; None where nothing is read of them.

    Args:
        future: a table of the columns that are known in advance, with those of time and series.

    Returns:
        float64, shape (series, horizon, known): the last `known` columns; for one series, shape (1, horizon, known).

    Raises:
        DataError: a value is missing; names the columns and the times.
        SettingError: a table came, and nothing is read of it.
    """
    covariates = known.covariates
    if not covariates.future and future is not None:
        raise SettingError("The model reads no column that is known in advance: leave future_df out.")
    if not covariates.known:
        return None
    times = known.time_index.on_clocks(times_ahead(known, horizon))
    count = len(times)
    parts = [np.empty((count, horizon, 0))]
    if isinstance(known, Panel):
        fixed = [known.columns.index(name) for name in covariates.expanded(covariates.static)]
        last = known.values[known.starts[1:] - 1][:, fixed]
        parts.append(np.repeat(last[:, None], horizon, axis=1))
    if covariates.future:
        parts.append(_read(known, times, future))
    calendar = calendar_values(covariates.calendar, times.ravel())
    parts.append(calendar.reshape(count, horizon, calendar.shape[1]))
    return np.concatenate(parts, axis=2)


def _read(known: TimeSeries | Panel, times: np.ndarray, future: Any) -> np.ndarray:
    """Return the columns of the future from a table, float64, shape (series, horizon, columns).

    Args:
        times: of the rows to come, as the clocks show them, shape (series, horizon).
    """
    covariates = known.covariates
    columns = covariates.expanded(covariates.future)
    listed = ", ".join(map(repr, covariates.future))
    if future is None:
        first, last = str(times.min()), str(times.max())
        raise DataError(
            f"The forecast needs {listed} of the rows to come, from {_short(first)} to {_short(last)}: pass them, "
            f"predict(future_df=…). {FIX}"
        )
    table = read_table(future)
    if table.kind == "numpy" and len(table.columns) == len(covariates.future):
        table = read_table(dict_table(table, covariates.future))
    count, horizon = times.shape
    values = covariates.values(table, covariates.future, [])
    ahead = np.full((count, horizon, len(columns)), np.nan)
    if isinstance(known, Panel):
        place = {name: s for s, name in enumerate(known.names.tolist())}
        series = np.array([place.get(name, -1) for name in table.labels(known.series).tolist()])
        if known.time is None:
            raise SettingError("The rows of these series are only counted, so rows to come cannot be told apart.")
        positions = _positions(known, table, [known.time])
        steps = np.round(positions - (known.first + known.lengths)[series]).astype(np.int64)
    else:
        series = np.zeros(len(table), np.int64)
        if known.time is None or table.kind == "numpy":
            steps = np.arange(len(table))
        else:
            steps = np.round(_positions(known, table, known.time) - len(known)).astype(np.int64)
    inside = (series >= 0) & (steps >= 0) & (steps < horizon)
    ahead[series[inside], steps[inside]] = values[inside]
    _check_complete(known, times, ahead)
    return ahead


def _positions(known: TimeSeries | Panel, table: Any, time: str | list[str]) -> np.ndarray:
    """Return the places of a table's rows on the time index, whose clock they are read on, shape (rows,)."""
    times, _, _ = read_times(table, time, known.time_index)
    return known.time_index.positions(times)


def _check_complete(known: TimeSeries | Panel, times: np.ndarray, ahead: np.ndarray) -> None:
    covariates = known.covariates
    missing = np.isnan(ahead)
    if not missing.any():
        return
    lacking: list[str] = []
    first = 0
    for name in covariates.future:
        width = len(covariates.expanded([name]))
        if missing[..., first : first + width].any():
            lacking.append(name)
        first += width
    rows = np.argwhere(missing.any(axis=2))
    named = [
        _short(str(times[s, step])) + (f" of {str(known.names[s])!r}" if isinstance(known, Panel) else "")
        for s, step in rows[:MOST_NAMED].tolist()
    ]
    more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    raise DataError(
        f"The forecast needs what is known in advance, but future_df lacks {', '.join(map(repr, lacking))} at "
        f"{', '.join(named)}{more}. {FIX}"
    )


def dict_table(table: Any, names: tuple[str, ...]) -> Any:
    """Return an array's columns under other names."""
    import polars as pl

    return pl.DataFrame({name: table.numbers(own) for name, own in zip(names, table.columns, strict=True)})


def times_ahead(known: TimeSeries | Panel, horizon: int) -> np.ndarray:
    """Return the times of the rows to come, shape (series, horizon)."""
    if isinstance(known, TimeSeries):
        return known.time_index.at(np.arange(len(known), len(known) + horizon))[None]
    steps = known.lengths[:, None] + np.arange(horizon)
    return known.times(np.broadcast_to(np.arange(len(known))[:, None], steps.shape), steps)


def _short(time: str) -> str:
    return time.removesuffix("T00:00:00.000000").removesuffix(".000000").replace("T", " ")
