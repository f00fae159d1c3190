"""Forecasts of many series: their values, their errors beside baselines, and what a run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact.last_window import CONTEXT
from seqwise.artifact.reading import RESTORE, read_arrays
from seqwise.data import TimeIndex, Windows
from seqwise.data.covariates import Covariates
from seqwise.data.panels import Panel
from seqwise.errors import BundleError, DataError
from seqwise.estimators.forecasting.distributions import Distribution
from seqwise.estimators.forecasting.interval_scores import QUANTILE_LEVELS, evenly, interval_scores
from seqwise.estimators.forecasting.intervals import Intervals
from seqwise.estimators.forecasting.panel_data import PanelInput, PanelPlan, PanelTarget, plan_forecasts
from seqwise.evaluation import ForecastComparison
from seqwise.evaluation.metrics import naive_scale, score
from seqwise.training import WindowBatches, predict_windows


def forecast_at(
    model: Any,
    inputs: PanelInput,
    target: PanelTarget,
    plan: PanelPlan,
    origins: np.ndarray,
    series: np.ndarray,
    intervals: Intervals | Distribution | None = None,
    levels: Sequence[float] = (),
    ahead: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return forecasts in the data's own units, and the bounds of their intervals, each float64, (samples, horizon).

    Args:
        origins: rows of the padded panel at which they start, shape (samples,).
        series: the number of each origin's series, shape (samples,).
        levels: of intervals, in percent, ascending.
        ahead: what is known of the rows after each series' end, shape (series, horizon, known); the origins are then
            these ends, one of each series.

    Returns:
        the forecast; then the lower bounds, widest level first, and the upper ones.
    """
    panel = plan.panel
    values = plan.padded(inputs.prepare(panel))
    if ahead is not None:
        values, origins = _continued(values, inputs, panel, ahead, origins)
    windows = Windows(values, plan.window, plan.horizon, 1)
    visible = None
    if inputs.masked:
        seen = plan.padded(panel.observed[:, 0]) if panel.gaps == "mask" and panel.observed is not None else True
        visible = plan.real & seen
        if ahead is not None:
            visible = np.insert(visible, np.repeat(plan.starts[1:], plan.horizon), False)
    outputs = predict_windows(model, WindowBatches(windows, visible, None, inputs.known), origins)
    wanted = [target.finish(outputs)]
    if intervals is not None and levels:
        wanted += intervals.bounds(outputs, windows.values[windows.input_rows(origins), :1], levels)
    return [inputs.scaler.inverse(values[..., 0], panel, series) for values in wanted]


