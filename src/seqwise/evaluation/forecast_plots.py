"""Pictures of a forecast: plain matplotlib figures, made without pyplot, so that no global state is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.evaluation.figures import FEW, GREY, HEIGHT, INK, MODEL, PALE, bars, finish, new_figure, short
from seqwise.evaluation.forecast_names import NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette; the line styles tell the forecasts apart in grey print too
COLOURS = {"model": MODEL, "seasonal_naive": "#56b4e9", "ets": "#009e73", "naive": GREY}
DASHES = {"model": "-", "seasonal_naive": "--", "ets": "-.", "naive": ":"}
LEAST_SHOWN, MOST_SHOWN, LEAST_TILES = 120, 400, 6  # points, points, forecasts


def forecast_plot(evaluation: Any, target: int, *, series: TimeSeries, every: bool = False) -> Figure:
    """Draw forecast and truth over the last part of the test, with some history before it.

    The latest windows that do not overlap are drawn, so that the forecasts tile the time axis.

    Args:
        evaluation: a `ForecastComparison`: forecasts of shape (samples, horizon, targets).
        target: the target's number.
        series: the rows that `evaluation.origins` count.
        every: draw all baselines, and intervals; else the naive one that fits.
    """
    horizon = evaluation.truth.shape[1]
    chosen = tiles(evaluation.origins, horizon)
    starts = evaluation.origins[chosen]
    stop = min(int(starts[-1]) + horizon, len(series))
    cycles = 2 * evaluation.season if evaluation.season <= LEAST_SHOWN else 0
    history = max(min(max(cycles, (stop - int(starts[0])) // 3), MOST_SHOWN // 2), 24)
    rows = np.arange(max(int(starts[0]) - history, 0), stop)
    figure, axes = new_figure(HEIGHT + 0.3)
    _truth(axes, series.time_index.on_clocks(series.time_index.at(rows)), series.truth()[rows, target])
    baseline = "seasonal_naive" if evaluation.season > 1 else "naive"
    drawn = [*evaluation.baselines, "model"] if every else [baseline, "model"]
    bands = sorted(evaluation.bands.items(), reverse=True) if every else []
    for level, (low, high) in bands:  # the widest below the others
        for i, times in enumerate(evaluation.times[chosen]):
            label = f"{level:g} % interval" if i == 0 else ""
            _band(axes, times, low[i, :, target], high[i, :, target], label)
    for name in drawn:
        values = evaluation.forecasts[name][chosen, :, target]
        times = evaluation.times[chosen]
        if horizon > 1:  # a pause after each forecast: the next one starts from new data, not from this one's end
            times = np.concatenate([times, times[:, -1:]], axis=1)
            values = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
        _forecast(axes, name, times.ravel(), values.ravel())
    for i, time in enumerate(evaluation.times[chosen, 0] if horizon > 1 else []):
        label = "a forecast starts" if i == 0 else None
        axes.axvline(_number(time), color=PALE, lw=0.9, zorder=0, label=label)
    _time_axis(axes, series)
    return finish(figure, axes, _time_name(series), series.target_names[target])


def future_plot(
    series: TimeSeries,
    forecast: np.ndarray,
    times: np.ndarray,
    target: int,
    bands: Mapping[float, tuple[np.ndarray, np.ndarray]] | None = None,
) -> Figure:
    """Draw the series' last rows and the forecast of what follows them.

    Args:
        forecast: shape (horizon, targets), in the data's own units.
        times: of the forecast, shape (horizon,).
        target: the target's number.
        bands: lower and upper bounds of an interval, each (horizon,), by its level in percent.
    """
    rows = np.arange(max(len(series) - max(36, min(4 * len(times), MOST_SHOWN)), 0), len(series))
    figure, axes = new_figure()
    known = series.time_index.on_clocks(series.time_index.at(rows))
    times = series.time_index.on_clocks(times)
    _truth(axes, known, series.truth()[rows, target])
    for level, (low, high) in sorted((bands or {}).items(), reverse=True):  # the widest below the others
        _band(axes, times, low, high, f"{level:g} % interval")
    _forecast(axes, "model", times, np.asarray(forecast)[:, target])
    axes.axvline(_number(known[-1]), color=PALE, lw=0.9, zorder=0, label="the data end")
    _time_axis(axes, series)
    return finish(figure, axes, _time_name(series), series.target_names[target])


def _band(axes: Axes, times: np.ndarray, low: np.ndarray, high: np.ndarray, label: str) -> None:
    if len(times) == 1:  # an area of one point is not seen
        axes.vlines(times, low, high, color=COLOURS["model"], alpha=0.18, lw=4, label=label)
    else:
        axes.fill_between(times, low, high, color=COLOURS["model"], alpha=0.18, lw=0, label=label)


def error_by_horizon(evaluation: Any) -> Figure:
    """Draw the MAE of each step ahead for the model and the baselines (bars where there is one step only)."""
    from matplotlib.ticker import MaxNLocator

    steps = evaluation.by_step()
    horizon = evaluation.truth.shape[1]
    several = len(evaluation.targets) > 1
    unit = f"MAE (mean of {len(evaluation.targets)} targets)" if several else f"MAE ({short(evaluation.targets[0])})"
    if horizon == 1:
        errors = {NAMES[name]: float(values[0]) for name, values in steps.items()}
        return bars(errors, NAMES["model"], f"{unit}, one step ahead", smaller=True)
    figure, axes = new_figure()
    for name in sorted(steps, key=lambda name: name == "model"):  # the model last, on top
        _forecast(axes, name, np.arange(1, horizon + 1), steps[name])
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.5, horizon + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return finish(figure, axes, "steps ahead", unit)


def tiles(origins: np.ndarray, horizon: int) -> np.ndarray:
    """Return which of `origins`, shape (samples,), give the latest forecasts that do not overlap.

    Enough to fill a picture, few enough to stay legible; always at least one.
    """
    most = min(max(LEAST_TILES, LEAST_SHOWN // horizon), max(MOST_SHOWN // horizon, 1))
    chosen = [len(origins) - 1]
    while len(chosen) < most:
        earlier = int(np.searchsorted(origins, origins[chosen[-1]] - horizon, side="right")) - 1
        if earlier < 0 or origins[-1] + horizon - origins[earlier] > MOST_SHOWN:
            break
        chosen.append(earlier)
    return np.array(chosen[::-1])


def _truth(axes: Axes, times: np.ndarray, values: np.ndarray) -> None:
    missing = np.isnan(values)
    alone = ~missing & np.append(True, missing[:-1]) & np.append(missing[1:], True)
    # thin and on top: where the model is right, its broader line still shows on both sides
    axes.plot(times, values, color=INK, lw=1.1, label="observed", zorder=5)
    axes.plot(times[alone], values[alone], ".", color=INK, ms=4, zorder=5)  # a line of one point is not seen


def _forecast(axes: Axes, name: str, x: np.ndarray, y: np.ndarray) -> None:
    strong, points = name == "model", int(np.isfinite(y).sum())
    axes.plot(
        x, y, DASHES.get(name, "--"), color=COLOURS.get(name, GREY),
        lw=2.3 if strong else 1.4, zorder=4 if strong else 3,
        label=NAMES[name], marker="o" if points <= (FEW if strong else 1) else None, ms=4,
    )  # fmt: skip


def _time_axis(axes: Axes, series: TimeSeries) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    if series.time_index.unit == "i":
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        return
    locator = AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _time_name(series: TimeSeries) -> str:
    name = series.time if isinstance(series.time, str) else "time"
    if series.time_index.unit == "i":
        name = "step" if series.time is None else name
        return name if series.time_index.step == 1 else f"{name} (one row: {series.time_index.frequency})"
    return f"{name} (one row: {series.time_index.frequency})"


def _number(time: Any) -> Any:
    return int(time) if isinstance(time, (int, np.integer)) else time
