"""Forecasts of one series: their values, and their errors beside baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqwise.data import TimeSeries, Windows
from seqwise.errors import DataError
from seqwise.estimators.forecasting.data import SeriesTarget, WindowInput, make_plan
from seqwise.estimators.forecasting.distributions import Distribution
from seqwise.estimators.forecasting.interval_scores import QUANTILE_LEVELS, STATED, evenly, interval_scores
from seqwise.estimators.forecasting.intervals import Intervals
from seqwise.evaluation import ForecastComparison, compare_forecasts
from seqwise.evaluation.forecast_plots import tiles
from seqwise.training import WindowBatches, predict_windows


def forecast_at(
    model: Any,
    inputs: WindowInput,
    target: SeriesTarget,
    series: TimeSeries,
    origins: np.ndarray,
    intervals: Intervals | Distribution | None = None,
    levels: Sequence[float] = (),
    ahead: np.ndarray | None = None,
    since_end: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return forecasts in the data's own units, and the bounds of their intervals.

    Args:
        origins: rows at which they start, shape (samples,).
        levels: of intervals, in percent, ascending.
        ahead: what is known of the rows after the series' end, shape (horizon, known); None where no origin needs it.
        since_end: where the origins lie, counted from the end of the training's series, shape (samples,), for
            intervals that know the errors before them alone; None: all errors.

    Returns:
        the forecast; then the lower bounds, widest level first, and the upper ones; each (samples, horizon, targets).
    """
    values = inputs.prepare(series)
    if ahead is not None:
        rows = np.repeat(series.values[-1:], len(ahead), axis=0)
        rows[:, -inputs.known :] = ahead
        values = np.vstack([values, inputs.scaler.transform(rows)])
    windows = Windows(values, inputs.window, target.horizon, series.targets)
    outputs = predict_windows(model, WindowBatches(windows, series.visible_steps(), None, inputs.known), origins)
    forecasts = [target.finish(outputs)]
    if intervals is not None and levels:
        outputs = outputs if target.timesteps is None else outputs[:, -1]
        past = values[windows.input_rows(origins), : series.targets]
        scaled = intervals.bounds(outputs, past, levels, since_end)
        forecasts += [inputs.scaler.inverse(bound, series.targets) for bound in scaled]
    return forecasts


def compare_series(
    model: Any,
    inputs: WindowInput,
    target: SeriesTarget,
    series: TimeSeries,
    *,
    season: int,
    start: Any,
    intervals: Intervals | Distribution | None = None,
    since_end: int = 0,
    metric: str = "mae",
) -> ForecastComparison:
    """Score the forecasts of every window from a time on, beside the baselines on the same windows.

    Args:
        metric: that decides who is better.
        start: the time at which the test set begins; None where there is none.
        since_end: the place of the series' first row, counted from the end of the training's series.

    Raises:
        DataError: no window lies there.
    """
    window, horizon = inputs.window, target.horizon
    first = _first_row(series, start)
    plan = make_plan(series, window=window, horizon=horizon, validation=0, test=0)
    origins = np.asarray(Windows(series.values, window, horizon, series.targets, first, None, plan.usable).origins)
    if not origins.size:
        raise DataError(
            f"{series.label}: no window of {window} rows with {horizon} observed rows after it lies in the test set, "
            f"from {start} on. "
            + ("Nothing was held back: fit with test=0.1." if start is None else "Bring later rows.")
        )
    (forecast,) = forecast_at(model, inputs, target, series, origins)
    comparison = compare_forecasts(series, origins, forecast, season=season, fit_rows=max(first, window), metric=metric)
    if intervals is not None:
        scored = evenly(len(origins))
        own, *bounds = forecast_at(
            model,
            inputs,
            target,
            series,
            origins[scored],
            intervals,
            QUANTILE_LEVELS,
            since_end=origins[scored] + since_end,
        )
        comparison.intervals.update(interval_scores(comparison.truth[scored], own, bounds))
        drawn = origins[tiles(origins, horizon)]
        _, *bounds = forecast_at(model, inputs, target, series, drawn, intervals, STATED, since_end=drawn + since_end)
        comparison.bands.update({level: (bounds[1 - i], bounds[2 + i]) for i, level in enumerate(STATED)})
    return comparison


def _first_row(series: TimeSeries, start: Any) -> int:
    if start is None:
        return len(series)
    place = series.time_index.positions(np.array([start], dtype=series.times.dtype))[0]
    return int(max(np.ceil(place), 0))


def forecast_columns(series: TimeSeries, times: np.ndarray, forecast: np.ndarray) -> dict[str, np.ndarray]:
    """Return a forecast as named columns: the time (``"step"`` where rows are only numbered), each target."""
    name = "step" if series.time is None else series.time if isinstance(series.time, str) else "time"
    times = times if times.dtype.kind == "U" else series.time_index.with_zone(times)
    return {name: times} | {target: forecast[:, j] for j, target in enumerate(series.target_names)}
