"""What every picture is made with: plain matplotlib figures, without pyplot, so that no global state is touched."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 6.4, 3.1, 160  # inches; the width of a page's column, so that text keeps its size in print
TEXT = 9.5  # points
INK, PALE, GREY = "#222222", "#c8c8c8", "#8c8c8c"
MODEL = "#d55e00"  # Okabe & Ito's palette
FEW = 40  # up to so many points on a line, each is marked


def learning_curve(history: dict[str, list[float]], best_epoch: int, unit: str = "loss (scaled units)") -> Figure:
    """Draw training and validation loss over the epochs.

    Args:
        history: ``"loss"`` and, where there was a validation set, ``"val_loss"``: one value an epoch.
        best_epoch: the epoch, counted from 1, whose weights were kept.
        unit: the name of the loss's axis.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    figure, axes = new_figure()
    looks = {"loss": ("training", GREY, 1.4), "val_loss": ("validation", MODEL, 1.9)}
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
    return finish(figure, axes, "epoch", unit)


def bars(values: dict[str, float], model: str, title: str, *, smaller: bool) -> Figure:
    """Draw one value of the model and of each baseline as bars, the best on top.

    Args:
        values: by what a table calls each of them. model: which of them is the model.
        title: of the values' axis. smaller: is better.
    """
    worst = math.inf if smaller else -math.inf
    known = {name: value if math.isfinite(value) else worst for name, value in values.items()}
    order = sorted(values, key=lambda name: -known[name] if smaller else known[name])
    widths = [values[name] for name in order]
    figure, axes = new_figure(0.9 + 0.36 * len(order))
    colours = [MODEL if name == model else PALE for name in order]
    drawn = axes.barh([short(name, 44) for name in order], np.nan_to_num(widths), color=colours, height=0.64)
    labels = axes.bar_label(drawn, [readable(w) for w in widths], padding=4, fontsize=TEXT, color=INK)
    for name, label, tick in zip(order, labels, axes.get_yticklabels(), strict=True):
        if name == model:
            label.set_fontweight("bold")
            tick.set_fontweight("bold")
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    finish(figure, axes, title, "by")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#ececec", lw=0.8)
    return figure


def new_figure(height: float = HEIGHT) -> tuple[Figure, Axes]:
    """Return a figure as wide as the page's column, and its axes.

    Args:
        height: in inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot(facecolor="white")


def finish(figure: Figure, axes: Axes, x: str, y: str) -> Figure:
    """Give the axes their names and the look that all pictures share."""
    # every colour and size is set here, so that a user's own style sheet cannot make white text on white
    for text, put, most in ((x, axes.set_xlabel, 80), (y, axes.set_ylabel, 32)):
        put(short(text, most), fontsize=TEXT, color=INK, parse_math=False)  # a name may hold $ signs
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


def percent(share: float) -> str:
    """Write a share in percent, without the sign."""
    percent = 100 * share
    return f"{percent:,.0f}" if 1 <= percent < 99 or percent >= 100 else f"{percent:.1f}"


def short(name: str, most: int = 24) -> str:
    """Cut a name that is too long for a picture."""
    return name if len(name) <= most else name[: most - 1] + "…"
