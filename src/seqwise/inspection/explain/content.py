"""What an explanation holds: what comes in, the layers, what comes out. The text and the picture read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Axes = tuple[tuple[str, int | None], ...]


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
    meanings: dict[str, str] = field(default_factory=dict[str, str])
    columns: tuple[str, ...] = ()
    receptive_field: str = ""
    says: str = ""

    def to_dict(self) -> dict[str, Any]:
        plain = dict(vars(self), axes=dict(self.axes), meanings=dict(self.meanings), columns=list(self.columns))
        del plain["says"]
        return plain


@dataclass(frozen=True)
class Step:
    """A call of a layer, explained.

    Attributes:
        label: the layer as its user would write it, ``LSTM(50)``.
        depth: 0, or how many models it lies in.
        takes: names of the steps and inputs it reads.
        inputs, outputs: (name, size) of each axis of each tensor; a size is None where it is known only with the data.
        why: what it does, in words.
        parameters: their number, None where it is not known yet, 0 again where a layer is called a second time.
        formula: how they add up, in words.
        mask: what it does with the mask: "makes", "uses", "carries", "ends", "drops"; empty for none.
        mask_why: the same in words.
        receptive_field: how many timesteps of the input one step of the output can depend on.
        fails: why the shapes do not go through this layer; empty where they do.
    """

    name: str
    kind: str
    label: str
    depth: int
    takes: tuple[str, ...]
    inputs: tuple[Axes, ...]
    outputs: tuple[Axes, ...]
    why: str
    parameters: int | None = 0
    formula: str = ""
    trained: bool = True
    mask: tuple[str, ...] = ()
    mask_why: str = ""
    receptive_field: str = ""
    fails: str = ""

    def to_dict(self) -> dict[str, Any]:
        plain = dict(vars(self), takes=list(self.takes), mask=list(self.mask))
        return plain | {name: [dict(axes) for axes in plain[name]] for name in ("inputs", "outputs")}


@dataclass(frozen=True)
class Series:
    """What the picture draws beside the block: one feature over time, and the window that slides over it.

    Attributes:
        values: shape (rows,), a few hundred at most; None draws a wave.
        window, horizon: in rows.
    """

    values: np.ndarray | None
    window: int = 0
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
