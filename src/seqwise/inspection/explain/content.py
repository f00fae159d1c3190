"""What an explanation holds: what comes in, the layers, what comes out. The text and the picture read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seqwise.inspection.explain.steps import Axes, Step

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Tensor:
    """What comes in, or goes out.

    Attributes:
        axes: (name, size) of each axis; a size is None where any size may come.
        meanings: a sentence for each axis, by its name; an axis that needs none is absent.
        columns: names of the features, in their order; empty where they have none.
        receptive_field: for an output: how many timesteps of the input one step of it can depend on.
        says: how it is called in a heading, for example ``"a pandas table"``.
    """

    name: str
    axes: Axes
    meanings: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    receptive_field: str = ""
    says: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "axes": dict(self.axes),
            "meanings": dict(self.meanings),
            "columns": list(self.columns),
            "receptive_field": self.receptive_field,
        }


@dataclass(frozen=True)
class Series:
    """What the picture draws beside the block: one feature over time, and the window that slides over it.

    Attributes:
        values: shape (rows,), a few hundred at most; None draws a wave.
        window, horizon: in rows.
    """

    values: np.ndarray | None
    window: int
    horizon: int = 0
    name: str = ""


@dataclass(frozen=True)
class Content:
    """What is explained.

    Attributes:
        title: what is explained, in one line.
        inputs, outputs: what comes in and goes out.
        steps: the layers, in the order in which they are called; empty for data.
        parameters, trainable: of the whole model; None where it is not built.
        notes: what else should be known, one or two sentences each.
        series: what the picture shows of the data; None where there are none.
    """

    title: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...] = ()
    steps: tuple[Step, ...] = ()
    parameters: int | None = None
    trainable: int | None = None
    notes: tuple[str, ...] = ()
    series: Series | None = None
