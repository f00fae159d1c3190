"""Layers and operations that move axes, and do not touch the numbers: Flatten, Reshape, Permute, slices."""

from __future__ import annotations

import math
from typing import Any

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS, format_shape
from seqwise.inspection.effects.effect import effect, everything, names_for, number, the
from seqwise.inspection.graph import AxisNames, Call, Effect, Shape, Value, is_sequence
from seqwise.inspection.receptive_field import ReceptiveField


def flatten(call: Call) -> Effect:
    value = call.first
    sizes = " × ".join("?" if size is None else f"{size:,}" for size in value.shape[1:])
    axes = " and ".join(value.axes[1:])
    ends = " The time axis ends here." if TIMESTEPS in value.axes else ""
    why = (
        f"Puts {axes} in one row: {sizes} = {number(call.shapes[0][-1], 'numbers')} for each sample."
        if value.rank > 2
        else "Changes nothing: there is one row of numbers for each sample already."
    )
    return effect(call, (SAMPLES, FEATURES), everything([value]), why + ends)


def reshape(call: Call) -> Effect:
    value, shape = call.first, call.shapes[0]
    axes = names_for(len(shape))
    if len(shape) == value.rank and shape == value.shape:
        return effect(call, value.axes, value.field, "Changes nothing: the shape is the same already.")
    new_shape = format_shape(**dict(zip(axes[1:], shape[1:], strict=True)))
    why = f"Cuts the {number(_product(value.shape[1:]), 'numbers')} of each sample anew, row by row, to {new_shape}."
    steps = list(shape)[1] if len(shape) > 2 else None
    return effect(call, axes, _regrouped(value, steps), why)


def _regrouped(value: Value, steps: int | None) -> ReceptiveField:
    """Where so many old steps make a new one, or a new one is a part of an old one."""
    old = value.size(TIMESTEPS)
    if old is None or steps is None or value.axes[1] != TIMESTEPS:
        return everything([value])
    if old % steps == 0:
        return value.field.window(old // steps, 0, old // steps - 1)
    if steps % old == 0:
        parts = steps // old
        return value.field.window(1 / parts, -(parts - 1) / parts, 0)
    return everything([value])


def permute(call: Call) -> Effect:
    value = call.first
    order: tuple[int, ...] | None = getattr(call.layer, "dims", None)
    if order is None:  # keras.ops.transpose
        axes: Any = getattr(call.layer, "axes", None)
        order = tuple(axes[1:]) if axes and axes[0] == 0 else None
    if order is None or len(order) + 1 != value.rank:
        return effect(call, None, everything([value]), "Turns the axes.")
    names: AxisNames = (SAMPLES, *(value.axes[axis] for axis in order))
    return effect(call, names, value.field, f"Turns the axes to ({', '.join(names)}); no number changes.")


def repeat(call: Call) -> Effect:
    value, times = call.first, call.shapes[0][1]
    why = (
        f"Repeats the {number(value.shape[-1], 'numbers')} of each sample {number(times, 'times')}: a time axis "
        "begins, and all of its steps are the same."
    )
    return effect(call, (SAMPLES, TIMESTEPS, value.axes[-1]), value.field, why)


def get_item(call: Call) -> Effect:
    """A slice, as in ``x[:, -1]``."""
    value = call.first
    key = call.args[1] if len(call.args) > 1 else call.kwargs.get("key")
    parts = list(key) if is_sequence(key) else [key]
    if any(isinstance(part, Value) for part in parts):
        return effect(call, None, everything([value]), "Chooses numbers by the values of another tensor.")
    if Ellipsis in parts:
        place = parts.index(Ellipsis)
        missing = value.rank - sum(part not in (None, Ellipsis) for part in parts)
        parts[place : place + 1] = [slice(None)] * missing
    parts += [slice(None)] * (value.rank - sum(part is not None for part in parts))
    names: list[str] = []
    words: list[str] = []
    field, axis = value.field, 0
    for part in parts:
        if part is None:
            names.append(FEATURES if FEATURES not in value.axes else "new axis")
            words.append("adds an axis")
            continue
        name, size = value.axes[axis], value.shape[axis]
        axis += 1
        if isinstance(part, int):
            which = {0: "the first", -1: "the last"}.get(part, f"number {part}")
            words.append(f"keeps {which} of {the(size, name)}: that axis ends here")
            field = field.at(part, size) if name == TIMESTEPS else field
            continue
        names.append(name)
        if part != slice(None):
            words.append(f"keeps a part of {the(size, name)}")
            field = _sliced(field, part, size) if name == TIMESTEPS else field
    why = "; ".join(words) or "keeps everything"
    return effect(call, tuple(names), field, f"{why[0].upper()}{why[1:]}.")


def _sliced(field: ReceptiveField, part: slice, size: int | None) -> ReceptiveField:
    if size is None and any(isinstance(end, int) and end < 0 for end in (part.start, part.stop)):
        return field if part.start in (None, 0) and part.step in (None, 1) else ReceptiveField.unknown()
    start, _, step = part.indices(10**9 if size is None else size)
    return field.window(step, start, start)


def expand(call: Call) -> Effect:
    axis = getattr(call.layer, "axis", -1)
    value = call.first
    names = list(value.axes)
    place = axis if axis >= 0 else len(names) + 1 + axis
    names.insert(place, FEATURES if FEATURES not in names and place == len(names) else "new axis")
    return effect(call, tuple(names), value.field, f"Adds an axis of size 1 at place {place}.")


def squeeze(call: Call) -> Effect:
    value, axis = call.first, getattr(call.layer, "axis", None)
    axes = [axis] if isinstance(axis, int) else list(axis or [i for i, size in enumerate(value.shape) if size == 1])
    gone = {a % value.rank for a in axes}
    names = tuple(name for i, name in enumerate(value.axes) if i not in gone)
    field = value.field if TIMESTEPS in names or TIMESTEPS not in value.axes else value.field.at(0, 1)
    return effect(call, names, field, f"Takes away {', '.join(value.axes[i] for i in sorted(gone))}, of size 1.")


def reduction(call: Call) -> Effect:
    """``keras.ops.mean`` and its like."""
    value, axis = call.first, getattr(call.layer, "axis", None)
    axes = range(value.rank) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    gone = {a % value.rank for a in axes}
    over = ", ".join(value.axes[i] for i in sorted(gone))
    names: AxisNames = tuple(name for i, name in enumerate(value.axes) if i not in gone)
    if getattr(call.layer, "keepdims", False):
        names = value.axes
    field = everything([value]) if TIMESTEPS in over.split(", ") else value.field
    return effect(call, names, field, f"Takes the {call.kind.lower()} over {over}.")


def _product(shape: Shape) -> int | None:
    sizes = [size for size in shape if size is not None]
    return math.prod(sizes) if len(sizes) == len(shape) else None


KINDS = {
    "Flatten": flatten, "Reshape": reshape, "Permute": permute, "Transpose": permute, "RepeatVector": repeat,
    "GetItem": get_item, "ExpandDims": expand, "Squeeze": squeeze,
    **dict.fromkeys(["Mean", "Sum", "Max", "Min", "Any", "All", "Prod", "Std", "Var", "Median"], reduction),
}  # fmt: skip
