"""Shapes as blocks: samples lie behind each other, timesteps run to the right, features go up. All sizes in inches."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seqwise.shapes.axes import SAMPLES, TIMESTEPS
from seqwise.shapes.explanation.steps import Axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Canvas

INK, GREY, PALE, RED = "#222222", "#6b6b6b", "#d4d4d4", "#b3261e"
# Okabe & Ito's palette: told apart by everyone
TIME, FEATURE, SAMPLE = "#0072b2", "#d55e00", "#7a7a7a"
TIME_FACE, FEATURE_FACE, BACK_FACE = "#d9eaf5", "#fbe3d2", "#eeeeee"
DEPTH = (0.42, 0.30)  # how far a sample lies behind the one before it: to the right, and up


@lru_cache(maxsize=4096)
def text_width(text: str, points: float, bold: bool = False) -> float:
    """The width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text:
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    return float(TextPath((0, 0), text.replace("$", "S"), size=points, prop=font).get_extents().width) / 72


def fitted(text: str, width: float, points: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `width` inches."""
    if text_width(text, points, bold) <= width:
        return text
    while text and text_width(f"{text}…", points, bold) > width:
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, width: float, points: float, lines: int = 2) -> list[str]:
    """The text on up to `lines` lines, broken after commas and blanks."""
    found = [""]
    for word in text.replace(", ", ",\0 ").replace("\0 ", "\0").split("\0"):
        joined = f"{found[-1]} {word}".strip()
        if not found[-1] or text_width(joined, points) <= width:
            found[-1] = joined
        elif len(found) < lines:
            found.append(word)
        else:
            found[-1] = joined
    return [fitted(line, width, points) for line in found]


def write(
    canvas: Canvas, x: float, y: float, text: str, points: float, colour: str = INK, *, bold: bool = False, **more: Any
) -> None:
    """Write one line; the names in it are the user's, so no $ in them means mathematics."""
    settings: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False, "zorder": 6} | more
    canvas.text(x, y, text, fontsize=points, color=colour, fontweight="bold" if bold else "normal", **settings)


def arrow(canvas: Canvas, start: tuple[float, float], end: tuple[float, float], colour: str, **more: Any) -> None:
    from matplotlib.patches import FancyArrowPatch

    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11, "lw": 1.3, "shrinkA": 0, "shrinkB": 0} | more
    canvas.add_patch(FancyArrowPatch(start, end, color=colour, zorder=3, **look))


def block(canvas: Canvas, x: float, y: float, axes: Axes, names: tuple[str, ...]) -> None:
    """Draw the big block with its axes named; (x, y) is the lower left corner of a field of 5.6 × 3.2 inches."""
    steps, features = _size(axes, 1), _size(axes, 2)
    timed = len(axes) > 2 or axes[-1][0] == TIMESTEPS
    if len(axes) == 1:
        steps, features = axes[0][1], 1
    elif axes[0][0] == TIMESTEPS:
        steps, features = axes[0][1], axes[1][1]
    elif len(axes) == 2:
        steps, features = (axes[1][1], 1) if timed else (1, axes[1][1])
    elif len(axes) > 3:
        steps, features = axes[1][1], axes[-1][1]
    columns, rows = min(steps or 9, 12), min(features or 3, 6)
    many = min(next((size for name, size in axes if name == SAMPLES and size), 4), 4)
    many = many if axes[0][0] == SAMPLES else 1
    width = min(0.34 * columns, 3.0) if columns > 1 else 0.5
    height = min(0.34 * rows, 1.5) if rows > 1 else 0.36
    left, low = x + 1.55, y + 0.62
    for sheet in reversed(range(many)):
        dx, dy = sheet * DEPTH[0] * 0.7, sheet * DEPTH[1] * 0.7
        _sheet(canvas, left + dx, low + dy, width, height, columns, rows, sheet == 0, (steps or 0) > columns)
    _block_labels(canvas, axes, names, left, low, width, height, columns, rows, many)


