"""What each kind of layer does to samples, timesteps and features, in words; one file for each family of layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seqwise.axes import TIMESTEPS
from seqwise.inspection.effects import joining, local, recurrent, reshaping, stepwise
from seqwise.inspection.effects.effect import Describe, all_fields, same_names
from seqwise.inspection.graph import Call, Effect
from seqwise.inspection.receptive_field import ReceptiveField

INNER_STEPS = "inner steps"

__all__ = ["INNER_STEPS", "effect_of", "is_known", "kind_of"]


def kind_of(operation: Any) -> str:
    """The name of the nearest class of Keras's (or of Seqwise's) that an operation is."""
    for base in type(operation).__mro__:
        if base.__name__ in DESCRIPTIONS and base.__module__.split(".")[0] in ("keras", "seqwise"):
            return base.__name__
    return type(operation).__name__


def is_known(operation: Any) -> bool:
    return kind_of(operation) in DESCRIPTIONS


def effect_of(call: Call) -> Effect:
    """What a call does to the axes."""
    describe = DESCRIPTIONS.get(call.kind)
    if describe is None or not call.inputs:
        return _unknown(call)
    try:
        return describe(call)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return _unknown(call)  # a subclass, or a later Keras, whose settings are not those known here


def _unknown(call: Call) -> Effect:
    field = all_fields(call)
    # without a time axis nothing can be mixed any more
    mixes = any(band.jump for bands in field.bands.values() for band in bands)
    why = f"{call.kind} is not a layer known here: its shapes are known, not what it does inside."
    axes = [same_names(call, shape) for shape in call.shapes]
    return Effect(axes, [ReceptiveField.unknown() if mixes else field] * len(call.shapes), why)


def time_distributed(call: Call) -> Effect:
    """TimeDistributed: a layer applied to each timestep by itself."""
    value, inner = call.first, call.layer.layer
    axes = tuple(TIMESTEPS if name == INNER_STEPS else name for i, name in enumerate(value.axes) if i != 1)
    step = replace(value, shape=(value.shape[0], *value.shape[2:]), axes=axes)
    shapes = [(shape[0], *shape[2:]) for shape in call.shapes]
    within = effect_of(Call(inner, inner.name, kind_of(inner), (step,), inputs=[step], shapes=shapes))
    steps = value.axes[1]
    size = value.shape[1]
    several = f"each of the {size:,} {steps}" if size is not None else f"each of the {steps}"
    names = [
        (inner_axes[0], steps, *(INNER_STEPS if name == TIMESTEPS else name for name in inner_axes[1:]))
        for inner_axes in within.axes
    ]
    why = f"Does the same to {several}, with the same weights: the axis {steps} stays. Within one: {within.why}"
    return Effect(names, [value.field] * len(shapes), why, within.formulas)


DESCRIPTIONS: dict[str, Describe] = {
    **recurrent.KINDS, **stepwise.KINDS, **local.KINDS, **reshaping.KINDS, **joining.KINDS,
    "TimeDistributed": time_distributed,
}  # fmt: skip
