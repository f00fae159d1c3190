"""One call of a layer on tensors whose axes have names, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.shapes.explanation.reach import Reach, union

Shape = tuple[int | None, ...]
Names = tuple[str, ...]
UNITS = "units"


@dataclass(frozen=True)
class Value:
    """A tensor between two layers.

    Attributes:
        shape: None for a size that is only known when data come.
        axes: a name for each axis.
        mask: names of the steps that made the mask it carries; empty for none.
        made_by: the step, or the model's input, that it comes from.
    """

    shape: Shape
    axes: Names
    reach: Reach
    made_by: str
    dtype: str = "float32"
    mask: frozenset[str] = frozenset()

    def size(self, axis: str) -> int | None:
        return self.shape[self.axes.index(axis)] if axis in self.axes else None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def named(self) -> tuple[tuple[str, int | None], ...]:
        return tuple(zip(self.axes, self.shape, strict=True))


@dataclass(frozen=True)
class Call:
    """A layer or operation, its arguments (a `Value` in the place of each tensor), and its outputs' shapes.

    Attributes:
        kind: name of the class; a subclass of a Keras layer has that layer's.
        inputs: every tensor among the arguments but the masks.
    """

    operation: Any
    kind: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: list[Value]
    outputs: list[Shape]

    @property
    def first(self) -> Value:
        return self.inputs[0]

    def given(self, name: str, default: Any = None) -> Any:
        """A setting of the layer."""
        return getattr(self.operation, name, default)


@dataclass
class Told:
    """What a call does.

    Attributes:
        axes: names of each output's axes.
        reach: of each output.
        why: in a sentence or two.
        parameters: possible accounts of the parameters: (number, in words). The one with the right number is told.
    """

    axes: list[Names]
    reach: list[Reach]
    why: str
    parameters: list[tuple[int, str]] = field(default_factory=list)


Teller = Callable[[Call], Told]


def names_for(rank: int) -> Names:
    """The usual names of a tensor's axes by its rank, for a layer that says nothing of them."""
    usual = {0: (), 1: (SAMPLES,), 2: (SAMPLES, FEATURES), 3: (SAMPLES, TIMESTEPS, FEATURES)}
    return usual.get(rank) or (SAMPLES, TIMESTEPS, *(f"axis {i}" for i in range(2, rank - 1)), FEATURES)


def told(call: Call, axes: Names | None, reach: Reach, why: str, *parameters: tuple[int, str]) -> Told:
    """What is told of a call all of whose outputs are alike."""
    names = [
        axes if axes is not None and len(axes) == len(shape) else same_names(call, shape) for shape in call.outputs
    ]
    return Told(names, [reach] * len(call.outputs), why, list(parameters))


def same_names(call: Call, shape: Shape) -> Names:
    """The first input's names where the rank is the same, else the usual ones."""
    for value in call.inputs:
        if value.rank == len(shape):
            return value.axes
    return names_for(len(shape))


def all_reach(call: Call) -> Reach:
    return union(value.reach for value in call.inputs)


def everything(values: Sequence[Value]) -> Reach:
    """The reach of what depends on every step of each of the tensors."""
    return union(value.reach.everything(value.size(TIMESTEPS)) for value in values)


def number(size: int | None, noun: str) -> str:
    """
    >>> number(24, "timesteps"), number(1, "timesteps"), number(None, "timesteps")
    ('24 timesteps', '1 timestep', 'timesteps')
    """
    if size is None:
        return noun
    return f"{size:,} {noun.removesuffix('s') if size == 1 and noun != 'units' else 'unit' if size == 1 else noun}"


def the(size: int | None, noun: str) -> str:
    """
    >>> the(24, "timesteps"), the(1, "timesteps"), the(None, "timesteps")
    ('the 24 timesteps', 'the one timestep', 'the timesteps')
    """
    return f"the one {noun.removesuffix('s')}" if size == 1 else f"the {number(size, noun)}"
