"""Pictures of a forecast: plain matplotlib figures, made without pyplot, so that no global state is touched."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.evaluation.evaluation import NAMES, Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 6.4, 3.1, 160  # inches; the width of a page's column, so that text keeps its size in print
TEXT = 9.5  # points
INK, PALE = "#222222", "#c8c8c8"
# Okabe & Ito's palette; the line styles tell the forecasts apart in grey print too
COLOURS = {"model": "#d55e00", "seasonal_naive": "#56b4e9", "ets": "#009e73", "naive": "#8c8c8c"}
DASHES = {"model": "-", "seasonal_naive": "--", "ets": "-.", "naive": ":"}
LEAST_SHOWN, MOST_SHOWN, LEAST_TILES = 120, 400, 6  # points, points, forecasts
FEW = 40  # up to so many points on a line, each is marked


def learning_curve(history: dict[str, list[float]], best_epoch: int) -> Figure:
    """Draw training and validation loss over the epochs.

    Args:
        history: ``"loss"`` and, where there was a validation part, ``"val_loss"``: one value an epoch.
        best_epoch: the epoch, counted from 1, whose weights were kept.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    figure, axes = _figure()
    looks = {"loss": ("training", COLOURS["naive"], 1.4), "val_loss": ("validation", COLOURS["model"], 1.9)}
    kept = None  # the loss whose best epoch was kept: of validation if there is one
    for name, (label, colour, width) in looks.items():
        values = np.asarray(history.get(name, []), dtype=float)
        if not values.size:
            continue
        marker = "o" if len(values) <= FEW // 2 else None
        axes.plot(np.arange(1, len(values) + 1), values, color=colour, lw=width, marker=marker, ms=3.5, label=label)
        if 1 <= best_epoch <= len(values):
            kept = values[best_epoch - 1]
    if kept is not None:
        axes.axvline(best_epoch, color=INK, lw=0.8, ls=":", zorder=1)
        axes.plot([best_epoch], [kept], "D", color=INK, ms=5, label=f"kept: epoch {best_epoch}")
    shown = np.concatenate([np.asarray(history.get(name, []), dtype=float) for name in looks])
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        axes.text(0.5, 0.5, "no epoch was finished", transform=axes.transAxes, ha="center", color=INK, fontsize=TEXT)
    elif shown.min() > 0 and shown.max() > 10 * shown.min():  # else the first epochs would flatten all others
        axes.set_yscale("log")
        wide = shown.max() > 1000 * shown.min()
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(0.5, max([len(values) for values in history.values()], default=1) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return _finish(figure, axes, "epoch", "loss (scaled units)")


def forecast_plot(evaluation: Evaluation, target: int, *, series: TimeSeries) -> Figure:
    """Draw forecast and truth over the last part of the test, with some history before it.

    Of all windows the latest that do not overlap are drawn, so that the forecasts tile the time axis.

    Args:
        evaluation: forecasts of shape (samples, horizon, targets).
        target: the target's number.
        series: the rows that `evaluation.origins` count.
    """
    horizon = evaluation.truth.shape[1]
    chosen = tiles(evaluation.origins, horizon)
    starts = evaluation.origins[chosen]
    stop = min(int(starts[-1]) + horizon, len(series))
    cycles = 2 * evaluation.season if evaluation.season <= LEAST_SHOWN else 0
    history = max(min(max(cycles, (stop - int(starts[0])) // 3), MOST_SHOWN // 2), 24)
    rows = np.arange(max(int(starts[0]) - history, 0), stop)
    figure, axes = _figure(HEIGHT + 0.3)
    _truth(axes, series.clock.at(rows), series.truth()[rows, target])
    baseline = "seasonal_naive" if evaluation.season > 1 else "naive"
    for name in (baseline, "model"):
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
    return _finish(figure, axes, _time_name(series), series.target_names[target])


def future_plot(series: TimeSeries, forecast: np.ndarray, times: np.ndarray, target: int) -> Figure:
    """Draw the series' last rows and the forecast of what follows them.

    Args:
        forecast: shape (horizon, targets), in the data's own units.
        times: of the forecast, shape (horizon,).
        target: the target's number.
    """
    rows = np.arange(max(len(series) - max(36, min(4 * len(times), MOST_SHOWN)), 0), len(series))
    figure, axes = _figure()
    known = series.clock.at(rows)
    _truth(axes, known, series.truth()[rows, target])
    _forecast(axes, "model", times, np.asarray(forecast)[:, target])
    axes.axvline(_number(known[-1]), color=PALE, lw=0.9, zorder=0, label="the data end")
    _time_axis(axes, series)
    return _finish(figure, axes, _time_name(series), series.target_names[target])


def error_by_horizon(evaluation: Evaluation) -> Figure:
    """Draw the MAE of each step ahead for the model and the baselines (bars where there is one step only)."""
    from matplotlib.ticker import MaxNLocator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a step that was never observed: the line has a gap
        steps = evaluation.by_step()
    if evaluation.season == 1:
        del steps["seasonal_naive"]  # the same as the last value
    horizon = evaluation.truth.shape[1]
    several = len(evaluation.targets) > 1
    unit = f"MAE (mean of {len(evaluation.targets)} targets)" if several else f"MAE ({_short(evaluation.targets[0])})"
    figure, axes = _figure()
    if horizon == 1:
        order = sorted(steps, key=lambda name: name != "model")
        heights = [float(steps[name][0]) for name in order]
        colours = [COLOURS["model"] if n == "model" else PALE for n in order]
        bars = axes.bar([NAMES[n] for n in order], np.nan_to_num(heights), color=colours, width=0.6)
        axes.bar_label(bars, [readable(h) for h in heights], padding=3, fontsize=TEXT, color=INK)
        axes.margins(y=0.15)
        return _finish(figure, axes, "forecast by (one step ahead)", unit)
    for name in sorted(steps, key=lambda name: name == "model"):  # the model last, on top
        _forecast(axes, name, np.arange(1, horizon + 1), steps[name])
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.5, horizon + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return _finish(figure, axes, "steps ahead", unit)


def comparison(scores: dict[str, dict[str, float]]) -> Figure:
    """Draw the MAE of the model and the baselines as bars, the smallest error on top.

    Args:
        scores: as `Evaluation.scores`: ``{"model": {"mae": …}, "naive": {"mae": …}, …}``.
    """
    order = sorted(scores, key=lambda name: -np.nan_to_num(scores[name]["mae"], nan=math.inf))
    widths = [scores[name]["mae"] for name in order]
    figure, axes = _figure(0.9 + 0.36 * len(order))
    colours = [COLOURS["model"] if name == "model" else PALE for name in order]
    bars = axes.barh([NAMES[name] for name in order], np.nan_to_num(widths), color=colours, height=0.64)
    labels = axes.bar_label(bars, [readable(w) for w in widths], padding=4, fontsize=TEXT, color=INK)
    for name, label, tick in zip(order, labels, axes.get_yticklabels(), strict=True):
        if name == "model":
            label.set_fontweight("bold")
            tick.set_fontweight("bold")
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    _finish(figure, axes, "MAE in the target's units (smaller is better)", "forecast by")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#ececec", lw=0.8)
    return figure


def png(figure: Figure) -> bytes:
    """Render a figure as PNG."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the page names the target in text as well
        figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def readable(value: float) -> str:
    """Return a number with four significant digits, or a dash where there is none.

    >>> readable(47.8333), readable(76), readable(123456.7), readable(float("nan"))
    ('47.83', '76.00', '123,457', '–')
    """
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:#.4g}".rstrip(".")


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


def _truth(axes: Any, times: np.ndarray, values: np.ndarray) -> None:
    missing = np.isnan(values)
    alone = ~missing & np.append(True, missing[:-1]) & np.append(missing[1:], True)
    # thin and on top: where the model is right, its broader line still shows on both sides
    axes.plot(times, values, color=INK, lw=1.1, label="observed", zorder=5)
    axes.plot(times[alone], values[alone], ".", color=INK, ms=4, zorder=5)  # a line of one point is not seen


def _forecast(axes: Any, name: str, x: np.ndarray, y: np.ndarray) -> None:
    strong, points = name == "model", int(np.isfinite(y).sum())
    axes.plot(
        x, y, DASHES[name], color=COLOURS[name], lw=2.3 if strong else 1.4, zorder=4 if strong else 3,
        label=NAMES[name], marker="o" if points <= (FEW if strong else 1) else None, ms=4,
    )  # fmt: skip


def _figure(height: float = HEIGHT) -> tuple[Figure, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot(facecolor="white")


def _finish(figure: Figure, axes: Any, x: str, y: str) -> Figure:
    # every colour and size is set here, so that a user's own style sheet cannot make white text on white
    for text, put, most in ((x, axes.set_xlabel, 80), (y, axes.set_ylabel, 32)):
        put(_short(text, most), fontsize=TEXT, color=INK, parse_math=False)  # a name may hold $ signs
    axes.tick_params(which="both", labelsize=TEXT - 0.5, labelcolor=INK, color=PALE)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(fontsize=TEXT - 0.5, color=INK)
    axes.grid(axis="y", color="#ececec", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles=handles, loc="outside upper left", ncols=4, fontsize=TEXT - 0.5, frameon=False,
            labelcolor=INK, handlelength=2.2, columnspacing=1.4, borderaxespad=0.2,
        )  # fmt: skip
    return figure


def _time_axis(axes: Any, series: TimeSeries) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    if series.clock.unit == "i":
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        return
    locator = AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _time_name(series: TimeSeries) -> str:
    name = series.time if isinstance(series.time, str) else "time"
    if series.clock.unit == "i":
        name = "step" if series.time is None else name
        return name if series.clock.step == 1 else f"{name} (one row: {series.clock.name})"
    return f"{name} (one row: {series.clock.name})"


def _number(time: Any) -> Any:
    return int(time) if isinstance(time, (int, np.integer)) else time


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
