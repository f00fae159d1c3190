"""Where each layer stands in the picture: columns by depth, lanes for branches, bands where a row is full."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from seqwise.inspection.explain.content import Content
from seqwise.inspection.explain.steps import Axes

MOST_COLUMNS = 7  # side by side
MOST_CELLS = 28
TAGS = {"makes": "made", "uses": "used", "carries": "kept", "drops": "lost"}


@dataclass(frozen=True)
class Cell:
    """An input or a layer in the picture.

    Attributes:
        axes: of its output. came_from: numbers of the cells that it reads. parameters: in words.
        tag: what happens to the mask, in a word.
    """

    name: str
    label: str
    axes: Axes
    came_from: tuple[int, ...]
    parameters: str = ""
    tag: str = ""
    masked: bool = False
    fails: bool = False
    column: int = 0
    lane: int = 0
    band: int = 0


def cells_of(explanation: Content) -> tuple[list[Cell], int]:
    """The cells in their places, and how many layers are left out because they are too many to draw."""
    cells = [Cell(tensor.name, "input", tensor.axes, ()) for tensor in explanation.inputs]
    latest = {cell.name: i for i, cell in enumerate(cells)}
    drawn = [step for step in explanation.steps if step.outputs or step.fails]
    left_out = max(len(drawn) - (MOST_CELLS - len(cells)), 0)
    for step in drawn[: len(drawn) - left_out]:
        came_from = tuple(latest[name] for name in step.takes if name in latest)
        words = [word for role, word in TAGS.items() if role in step.mask]
        tag = f"mask {', '.join(words)}" if words else ""
        carried = "makes" in step.mask or "carries" in step.mask
        parameters = f"{step.parameters:,} parameters" if step.parameters else ""
        if step.formula.startswith("the same weights"):
            parameters = "shared weights"
        axes = step.outputs[0] if step.outputs else ()
        latest[step.name] = len(cells)
        cells.append(Cell(step.name, step.label, axes, came_from, parameters, tag, carried, bool(step.fails)))
    return _placed(cells), left_out


def _placed(cells: list[Cell]) -> list[Cell]:
    columns: list[int] = []
    for cell in cells:
        columns.append(max((columns[i] + 1 for i in cell.came_from), default=0))
    for i, cell in enumerate(cells):  # an input stands just before the layer that reads it
        readers = [columns[j] for j, other in enumerate(cells) if i in other.came_from]
        if not cell.came_from and readers:
            columns[i] = max(min(readers) - 1, 0)
    bands = max(math.ceil((max(columns) + 1) / MOST_COLUMNS), 1)
    width = math.ceil((max(columns) + 1) / bands)
    taken: set[tuple[int, int]] = set()
    lanes: list[int] = [0] * len(cells)
    for i in sorted(range(len(cells)), key=lambda i: (columns[i], not cells[i].came_from, i)):
        wish = min((lanes[j] for j in cells[i].came_from), default=0)  # a branch keeps its lane
        free = (lane for lane in [wish, *range(len(cells) + 1)] if (columns[i], lane) not in taken)
        lanes[i] = next(free)
        taken.add((columns[i], lanes[i]))
    return [
        replace(cell, column=columns[i] % width, lane=lanes[i], band=columns[i] // width)
        for i, cell in enumerate(cells)
    ]  # fmt: skip
