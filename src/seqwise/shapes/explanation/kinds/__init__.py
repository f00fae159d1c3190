"""What each kind of layer does to samples, timesteps and features, in words; one file for each family of layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seqwise.axes import TIMESTEPS
from seqwise.shapes.explanation.kinds import joining, local, recurrent, reshaping, stepwise
from seqwise.shapes.explanation.kinds.call import Call, Shape, Teller, Told, Value, all_reach, same_names
from seqwise.shapes.explanation.reach import Reach

INNER_STEPS = "inner steps"

__all__ = ["INNER_STEPS", "Call", "Shape", "Told", "Value", "is_known", "kind_of", "tell"]


def kind_of(operation: Any) -> str:
    """The name of the nearest class of Keras's (or of Seqwise's) that an operation is."""
    for base in type(operation).__mro__:
        if base.__name__ in TELLERS and base.__module__.split(".")[0] in ("keras", "seqwise"):
            return base.__name__
    return type(operation).__name__


def is_known(operation: Any) -> bool:
    return kind_of(operation) in TELLERS


def tell(call: Call) -> Told:
    """Say what a call does to the axes."""
    teller = TELLERS.get(call.kind)
    if teller is None or not call.inputs:
        return _unknown(call)
    try:
        return teller(call)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return _unknown(call)  # a subclass, or a later Keras, whose settings are not those known here


def _unknown(call: Call) -> Told:
    reach = all_reach(call)
    # without a time axis nothing can be mixed any more
    mixes = any(band.jump for bands in reach.bands.values() for band in bands)
    why = f"{call.kind} is not a layer known here: its shapes are told, not what it does inside."
    axes = [same_names(call, shape) for shape in call.outputs]
    return Told(axes, [Reach.unknown() if mixes else reach] * len(call.outputs), why)


def time_distributed(call: Call) -> Told:
    """TimeDistributed: a layer applied to each timestep by itself."""
    value, inner = call.first, call.operation.layer
    axes = tuple(TIMESTEPS if name == INNER_STEPS else name for i, name in enumerate(value.axes) if i != 1)
    one = replace(value, shape=(value.shape[0], *value.shape[2:]), axes=axes)
    shapes = [(shape[0], *shape[2:]) for shape in call.outputs]
    within = tell(Call(inner, kind_of(inner), (one,), {}, [one], shapes))
    steps = value.axes[1]
    size = value.shape[1]
    several = f"each of the {size:,} {steps}" if size is not None else f"each of the {steps}"
    names = [
        (found[0], steps, *(INNER_STEPS if name == TIMESTEPS else name for name in found[1:])) for found in within.axes
    ]
    why = f"Does the same to {several}, with the same weights: the axis {steps} stays. Within one: {within.why}"
    return Told(names, [value.reach] * len(shapes), why, within.parameters)


TELLERS: dict[str, Teller] = {
    **recurrent.KINDS, **stepwise.KINDS, **local.KINDS, **reshaping.KINDS, **joining.KINDS,
    "TimeDistributed": time_distributed,
}  # fmt: skip
