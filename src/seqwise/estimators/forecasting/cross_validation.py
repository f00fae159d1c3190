"""Forecasts from several past origins, beside what came: a long table in the form of Nixtla's libraries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.data.panels import Panel
from seqwise.errors import DataError, SettingError, is_whole_number
from seqwise.estimators.forecasting.interval_columns import bound_names

MODEL = "Forecaster"  # the column of the forecasts


def cross_validate(
    data: TimeSeries | Panel,
    *,
    train: Callable[[Any], Any],
    horizon: int,
    n_windows: int,
    step_size: int,
    refit: bool,
    levels: Sequence[float],
) -> dict[str, np.ndarray]:
    """Forecast from `n_windows` cutoffs, the latest one horizon before the end of each series.

    Args:
        train: given the rows up to a cutoff, returns a Forecaster trained on them.
        step_size: rows from one cutoff to the next.
        refit: train anew at each cutoff; else once, at the first.
        levels: of intervals, in percent.

    Returns:
        the columns of a long table: series, time, ``cutoff``, truth, ``Forecaster`` and its bounds. Each
        target of a single series is listed as a series.

    Raises:
        DataError, SettingError: there are too few rows, or a number is out of range.
    """
    for name, value in (("n_windows", n_windows), ("step_size", step_size)):
        if not is_whole_number(value, least=1):
            raise SettingError(f"{name}={value!r}: expected a whole number, at least 1.")
    fitted = None
    tables: list[dict[str, np.ndarray]] = []
    for k in reversed(range(n_windows)):
        past = _before(data, horizon + step_size * k)
        if fitted is None or refit:
            fitted = train(past)
        if isinstance(data, Panel):
            tables.append(_of_panel(fitted, data, past, levels))
        else:
            tables.append(_of_series(fitted, data, past, levels))
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _before(data: TimeSeries | Panel, rows: int) -> Any:
    """Return the data without the last `rows` rows of each series."""
    if isinstance(data, Panel):
        return data.shortened(rows)
    if len(data) <= rows:
        raise DataError(f"{data.label} has {len(data):,} rows; the first cutoff lies {rows:,} rows before its end.")
    return data.head(len(data) - rows)


def _of_series(fitted: Any, data: TimeSeries, past: TimeSeries, levels: Sequence[float]) -> dict[str, np.ndarray]:
    horizon, known = int(fitted.horizon), data.covariates.known
    rows = np.arange(len(past), len(past) + horizon)
    ahead = data.values[None, rows, -known:] if known else None
    coming = fitted._forecast_after(past, levels, ahead)
    truth, targets = data.truth()[rows], data.targets
    time = data.time if isinstance(data.time, str) else "ds"
    cutoff = data.time_index.at(np.array([len(past) - 1]))
    columns = {
        "unique_id": np.repeat(np.array(data.target_names, dtype=object), horizon),
        time: np.tile(data.time_index.with_zone(coming.times[0]), targets),
        "cutoff": np.repeat(data.time_index.with_zone(cutoff), targets * horizon),
        "y" if targets > 1 else data.target_names[0]: truth.T.ravel(),
        MODEL: coming.values[0].T.ravel(),
    }
    return columns | dict(zip(bound_names(MODEL, levels), (b[0].T.ravel() for b in coming.bounds), strict=True))


def _of_panel(fitted: Any, data: Panel, past: Panel, levels: Sequence[float]) -> dict[str, np.ndarray]:
    horizon, known = int(fitted.horizon), data.covariates.known
    kept = np.flatnonzero(np.isin(data.names, past.names))
    rows = np.add.outer(data.starts[kept] + past.lengths, np.arange(horizon))
    coming = fitted._forecast_after(past, levels, data.values[rows, -known:] if known else None)
    seen = True if data.observed is None else data.observed[rows, 0]
    cutoff = past.times(np.arange(len(past)), past.lengths - 1)
    columns = {
        data.series: np.repeat(past.names, horizon),
        data.time or "ds": data.time_index.with_zone(coming.times.ravel()),
        "cutoff": np.repeat(data.time_index.with_zone(cutoff), horizon),
        data.target: np.where(seen, data.values[rows, 0], np.nan).ravel(),
        MODEL: coming.values.ravel(),
    }
    return columns | dict(zip(bound_names(MODEL, levels), map(np.ravel, coming.bounds), strict=True))
