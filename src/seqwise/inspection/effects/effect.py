"""What a call does to samples, timesteps and features: the helpers that every family of layers shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.graph import AxisNames, Call, Effect, Shape, Value
from seqwise.inspection.receptive_field import ReceptiveField, union

UNITS = "units"

Describe = Callable[[Call], Effect]


def names_for(rank: int) -> AxisNames:
    """The usual names of a tensor's axes by its rank, for a layer that says nothing of them."""
    usual = {0: (), 1: (SAMPLES,), 2: (SAMPLES, FEATURES), 3: (SAMPLES, TIMESTEPS, FEATURES)}
    return usual.get(rank) or (SAMPLES, TIMESTEPS, *(f"axis {i}" for i in range(2, rank - 1)), FEATURES)


def effect(call: Call, axes: AxisNames | None, field: ReceptiveField, why: str, *formulas: tuple[int, str]) -> Effect:
    """The effect of a call all of whose outputs are alike."""
    names = [axes if axes is not None and len(axes) == len(shape) else same_names(call, shape) for shape in call.shapes]
    return Effect(names, [field] * len(call.shapes), why, list(formulas))


def same_names(call: Call, shape: Shape) -> AxisNames:
    """The first input's names where the rank is the same, else the usual ones."""
    for value in call.inputs:
        if value.rank == len(shape):
            return value.axes
    return names_for(len(shape))


def all_fields(call: Call) -> ReceptiveField:
    return union(value.field for value in call.inputs)


def everything(values: Sequence[Value]) -> ReceptiveField:
    """The receptive field of what depends on every step of each of the tensors."""
    return union(value.field.everything(value.size(TIMESTEPS)) for value in values)


def weighted(inputs: int | None, words: str, outputs: int | None, noun: str, bias: bool) -> list[tuple[int, str]]:
    """The parameters of outputs each of which is a weighted sum of inputs; `words` tell the inputs."""
    if inputs is None or outputs is None:
        return []
    if bias:
        return [((inputs + 1) * outputs, f"({words} + 1 bias) × {number(outputs, noun)}")]
    return [(inputs * outputs, f"{words} × {number(outputs, noun)}, no bias")]


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
