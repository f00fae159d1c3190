"""Shapes as blocks: samples lie behind each other, timesteps run to the right, features go up. All sizes in inches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.inspection.explain.steps import Axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Canvas

INK, GREY, PALE, RED = "#222222", "#6b6b6b", "#d4d4d4", "#b3261e"
# Okabe & Ito's palette: told apart by everyone
TIME, FEATURE, SAMPLE = "#0072b2", "#d55e00", "#7a7a7a"
TIME_FACE, FEATURE_FACE, BACK_FACE = "#d9eaf5", "#fbe3d2", "#eeeeee"
DEPTH = (0.294, 0.21)  # how far a sample lies behind the one before it: to the right, and up


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


@dataclass(frozen=True)
class Form:
    """A shape as a block: what runs to the right, what goes up, and what lies behind each other.

    Attributes:
        across, up, behind: (name, size) of the axes drawn so; None where there is none.
        inside: axes that no direction is left for: height and width of a picture at each timestep.
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
    for sheet in reversed(range(many)):
        dx, dy = sheet * DEPTH[0], sheet * DEPTH[1]
        _sheet(canvas, left + dx, low + dy, width, height, columns, rows, sheet == 0, (steps or 0) > columns)
    _block_labels(canvas, form, names, (left, low), (width, height), rows, many)


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
    canvas: Canvas, form: Form, names: tuple[str, ...], corner: tuple[float, float], size: tuple[float, float],
    rows: int, many: int,
) -> None:  # fmt: skip
    (x, y), (width, height) = corner, size
    arrow(canvas, (x, y - 0.16), (x + max(width, 0.5), y - 0.16), TIME)
    if form.across is None:
        write(canvas, x, y - 0.36, "no time axis", 11.5, TIME, bold=True, ha="left")
    else:
        write(canvas, x, y - 0.36, _label(*form.across), 11.5, TIME, bold=True, ha="left")
        if form.across[0] == TIMESTEPS:
            words = "oldest first" + "".join(f"; {_label(*axis)}" for axis in form.inside)
            write(canvas, x, y - 0.55, words, 9, GREY, ha="left")
    if form.up is not None:
        top = y + max(height, 0.5)
        arrow(canvas, (x - 0.14, y), (x - 0.14, top), FEATURE)
        label = _label(*form.up)
        wide = text_width(label, 11.5, bold=True) > x - 0.4  # it would begin left of the page
        place: dict[str, Any] = {"x": 0.14, "ha": "left"} if wide else {"x": x - 0.26, "ha": "right"}
        write(canvas, y=top + 0.14, text=label, points=11.5, colour=FEATURE, bold=True, **place)
        for j, column in enumerate(names[:rows]):
            middle = y + height - (j + 0.5) * height / rows
            shown = "…" if j == rows - 1 and len(names) > rows else fitted(column, 1.15, 9)
            write(canvas, x - 0.26, middle, shown, 9, FEATURE, ha="right")
    if many > 1 and form.behind is not None:
        start = (x + width + 0.1, y + 0.02)
        tip = (start[0] + (many - 1) * DEPTH[0], start[1] + (many - 1) * DEPTH[1])
        arrow(canvas, start, tip, SAMPLE)
        write(canvas, tip[0] + 0.1, tip[1], form.behind[0], 11.5, SAMPLE, bold=True, ha="left")
        if form.behind[1] is not None:
            write(canvas, tip[0] + 0.1, tip[1] - 0.2, f"= {form.behind[1]:,}", 11.5, SAMPLE, bold=True, ha="left")


def glyph(canvas: Canvas, x: float, y: float, axes: Axes, masked: bool) -> tuple[float, float]:
    """Draw a small block centred at x, standing on y; returns its width and height. Sizes go by their logarithm."""
    from matplotlib.patches import Rectangle

    form = form_of(axes)
    width = 0.16 if form.across is None else _log(form.across[1], 0.14, 0.72)
    height = 0.14 if form.up is None else _log(form.up[1], 0.14, 0.66)
    front = FEATURE_FACE if form.across is None else TIME_FACE
    shift = 0.09
    for sheet in (2, 1, 0):
        canvas.add_patch(
            Rectangle((x - width / 2 + (sheet - 1) * shift, y + sheet * shift * 0.75), width, height,
                      fc=BACK_FACE if sheet else front, ec="#9a9a9a" if sheet else INK, lw=1.0, zorder=3 - sheet * 0.1,
                      hatch="////" if masked and sheet == 0 and form.across is not None else None)
        )  # fmt: skip
    return width + 2 * shift, height + 2 * shift * 0.75


def _label(name: str, size: int | None) -> str:
    return name if size is None else f"{name} = {size:,}"


def _log(size: int | None, least: float, most: float) -> float:
    if size is None:
        return (least + most) / 2
    return min(least + (most - least) * math.log10(max(size, 1)) / 2.5, most)