def _continued(
    values: np.ndarray, inputs: PanelInput, panel: Panel, ahead: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return scaled values with the rows to come after each series' end, and where these ends lie now."""
    count, horizon, known = ahead.shape
    offset, scale = inputs.scaler.of(panel)
    rows = np.zeros((count, horizon, values.shape[1]), np.float32)
    rows[..., -known:] = (ahead - offset[:, None, -known:]) / scale[:, None, -known:]
    longer: np.ndarray = np.insert(values, np.repeat(ends, horizon), rows.reshape(count * horizon, -1), axis=0)
    return longer, np.asarray(ends + horizon * np.arange(count), np.int64)


def forecast_ends(
    model: Any,
    inputs: PanelInput,
    target: PanelTarget,
    panel: Panel,
    intervals: Any = None,
    levels: Sequence[float] = (),
    ahead: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return what follows each series, and bounds, as `forecast_at` does: each (series, horizon)."""
    plan = plan_forecasts(panel, window=inputs.window, horizon=target.horizon)
    return forecast_at(model, inputs, target, plan, plan.starts[1:], np.arange(len(panel)), intervals, levels, ahead)


def long_columns(panel: Panel, times: np.ndarray, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return forecasts, shape (series, horizon), as the columns of a long table: series, time, target."""
    names = np.repeat(panel.names, values.shape[1])
    shown = panel.time_index.with_zone(times.ravel())
    return {panel.series: names, panel.time or "step": shown, panel.target: values.ravel()}


def rows_from(panel: Panel, names: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return the row of each series at which its test set begins; 0 of a series that was not there in training.

    Args:
        names, until: of the training's series, and the position on the time index at which each one's test set begins.
    """
    if np.array_equal(panel.names, names):
        start = until
    else:
        known = dict(zip(names.tolist(), until.tolist(), strict=True))
        start = np.array([known.get(name, -np.inf) for name in panel.names.tolist()])
    return np.ceil(np.maximum(start - panel.first, 0)).astype(np.int64)


def compare_panel(
    model: Any,
    inputs: PanelInput,
    target: PanelTarget,
    plan: PanelPlan,
    *,
    season: int,
    first: np.ndarray,
    intervals: Intervals | Distribution | None = None,
    metric: str = "mae",
) -> ForecastComparison:
    """Score the forecasts of every window of all series beside the last value and the last season.

    Args:
        first: int64, shape (series,): the row of each series from which on targets are scored; what lies before it is
            what MASE's scale is taken from.

    Raises:
        DataError: no window lies there.
    """
    panel, horizon = plan.panel, plan.horizon
    origins, series = _origins(plan, first)
    if not origins.size:
        raise DataError(
            f"{panel.label}: no series has {horizon} rows in its test set. Nothing was held back, or the data end "
            "before: fit with test=, or bring later rows."
        )
    forecast = forecast_at(model, inputs, target, plan, origins, series)[0][..., None]
    own = origins - plan.starts[series] - plan.pad[series]  # rows of their series
    rows = (panel.starts[series] + own)[:, None] + np.arange(horizon)
    values = panel.values[:, :1]
    seen = values if panel.observed is None else np.where(panel.observed[:, :1], values, np.nan)
    truth = seen[rows]
    forecasts = {
        "model": forecast,
        "naive": np.broadcast_to(values[rows[:, :1] - 1], truth.shape),
    }
    if season > 1:
        forecasts["seasonal_naive"] = values[_last_season(rows[:, 0], own, horizon, season)]
    scale = np.array([naive_scale(_past(panel, seen, s, int(first[s])), season)[0] for s in range(len(panel))])
    scaled = scale[series][:, None, None]
    scores = {
        name: score(truth, f, np.ones(1)) | {"mase": float(np.nanmean(np.abs(truth - f) / scaled))}
        for name, f in forecasts.items()
    }
    times = panel.times(np.broadcast_to(series[:, None], rows.shape), own[:, None] + np.arange(horizon))
    times = panel.time_index.on_clocks(times)
    comparison = ForecastComparison(
        own, times, truth, forecasts, scores, [panel.target], season, metric=metric, known=panel
    )
    comparison.series.extend(panel.names[series].tolist())
    if intervals is not None:
        chosen = evenly(len(origins))
        own_forecast, *bounds = forecast_at(
            model, inputs, target, plan, origins[chosen], series[chosen], intervals, QUANTILE_LEVELS
        )
        comparison.intervals.update(interval_scores(truth[chosen, :, 0], own_forecast, bounds))
    return comparison


def _past(panel: Panel, values: np.ndarray, series: int, first: int) -> np.ndarray:
    start = int(panel.starts[series])
    return values[start : start + max(first, 2)]


def _origins(plan: PanelPlan, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    start = np.maximum(first, plan.window - plan.pad)
    stop = plan.panel.lengths - plan.horizon + 1
    counts = np.maximum(stop - start, 0)
    series = np.repeat(np.arange(len(counts)), counts)
    own = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(start, counts)
    return own + (plan.starts[:-1] + plan.pad)[series], series


def _last_season(origins: np.ndarray, own: np.ndarray, horizon: int, season: int) -> np.ndarray:
    rows = origins[:, None] - season + np.arange(horizon) % season
    return np.where((own < season)[:, None], origins[:, None] - 1, rows)


# the run folder


def save_last_windows(
    folder: Path, panel: Panel, window: int, until: np.ndarray, beside: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Write the last window of each series, with other arrays `beside` it; returns the rest of it as JSON.

    Args:
        until: position on the time index at which each series' test set begins, float64, shape (series,).
    """
    kept = np.minimum(panel.lengths, window)
    last = panel.lengths[:, None] - window + np.arange(window)  # of each series' own rows
    rows = (panel.starts[:-1, None] + last)[last >= 0]
    first = panel.first + panel.lengths - kept
    arrays = {"values": panel.values[rows], "lengths": kept, "first": first, "until": until}
    if panel.observed is not None:
        arrays["observed"] = panel.observed[rows].astype(np.uint8)
    save_file(arrays | dict(beside), folder / CONTEXT)
    return {
        "kind": panel.kind, "label": panel.label, "columns": panel.columns, "series": panel.series, "time": panel.time,
        "time_index": panel.time_index.__dict__, "notes": panel.warnings, "gaps": panel.gaps,
        "covariates": panel.covariates.to_dict(),
    }  # fmt: skip


def load_last_windows(folder: Path, data: dict[str, Any], names: np.ndarray) -> tuple[Panel, np.ndarray]:
    """Undo `save_last_windows`; returns the panel of last windows, and where each test set begins."""
    arrays = read_arrays(folder / CONTEXT)
    _check_context(folder / CONTEXT, arrays, len(data["columns"]), len(names))
    observed = arrays["observed"].astype(bool) if "observed" in arrays else None
    starts = np.concatenate([[0], np.cumsum(arrays["lengths"])])
    panel = Panel(
        arrays["values"], data["columns"], starts, names, arrays["first"], TimeIndex(**data["time_index"]),
        data["series"], data["time"], observed, data["gaps"], list(data["notes"]), data["kind"], data["label"],
        Covariates.from_dict(data.get("covariates"), data["columns"][1:]),
    )  # fmt: skip
    return panel, arrays["until"]


def _check_context(path: Path, arrays: dict[str, np.ndarray], columns: int, series: int) -> None:
    """Raise `BundleError` where the last windows are not those of so many series and columns."""
    lengths = arrays.get("lengths", np.zeros(0))
    whole = lengths.shape == (series,) and lengths.dtype.kind in "iu" and bool((lengths > 0).all())
    shapes = {"values": (int(lengths.sum()), columns), "first": (series,), "until": (series,)} if whole else {}
    if "observed" in arrays and whole:
        shapes["observed"] = shapes["values"]
    if not whole or any(name not in arrays or arrays[name].shape != shape for name, shape in shapes.items()):
        raise BundleError(f"{path} does not hold the last windows of {series:,} series. {RESTORE}")
