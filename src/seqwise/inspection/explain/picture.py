"""The picture: the block of samples, timesteps and features, the window that slides, and the layers beneath."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.errors import SettingError
from seqwise.inspection.explain.drawing import (
    FEATURE,
    FEATURE_FACE,
    GREY,
    INK,
    PALE,
    TIME,
    TIME_FACE,
    arrow,
    block,
    fitted,
    write,
)
from seqwise.inspection.explain.flow import draw_flow, flow_height
from seqwise.inspection.explain.layout import cells_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Canvas
    from matplotlib.figure import Figure

    from seqwise.inspection.explain.content import Content, Series, Tensor

WIDTH = 13.33  # inches: a slide's
TOP, TITLE, FOOT = 3.2, 0.55, 0.5
FORMATS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
DPI = 160


def draw(explanation: Content, path: Path) -> Path:
    """Draw the explanation to a file; its suffix says the format."""
    if path.suffix.lower() not in FORMATS:
        raise SettingError(
            f"{path.name}: expected a picture's suffix ({', '.join(FORMATS)}), got {repr(path.suffix) or 'none'}. "
            f"For example {path.stem}.png."
        )
    if not path.absolute().parent.is_dir():
        raise SettingError(f"There is no folder {str(path.absolute().parent)!r} to write {path.name} to.")
    try:
        figure(explanation).savefig(path, dpi=DPI)
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def figure(explanation: Content) -> Figure:
    """The picture as a figure of matplotlib's, made without pyplot, so that no global state is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cells, left_out = cells_of(explanation) if explanation.steps else ([], 0)
    height = TITLE + TOP + flow_height(cells) + FOOT
    sheet = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(sheet)
    canvas = sheet.add_axes((0, 0, 1, 1))
    canvas.set_xlim(0, WIDTH)
    canvas.set_ylim(0, height)
    canvas.axis("off")
    write(canvas, 0.4, height - 0.36, fitted(explanation.title, WIDTH - 0.8, 15, True), 15, bold=True, ha="left")
    top = height - TITLE - TOP
    if explanation.inputs:
        first = explanation.inputs[0]
        block(canvas, 0.1, top, first.axes, first.columns)
        _panel(canvas, 7.15, top, explanation, first)
    if cells:
        canvas.plot([0.4, WIDTH - 0.4], [top] * 2, color=PALE, lw=1)
        draw_flow(canvas, cells, top, WIDTH)
    _foot(canvas, explanation, left_out)
    return sheet


def _panel(canvas: Canvas, x: float, y: float, explanation: Content, tensor: Tensor) -> None:
    names = dict(tensor.axes)
    if TIMESTEPS not in names:
        write(canvas, x + 2.9, y + 1.6, "There is no time axis yet: no window slides.", 12, GREY)
    elif len(tensor.axes) == 2 and tensor.axes[0][0] == SAMPLES:
        _tokens(canvas, x, y, names[TIMESTEPS])
    else:
        _window(canvas, x, y, explanation.series, names[TIMESTEPS] if SAMPLES in names else None)


