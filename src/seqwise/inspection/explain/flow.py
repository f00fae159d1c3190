"""The layers in the picture: a row for each, a small block and its words; arrows lead from block to block."""

from __future__ import annotations

import itertools
from typing import Any

from matplotlib.axes import Axes as Canvas

from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.inspection.explain.content import Content, Step
from seqwise.inspection.explain.drawing import FEATURE, GREY, RED, TIME, arrow, glyph, line, write
from seqwise.inspection.explain.text import mask_words, parameter_words

MOST_ROWS = 28
ROW = 0.66  # inches from one row to the next
BLOCKS, NAMES, SIZES, MASKS = 2.0, 2.8, 7.2, 11.3  # where the columns stand, in inches from the left
LANE, MOST_LANES = 0.13, 8  # where arrows run that pass rows by


def rows_of(explanation: Content) -> list[Step]:
    """What gets a row: the inputs, and the layers that have an output or fail."""
    inputs = [Step(tensor.name, "", "input", 0, (), (), (tensor.axes,), "") for tensor in explanation.inputs]
    return [*inputs, *(step for step in explanation.steps if step.outputs or step.fails)]


def draw_flow(canvas: Canvas, rows: list[Step], top: float) -> None:
    """Draw the layers beneath `top`, each `ROW` inches high."""
    heights = [top - (number + 0.5) * ROW for number in range(len(rows))]
    sizes = [_draw_row(canvas, row, y) for row, y in zip(rows, heights, strict=True)]
    for (source, target), lane in _arrows(rows).items():
        y, to_y = heights[source], heights[target]
        if lane is None:
            arrow(canvas, (BLOCKS, y - sizes[source][1] / 2), (BLOCKS, to_y + sizes[target][1] / 2 + 0.02), GREY)
            continue
        x = BLOCKS - 0.6 - LANE * min(lane, MOST_LANES)
        corners = [(BLOCKS - sizes[source][0] / 2, y - 0.06), (x, y - 0.06), (x, to_y + 0.06)]
        line(canvas, corners, GREY, lw=1.3, zorder=3)
        arrow(canvas, corners[-1], (BLOCKS - sizes[target][0] / 2, to_y + 0.06), GREY)


def _arrows(rows: list[Step]) -> dict[tuple[int, int], int | None]:
    """The lane of each arrow (source, target), None to the next row; arrows from one source may share theirs."""
    arrows: list[tuple[int, int]] = []
    latest: dict[str, int] = {}
    for number, row in enumerate(rows):
        arrows += [(latest[name], number) for name in row.takes if name in latest]
        latest[row.name] = number
    lanes: dict[tuple[int, int], int | None] = {}
    for source, target in sorted(arrows, key=lambda pair: (pair[1] - pair[0], pair)):
        beside = {lane for (a, b), lane in lanes.items() if a != source and a <= target and source <= b}
        free = (lane for lane in itertools.count() if lane not in beside)
        lanes[source, target] = None if target == source + 1 else next(free)
    return lanes


def _draw_row(canvas: Canvas, row: Step, y: float) -> tuple[float, float]:
    """Draw a row around the height y; returns the width and height of its block."""
    left: dict[str, Any] = {"ha": "left"}
    above, below = y + 0.1, y - 0.11
    write(canvas, NAMES, above, row.name, 10.5, width=SIZES - NAMES - 0.2, bold=True, **left)
    write(canvas, NAMES, below, row.label, 9, GREY, width=SIZES - NAMES - 0.2, **left)
    if row.fails:
        write(canvas, BLOCKS, y, "✗", 22, RED)
        write(canvas, SIZES, above, "does not fit", 10, RED, bold=True, **left)
        return 0.3, 0.3
    axes = dict(row.outputs[0])
    words = [f"{name} {'any' if size is None else f'{size:,}'}" for name, size in axes.items() if name != SAMPLES]
    colour = TIME if TIMESTEPS in axes else FEATURE
    write(canvas, SIZES, above, "  ·  ".join(words) or SAMPLES, 10, colour, width=MASKS - SIZES - 0.2, **left)
    if parameters := parameter_words(row):
        noun = "weights" if parameters == "shared" else "parameters"
        write(canvas, SIZES, below, f"{parameters} {noun}", 9, width=MASKS - SIZES - 0.2, **left)
    if row.mask:
        lost = "drops" in row.mask
        write(canvas, MASKS, y, f"mask {mask_words(row)}", 9, RED if lost else GREY, bold=lost, **left)
    return glyph(canvas, BLOCKS, y, row.outputs[0], not {"makes", "carries"}.isdisjoint(row.mask))
