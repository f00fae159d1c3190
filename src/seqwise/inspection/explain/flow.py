"""The layers in the picture: small blocks from left to right, with the shapes beneath them and arrows between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.inspection.explain.drawing import (
    FEATURE,
    GREY,
    INK,
    RED,
    TIME,
    arrow,
    fitted,
    glyph,
    wrapped,
    write,
)
from seqwise.inspection.explain.layout import Cell
from seqwise.inspection.explain.steps import Axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Canvas

WIDEST = 2.6  # inches from one layer to the next, at most
PAGE = 13.33 - 0.9
HEAD, LINE, GAP = 0.98, 0.172, 0.3  # above a block's middle, a line of text, between bands
BASE = 0.36  # from a block's foot up to the height of its arrows

Point = tuple[float, float]
Line = tuple[str, float, str, bool]


def flow_height(cells: list[Cell]) -> float:
    """Inches that the layers need."""
    return sum(lanes * _lane(cells, band) + GAP for band, lanes in enumerate(_lanes(cells))) if cells else 0.0


def draw_flow(canvas: Canvas, cells: list[Cell], top: float, width: float) -> None:
    """Draw the layers beneath `top`."""
    pitch = _pitch(cells)
    left = (width - pitch * (max(cell.column for cell in cells) + 1)) / 2
    centres: list[Point] = []
    for cell in cells:
        above = sum(lanes * _lane(cells, band) + GAP for band, lanes in enumerate(_lanes(cells)[: cell.band]))
        y = top - above - HEAD - cell.lane * _lane(cells, cell.band)
        centres.append((left + pitch * (cell.column + 0.5), y))
    sizes = [_draw_cell(canvas, cell, *centre, pitch - 0.14) for cell, centre in zip(cells, centres, strict=True)]
    half = [wide / 2 for wide, _ in sizes]
    tops = [y - BASE + tall + 0.1 + 0.14 * bool(cell.tag) for cell, (_, y), (_, tall) in zip(
        cells, centres, sizes, strict=True)]  # fmt: skip
    letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    given: dict[int, str] = {}  # one letter for each source
    arrivals: dict[int, int] = {}
    for i, cell in enumerate(cells):
        for source in dict.fromkeys(cell.came_from):
            (x, y), (to_x, to_y) = centres[source], centres[i]
            begin, finish = (x + half[source] + 0.06, y), (to_x - half[i] - 0.06, to_y)
            way = _way(cells, source, i)
            if way == "next":
                _level(canvas, begin, finish, to_x - pitch / 2)
            elif way == "over":
                _over(canvas, (x + 0.12, tops[source]), (to_x - 0.12, tops[i]), y + 0.78)
            elif way == "around":
                _around(canvas, begin, finish, left, pitch * (max(c.column for c in cells) + 1), to_y + HEAD)
            else:
                if source not in given:
                    given[source] = next(letters, "…")
                    _letter(canvas, (begin[0] + 0.2, y - 0.2), given[source])
                place = arrivals.get(i, 0)
                arrivals[i] = place + 1
                spot = (finish[0] - 0.36, to_y + (-0.2 if place == 0 else 0.22 * place))  # clear of the name
                _letter(canvas, spot, given[source])
                arrow(canvas, (spot[0] + 0.11, spot[1]), (finish[0] + 0.03, to_y - 0.12 + 0.1 * place), GREY)


def _way(cells: list[Cell], source: int, target: int) -> str:
    """How an arrow goes: straight on, over the heads, around to the next band, or by a letter at both ends."""
    a, b = cells[source], cells[target]
    low, high = sorted((a.column, b.column))
    between = [cell.lane for cell in cells if cell.band == a.band and low < cell.column < high]
    if a.band == b.band:
        if b.column - a.column == 1 or (a.lane not in between and b.column > a.column):
            return "next"
        return "over" if a.lane == b.lane == 0 and not _over_taken(cells, source, target) else "letter"
    ends = [cell for cell in cells if cell.band == a.band and cell.lane == a.lane and cell.column > a.column]
    crossing = sum(cells[s].band != cell.band for cell in cells for s in set(cell.came_from) if cell.band == b.band)
    first = b.column == 0 and b.band == a.band + 1 and b.lane == 0
    return "around" if first and not ends and a.lane == 0 and crossing == 1 else "letter"


def _over_taken(cells: list[Cell], source: int, target: int) -> bool:
    """Whether an earlier arrow over the heads runs where this one would."""
    for i, cell in enumerate(cells[: target + 1]):
        for other in cell.came_from:
            known = cells[other]
            if (other, i) == (source, target) or known.band != cells[source].band or cell.band != known.band:
                continue
            earlier = (i, other) < (target, source)
            if cell.column - known.column > 1 and earlier and known.lane == cell.lane == 0:
                apart = cell.column <= cells[source].column or known.column >= cells[target].column
                if not apart:
                    return True
    return False


def _draw_cell(canvas: Canvas, cell: Cell, x: float, y: float, width: float) -> Point:
    """Draw a cell whose arrows come in at height y; returns the width and height of its block."""
    wide, tall = 0.3, 0.5
    if cell.axes:
        wide, tall = glyph(canvas, x, y - BASE, cell.axes, cell.masked)
    else:
        write(canvas, x, y, "✗", 22, RED)
    if cell.tag:
        lost = cell.tag == "mask lost"
        write(canvas, x, y - BASE + tall + 0.12, cell.tag, 8.5, RED if lost else GREY, bold=lost)
    for i, (text, points, colour, bold) in enumerate(_texts(cell, width)):
        write(canvas, x, y - BASE - 0.17 - i * LINE, text, points, colour, bold=bold)
    return wide, tall


def _texts(cell: Cell, width: float) -> list[Line]:
    lines: list[Line] = [(fitted(cell.name, width, 10, True), 10, INK, True)]
    lines += [(text, 8.5, GREY, False) for text in wrapped(cell.label, width, 8.5)]
    if cell.fails:
        return [*lines, ("does not fit", 9, RED, True)]
    lines += [(text, 9, TIME if text.startswith(TIMESTEPS) else FEATURE, False) for text in _sizes(cell.axes, width)]
    if cell.parameters:
        lines.append((fitted(cell.parameters, width, 8.5), 8.5, INK, False))
    return lines


def _sizes(axes: Axes, width: float) -> list[str]:
    parts = [f"{name} {'any' if size is None else f'{size:,}'}" for name, size in axes if name != SAMPLES]
    return [fitted(part, width, 9) for part in parts] or [SAMPLES]


def _pitch(cells: list[Cell]) -> float:
    return min(PAGE / (max(cell.column for cell in cells) + 1), WIDEST)


def _lanes(cells: list[Cell]) -> list[int]:
    return [max(c.lane for c in cells if c.band == band) + 1 for band in range(max(c.band for c in cells) + 1)]


def _lane(cells: list[Cell], band: int) -> float:
    """Height of a lane: what its longest text needs."""
    width = _pitch(cells) - 0.14
    lines = max(len(_texts(cell, width)) for cell in cells if cell.band == band)
    return HEAD + BASE + 0.1 + lines * LINE


def _level(canvas: Canvas, begin: Point, finish: Point, turn: float) -> None:
    """Straight on; to another lane it turns at `turn`, between two columns, where no text stands."""
    if abs(begin[1] - finish[1]) < 0.01:
        arrow(canvas, begin, finish, GREY)
        return
    points = [begin, (turn, begin[1]), (turn, finish[1])]
    canvas.plot(*zip(*points, strict=True), color=GREY, lw=1.3, zorder=3)
    arrow(canvas, points[-1], finish, GREY)


def _over(canvas: Canvas, start: Point, end: Point, height: float) -> None:
    """Over the heads of the cells in between."""
    points = [start, (start[0], height), (end[0], height)]
    canvas.plot(*zip(*points, strict=True), color=GREY, lw=1.3, zorder=3)
    arrow(canvas, points[-1], end, GREY)


def _around(canvas: Canvas, begin: Point, finish: Point, left: float, wide: float, gap: float) -> None:
    """To the next band: out to the right, through the gap, in from the left."""
    right, near = left + wide + 0.02, left - 0.02
    points = [begin, (right, begin[1]), (right, gap), (near, gap), (near, finish[1])]
    canvas.plot(*zip(*points, strict=True), color=GREY, lw=1.3, zorder=3)
    arrow(canvas, points[-1], finish, GREY)


def _letter(canvas: Canvas, place: Point, letter: str) -> None:
    from matplotlib.patches import Circle

    canvas.add_patch(Circle(place, 0.11, fc="white", ec=GREY, lw=1.1, zorder=5))
    write(canvas, *place, letter, 8.5, INK)