def _window(canvas: Canvas, x: float, y: float, series: Series | None, timesteps: int | None) -> None:
    from matplotlib.patches import Rectangle

    wide, low, tall = 5.6, y + 0.95, 1.15
    window = (series.window if series else 0) or timesteps or 0
    horizon = series.horizon if series else 0
    rows = max(int((window or 24) * 1.9) + horizon, (window or 24) + horizon + 6)
    known = series.values if series is not None and series.values is not None else None
    if known is not None and len(known) > 3:
        values = np.asarray(known[-min(rows, len(known)) :], dtype=float)
    else:
        beat = np.arange(rows) / rows
        values = np.sin(beat * 21) + 0.5 * np.sin(beat * 50 + 1) + beat
    values = np.where(np.isfinite(values), values, np.nanmean(values))
    place = x + wide * (np.arange(len(values)) + 0.5) / len(values)
    spread = float(values.max() - values.min()) or 1.0
    canvas.plot(place, low + tall * (0.1 + 0.8 * (values - values.min()) / spread), color=INK, lw=1.4, zorder=4)
    canvas.plot([x, x + wide], [low] * 2, color=PALE, lw=1)
    arrow(canvas, (x, low), (x + wide + 0.15, low), GREY, lw=1)
    write(canvas, x + wide + 0.1, low - 0.18, "time", 9.5, GREY, ha="right")
    name = series.name if series is not None and series.values is not None and series.name else ""
    if name:
        write(canvas, x + wide, low + tall + 0.34, fitted(name, 2.2, 10), 10, INK, ha="right")
    write(canvas, x, y + 2.86, "one window is one sample; the next begins a row later", 12, bold=True, ha="left")
    share = min((window or len(values) / 2) / len(values), 0.9) * wide
    ahead = max(horizon / len(values) * wide, 0.12) if horizon else 0
    step = max(wide / len(values), 0.1)
    for shift in (2, 1, 0):
        left = x + 0.12 + shift * step
        bottom, top = low + 0.02 - shift * 0.07, low + tall + 0.14 + shift * 0.11
        canvas.add_patch(
            Rectangle((left, bottom), share, top - bottom, fc=TIME_FACE if shift == 0 else "none", ec=TIME,
                      lw=1.8 if shift == 0 else 1.0, ls="-" if shift == 0 else "--", zorder=3 - shift * 0.1,
                      alpha=1 if shift == 0 else 0.7)
        )  # fmt: skip
        if ahead and shift == 0:
            canvas.add_patch(
                Rectangle((left + share, bottom), ahead, top - bottom, fc=FEATURE_FACE, ec=FEATURE, lw=1.5, zorder=3)
            )
    arrow(canvas, (x + 0.12 + share * 0.4, low + tall + 0.55), (x + 0.12 + share * 0.4 + 0.7, low + tall + 0.55), TIME)
    words = f"window: {window:,} timesteps" if window else "window"
    write(canvas, x + 0.12, low - 0.36, words, 11, TIME, bold=True, ha="left")
    if horizon:
        write(canvas, x + 0.12 + share, low - 0.58, f"to forecast: {horizon:,}", 11, FEATURE, bold=True, ha="left")


def _tokens(canvas: Canvas, x: float, y: float, timesteps: int | None) -> None:
    from matplotlib.patches import Rectangle

    write(canvas, x, y + 2.85, "one row is one sample: a sequence, its short end filled up", 12, bold=True, ha="left")
    wide, tall, columns = 0.46, 0.36, 11
    for row, length in enumerate((11, 8, 5)):
        for column in range(columns):
            real = column < length
            left, low = x + column * wide, y + 2.2 - row * (tall + 0.12)
            canvas.add_patch(
                Rectangle((left, low), wide, tall, fc=TIME_FACE if real else "white", ec=TIME if real else PALE, lw=1)
            )
            write(canvas, left + wide / 2, low + tall / 2, str((row * 7 + column * 13) % 89 + 1) if real else "0", 9,
                  INK if real else GREY)  # fmt: skip
    words = f"{timesteps:,} timesteps" if timesteps else "timesteps"
    arrow(canvas, (x, y + 1.0), (x + columns * wide, y + 1.0), TIME)
    write(canvas, x, y + 0.8, words, 11, TIME, bold=True, ha="left")
    write(canvas, x + columns * wide, y + 0.8, "0: padding", 10, GREY, ha="right")


def _foot(canvas: Canvas, explanation: Content, left_out: int) -> None:
    parts = []
    if explanation.parameters is not None and explanation.steps:
        parts.append(f"{explanation.parameters:,} parameters in all")
    parts += [
        f"{t.name} can depend on timesteps: {t.receptive_field}" for t in explanation.outputs[:2] if t.receptive_field
    ]
    if left_out:
        parts.append(f"{left_out} more layers are not drawn; print the explanation")
    if parts:
        write(canvas, 0.4, 0.22, fitted("   ·   ".join(parts), WIDTH - 0.8, 10.5), 10.5, GREY, ha="left")
