"""Shapes as blocks: samples lie behind each other, timesteps run to the right, features go up. All sizes in inches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.text import Text

from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.inspection.explain.content import Axes

INK, GREY, PALE, RED = "#222222", "#6b6b6b", "#d4d4d4", "#b3261e"
# Okabe & Ito's palette: colours that everyone can distinguish
TIME, FEATURE, SAMPLE = "#0072b2", "#d55e00", "#7a7a7a"
TIME_FACE, FEATURE_FACE, BACK_FACE = "#d9eaf5", "#fbe3d2", "#eeeeee"
DEPTH = (0.294, 0.21)  # how far a sample lies behind the one before it: to the right, and up


def write(
    canvas: Canvas, x: float, y: float, words: str, points: float, colour: str = INK, *,
    width: float | None = None, bold: bool = False, **more: Any,
) -> None:  # fmt: skip
    """Write one line, cut with an ellipsis where it is wider than `width`.

    The names in it are the user's, so no $ in them means mathematics.
    """
    settings: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False, "zorder": 6} | more
    weight = "bold" if bold else "normal"
    text = Text(x, y, words, fontsize=points, color=colour, fontweight=weight, clip_on=False, **settings)
    canvas.add_artist(text)
    while width is not None and words and text.get_window_extent().width > width * canvas.figure.dpi:
        words = words[:-1]
        text.set_text(f"{words}…")


def arrow(canvas: Canvas, start: tuple[float, float], end: tuple[float, float], colour: str, **more: Any) -> None:
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11, "lw": 1.3, "shrinkA": 0, "shrinkB": 0} | more
    canvas.add_patch(FancyArrowPatch(start, end, color=colour, zorder=3, **look))


def line(canvas: Canvas, points: Sequence[tuple[float, float]], colour: str, **more: Any) -> None:
    xs, ys = zip(*points, strict=True)
    look: dict[str, Any] = {"lw": 1.0, "zorder": 2} | more
    canvas.add_line(Line2D(xs, ys, color=colour, **look))


def box(canvas: Canvas, x: float, y: float, width: float, height: float, face: str, edge: str, **more: Any) -> None:
    """Draw a rectangle; (x, y) is its lower left corner."""
    look: dict[str, Any] = {"zorder": 2} | more
    canvas.add_patch(Rectangle((x, y), width, height, fc=face, ec=edge, **look))


@dataclass(frozen=True)
class Form:
    """A shape as a block, by the axes that run to the right, go up and lie behind each other.

    `inside` are those that no direction is left for: height and width of a picture at each timestep.
    """

    across: tuple[str, int | None] | None
    up: tuple[str, int | None] | None
    behind: tuple[str, int | None] | None
    inside: Axes = ()


def form_of(axes: Axes) -> Form:
    """Timesteps run to the right, samples lie behind each other, the last of the others goes up."""
    rest = [axis for axis in axes if axis[0] != SAMPLES]
    behind = next((axis for axis in axes if axis[0] == SAMPLES), None)
    across = next((axis for axis in rest if axis[0] == TIMESTEPS), rest[0] if len(rest) > 1 else None)
    others = [axis for axis in rest if axis is not across]
    return Form(across, others[-1] if others else None, behind, tuple(others[:-1]))


def block(canvas: Canvas, x: float, y: float, axes: Axes, names: tuple[str, ...]) -> None:
    """Draw the big block with its axes named; (x, y) is the lower left corner of a field of 5.6 × 3.2 inches."""
    form = form_of(axes)
    steps = 1 if form.across is None else form.across[1]
    features = 1 if form.up is None else form.up[1]
    columns, rows = min(steps or 9, 12), min(features or 3, 6)
    many = 1 if form.behind is None else min(form.behind[1] or 4, 4)
    width = min(0.34 * columns, 3.0) if columns > 1 else 0.5
    height = min(0.34 * rows, 1.5) if rows > 1 else 0.36
    left, low = x + 1.55, y + 0.62
    for sheet in reversed(range(1, many)):
        box(canvas, left + sheet * DEPTH[0], low + sheet * DEPTH[1], width, height, BACK_FACE, "#a8a8a8", lw=1.1)
    _front(canvas, left, low, (width, height), columns, rows, cut=(steps or 0) > columns)
    _name_across(canvas, form, left, low, width)
    _name_up(canvas, form, names, left, low, height, rows)
    if many > 1 and form.behind is not None:
        name, size = form.behind
        tip = (left + width + 0.1 + (many - 1) * DEPTH[0], low + 0.02 + (many - 1) * DEPTH[1])
        arrow(canvas, (left + width + 0.1, low + 0.02), tip, SAMPLE)
        write(canvas, tip[0] + 0.1, tip[1], name, 11.5, SAMPLE, bold=True, ha="left")
        if size is not None:
            write(canvas, tip[0] + 0.1, tip[1] - 0.2, f"= {size:,}", 11.5, SAMPLE, bold=True, ha="left")


def _front(
    canvas: Canvas, x: float, y: float, size: tuple[float, float], columns: int, rows: int, *, cut: bool
) -> None:
    """The first sample, a cell for each number; one timestep is marked: all features at one moment."""
    width, height = size
    cell, row = width / columns, height / rows
    box(canvas, x, y, width, height, "white", "none")
    box(canvas, x + cell * (columns > 2), y, cell, height, TIME_FACE, "none")
    for i in range(1, columns):
        line(canvas, [(x + i * cell, y), (x + i * cell, y + height)], PALE, lw=0.8)
    for j in range(1, rows):
        line(canvas, [(x, y + j * row), (x + width, y + j * row)], PALE, lw=0.8)
    box(canvas, x, y, width, height, "none", INK, lw=1.3, zorder=3)
    if cut:  # more timesteps than are drawn
        middle = x + (columns - 2.5) * cell
        box(canvas, middle, y - 0.01, cell, height + 0.02, "white", "none", zorder=4)
        write(canvas, middle + cell / 2, y + height / 2, "…", 14)


def _name_across(canvas: Canvas, form: Form, x: float, y: float, width: float) -> None:
    arrow(canvas, (x, y - 0.16), (x + max(width, 0.5), y - 0.16), TIME)
    words = "no time axis" if form.across is None else _label(*form.across)
    write(canvas, x, y - 0.36, words, 11.5, TIME, bold=True, ha="left")
    if form.across is not None and form.across[0] == TIMESTEPS:
        words = "oldest first" + "".join(f"; {_label(*axis)}" for axis in form.inside)
        write(canvas, x, y - 0.55, words, 9, GREY, ha="left")


def _name_up(canvas: Canvas, form: Form, names: tuple[str, ...], x: float, y: float, height: float, rows: int) -> None:
    if form.up is None:
        return
    top = y + max(height, 0.5)
    arrow(canvas, (x - 0.14, y), (x - 0.14, top), FEATURE)
    write(canvas, 0.14, top + 0.14, _label(*form.up), 11.5, FEATURE, bold=True, ha="left")
    for j, column in enumerate(names[:rows]):
        shown = "…" if j == rows - 1 and len(names) > rows else column
        write(canvas, x - 0.26, y + height - (j + 0.5) * height / rows, shown, 9, FEATURE, width=1.15, ha="right")


def glyph(canvas: Canvas, x: float, y: float, axes: Axes, masked: bool) -> tuple[float, float]:
    """Draw a small block around (x, y); returns its width and height. Sizes go by their logarithm."""
    form = form_of(axes)
    width = 0.16 if form.across is None else _log(form.across[1], 0.14, 0.72)
    height = 0.1 if form.up is None else _log(form.up[1], 0.1, 0.34)
    shift = (0.09, 0.05)
    for sheet in (2, 1, 0):
        face = BACK_FACE if sheet else FEATURE_FACE if form.across is None else TIME_FACE
        left, low = x - width / 2 + (sheet - 1) * shift[0], y - height / 2 + (sheet - 1) * shift[1]
        hatch = "////" if masked and sheet == 0 and form.across is not None else None
        box(canvas, left, low, width, height, face, "#9a9a9a" if sheet else INK, lw=1.0, hatch=hatch)
    return width + 2 * shift[0], height + 2 * shift[1]


def _label(name: str, size: int | None) -> str:
    return name if size is None else f"{name} = {size:,}"


def _log(size: int | None, least: float, most: float) -> float:
    if size is None:
        return (least + most) / 2
    return min(least + (most - least) * math.log10(max(size, 1)) / 2.5, most)
