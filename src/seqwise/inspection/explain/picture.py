"""The picture: the block of samples, timesteps and features, the window that slides, and the layers beneath."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes as Canvas
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from seqwise.artifact import replaced_file
from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.errors import SettingError
from seqwise.inspection.explain.content import Content, Series, Tensor
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
    box,
    line,
    write,
)
from seqwise.inspection.explain.flow import MOST_ROWS, ROW, draw_flow, rows_of

WIDTH = 13.33  # inches: a slide's
TOP, TITLE, FOOT = 3.2, 0.55, 0.5
FORMATS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
DPI = 160


def draw(explanation: Content, path: Path) -> Path:
    if path.suffix.lower() not in FORMATS:
        raise SettingError(
            f"{path.name or path}: expected a picture's suffix ({', '.join(FORMATS)}), got "
            f"{repr(path.suffix) if path.suffix else 'none'}. For example {path.stem or 'shapes'}.png."
        )
    if not path.absolute().parent.is_dir():
        raise SettingError(f"There is no folder {str(path.absolute().parent)!r} to write {path.name} to.")
    try:
        drawing: Any = figure(explanation)
        with replaced_file(path) as file:
            drawing.savefig(file, dpi=DPI)
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def figure(explanation: Content) -> Figure:
    """The picture as a figure of matplotlib's, made without pyplot, so that no global state is touched."""
    rows = rows_of(explanation) if explanation.steps else []
    left_out = max(len(rows) - MOST_ROWS, 0)
    height = TITLE + TOP + ROW * (len(rows) - left_out) + FOOT
    sheet = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(sheet)
    canvas: Canvas = sheet.add_subplot(position=(0, 0, 1, 1))
    canvas.set_xlim(0, WIDTH)
    canvas.set_ylim(0, height)
    canvas.axis("off")
    write(canvas, 0.4, height - 0.36, explanation.title, 15, width=WIDTH - 0.8, bold=True, ha="left")
    top = height - TITLE - TOP
    if explanation.inputs:
        first = explanation.inputs[0]
        block(canvas, 0.1, top, first.axes, first.columns)
        _panel(canvas, 7.15, top, explanation, first)
    if rows:
        line(canvas, [(0.4, top), (WIDTH - 0.4, top)], PALE)
        draw_flow(canvas, rows[:MOST_ROWS], top)
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
    wide, low, tall = 5.6, y + 0.95, 1.15
    window = (series.window if series else 0) or timesteps or 0
    horizon = series.horizon if series else 0
    values = _rows_to_draw(series, window or 24, horizon)
    heights = (values - values.min()) / (float(values.max() - values.min()) or 1.0)
    places = x + wide * (np.arange(len(values)) + 0.5) / len(values)
    line(canvas, list(zip(places, low + tall * (0.1 + 0.8 * heights), strict=True)), INK, lw=1.4, zorder=4)
    arrow(canvas, (x, low), (x + wide + 0.15, low), GREY, lw=1)
    write(canvas, x + wide + 0.1, low - 0.18, "time", 9.5, GREY, ha="right")
    if series is not None and series.values is not None and series.name:
        write(canvas, x + wide, low + tall + 0.34, series.name, 10, width=2.2, ha="right")
    write(canvas, x, y + 2.86, "one window is one sample; the next begins a row later", 12, bold=True, ha="left")
    left = x + 0.12
    share = min((window or len(values) / 2) / len(values), 0.9) * wide
    for shift in (2, 1, 0):
        bottom, top = low + 0.02 - shift * 0.07, low + tall + 0.14 + shift * 0.11
        look = {"lw": 1.0, "ls": "--", "alpha": 0.7} if shift else {"lw": 1.8, "zorder": 3}
        moved = left + shift * max(wide / len(values), 0.1)
        box(canvas, moved, bottom, share, top - bottom, "none" if shift else TIME_FACE, TIME, **look)
    arrow(canvas, (left + share * 0.4, low + tall + 0.55), (left + share * 0.4 + 0.7, low + tall + 0.55), TIME)
    write(canvas, left, low - 0.36, f"window: {window:,} timesteps" if window else "window", 11, TIME, bold=True,
          ha="left")  # fmt: skip
    if horizon:
        ahead = max(horizon / len(values) * wide, 0.12)
        box(canvas, left + share, low + 0.02, ahead, tall + 0.12, FEATURE_FACE, FEATURE, lw=1.5, zorder=3)
        write(canvas, left + share, low - 0.58, f"to forecast: {horizon:,}", 11, FEATURE, bold=True, ha="left")


def _rows_to_draw(series: Series | None, window: int, horizon: int) -> np.ndarray:
    """The last rows of a series, gaps filled in; a wave where there is none."""
    rows = max(int(window * 1.9) + horizon, window + horizon + 6)
    if series is not None and series.values is not None and len(series.values) > 3:
        values = np.asarray(series.values[-rows:], dtype=float)
        return np.where(np.isfinite(values), values, np.nanmean(values))
    beat = np.arange(rows) / rows
    return np.sin(beat * 21) + 0.5 * np.sin(beat * 50 + 1) + beat


def _tokens(canvas: Canvas, x: float, y: float, timesteps: int | None) -> None:
    write(canvas, x, y + 2.85, "one row is one sample: a sequence, its short end filled up", 12, bold=True, ha="left")
    wide, tall, columns = 0.46, 0.36, 11
    for row, length in enumerate((11, 8, 5)):
        for column in range(columns):
            real = column < length
            left, low = x + column * wide, y + 2.2 - row * (tall + 0.12)
            box(canvas, left, low, wide, tall, TIME_FACE if real else "white", TIME if real else PALE, lw=1)
            token = str((row * 7 + column * 13) % 89 + 1) if real else "0"
            write(canvas, left + wide / 2, low + tall / 2, token, 9, INK if real else GREY)
    words = f"{timesteps:,} timesteps" if timesteps else "timesteps"
    arrow(canvas, (x, y + 1.0), (x + columns * wide, y + 1.0), TIME)
    write(canvas, x, y + 0.8, words, 11, TIME, bold=True, ha="left")
    write(canvas, x + columns * wide, y + 0.8, "0: padding", 10, GREY, ha="right")


def _foot(canvas: Canvas, explanation: Content, left_out: int) -> None:
    parts: list[str] = []
    if explanation.parameters is not None and explanation.steps:
        parts.append(f"{explanation.parameters:,} parameters in all")
    parts += [
        f"{t.name} can depend on timesteps: {t.receptive_field}" for t in explanation.outputs[:2] if t.receptive_field
    ]
    if left_out:
        parts.append(f"{left_out} more layers are not drawn; print the explanation")
    write(canvas, 0.4, 0.22, "   ·   ".join(parts), 10.5, GREY, width=WIDTH - 0.8, ha="left")