def _sheet(
    canvas: Canvas, x: float, y: float, width: float, height: float, columns: int, rows: int, front: bool, cut: bool
) -> None:
    from matplotlib.patches import Rectangle

    face = "white" if front else BACK_FACE
    canvas.add_patch(Rectangle((x, y), width, height, fc=face, ec=INK if front else "#a8a8a8", lw=1.1, zorder=2))
    if not front:
        return
    cell, row = width / columns, height / rows
    marked = 1 if columns > 2 else 0  # one timestep: all features at one moment
    canvas.add_patch(Rectangle((x + marked * cell, y), cell, height, fc=TIME_FACE, ec="none", zorder=2))
    for i in range(1, columns):
        canvas.plot([x + i * cell] * 2, [y, y + height], color=PALE, lw=0.8, zorder=2)
    for j in range(1, rows):
        canvas.plot([x, x + width], [y + j * row] * 2, color=PALE, lw=0.8, zorder=2)
    canvas.add_patch(Rectangle((x, y), width, height, fc="none", ec=INK, lw=1.3, zorder=3))
    if cut:  # more timesteps than are drawn
        middle = x + (columns - 2.5) * cell
        canvas.add_patch(Rectangle((middle, y - 0.01), cell, height + 0.02, fc="white", ec="none", zorder=4))
        write(canvas, middle + cell / 2, y + height / 2, "…", 14)


def _block_labels(
    canvas: Canvas, axes: Axes, names: tuple[str, ...], x: float, y: float, width: float, height: float, columns: int,
    rows: int, many: int,
) -> None:  # fmt: skip
    last = dict(axes)
    arrow(canvas, (x, y - 0.16), (x + max(width, 0.5), y - 0.16), TIME)
    along = next((label for label in axes if label[0] == TIMESTEPS), axes[1] if len(axes) > 2 else None)
    if along is not None:
        write(canvas, x, y - 0.36, _label(*along), 11.5, TIME, bold=True, ha="left")
        write(canvas, x, y - 0.55, "oldest first", 9, GREY, ha="left")
    else:
        write(canvas, x, y - 0.36, "no time axis", 11.5, TIME, bold=True, ha="left")
    if len(axes) > 2 or axes[-1][0] != TIMESTEPS:
        arrow(canvas, (x - 0.14, y), (x - 0.14, y + max(height, 0.5)), FEATURE)
        name = axes[-1][0]
        write(canvas, x - 0.26, y + max(height, 0.5) + 0.14, _label(name, last[name]), 11.5, FEATURE, bold=True,
              ha="right")  # fmt: skip
        shown = list(names[:rows]) if names else []
        for j, column in enumerate(shown):
            place = y + height - (j + 0.5) * height / rows
            more = "…" if j == rows - 1 and len(names) > rows else fitted(column, 1.15, 9)
            write(canvas, x - 0.26, place, more, 9, FEATURE, ha="right")
    if many > 1:
        back = ((many - 1) * DEPTH[0] * 0.7, (many - 1) * DEPTH[1] * 0.7)
        start = (x + width + 0.1, y + 0.02)
        arrow(canvas, start, (start[0] + back[0], start[1] + back[1]), SAMPLE)
        name, size = axes[0]
        tip = (start[0] + back[0] + 0.1, start[1] + back[1])
        write(canvas, *tip, name, 11.5, SAMPLE, bold=True, ha="left")
        if size is not None:
            write(canvas, tip[0], tip[1] - 0.2, f"= {size:,}", 11.5, SAMPLE, bold=True, ha="left")


def glyph(canvas: Canvas, x: float, y: float, axes: Axes, masked: bool) -> tuple[float, float]:
    """Draw a small block centred at x, standing on y; returns its width and height. Sizes go by their logarithm."""
    from matplotlib.patches import Rectangle

    timed = len(axes) > 2 or axes[-1][0] == TIMESTEPS
    across = axes[1][1] if timed else 1
    up = axes[-1][1] if len(axes) > 2 or not timed else 1
    width = _log(across, 0.14, 0.72) if timed else 0.16
    height = _log(up, 0.14, 0.66)
    shift = 0.09
    for sheet in (2, 1, 0):
        face = (TIME_FACE if timed else FEATURE_FACE) if sheet == 0 else BACK_FACE
        canvas.add_patch(
            Rectangle((x - width / 2 + (sheet - 1) * shift, y + sheet * shift * 0.75), width, height, fc=face,
                      ec=INK if sheet == 0 else "#9a9a9a", lw=1.0, zorder=3 - sheet * 0.1,
                      hatch="////" if masked and sheet == 0 and timed else None)
        )  # fmt: skip
    return width + 2 * shift, height + 2 * shift * 0.75


def _label(name: str, size: int | None) -> str:
    return name if size is None else f"{name} = {size:,}"


def _size(axes: Axes, place: int) -> int | None:
    return axes[place][1] if place < len(axes) else None


def _log(size: int | None, least: float, most: float) -> float:
    if size is None:
        return (least + most) / 2
    return min(least + (most - least) * math.log10(max(size, 1)) / 2.5, most)
