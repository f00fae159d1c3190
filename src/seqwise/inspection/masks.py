"""Where a mask goes: which calls make it, use it, carry it on and drop it, by the rules of Keras's own `__call__`."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from typing import Any

from seqwise.inspection.graph import Call, LostMask, MaskFate, Value, is_sequence, map_leaves, values_in, without_masks
from seqwise.inspection.layer_kinds import is_recurrent

Origins = frozenset[Call | Value]
NONE: Origins = frozenset()


def mask_fate(call: Call) -> MaskFate:
    """What a call does with the masks of its inputs.

    Keras's rule (`keras.Layer.__call__`): a layer whose `call` has an argument `mask` is given the mask of its only
    tensor argument, or `<argument>_mask` where it has several; its outputs get what `compute_mask` makes of the first
    argument's mask, if the layer supports masking at all.
    """
    arguments = _tensor_arguments(call)
    explicit = _explicit(call)
    if len(arguments) == 1 and any(value.mask for value in call.inputs):
        explicit = []  # Keras notes the mask that it handed over itself among the arguments, too
    origins = NONE.union(*(value.mask for value in call.inputs), *explicit)
    used = _handed_over(call, arguments, explicit)
    outputs = _masks_out(call, arguments, explicit)
    makes = any(call in mask for mask in outputs)
    carries = any(mask - {call} for mask in outputs)
    roles: list[str] = []
    if makes:
        roles.append("makes")
    if used and not makes:
        roles.append("uses")
    if carries:
        roles.append("carries")
    elif origins and not makes:
        roles.append("ends" if used else "drops")
    withheld = bool(origins) and not used and len(arguments) > 1 and is_recurrent(call.layer)
    return MaskFate(tuple(roles), origins, withheld, tuple(outputs))


def lost_masks(call: Call) -> tuple[LostMask, ...]:
    """The masks that were dropped up to the outputs of a call; none once the time axis has ended."""
    if all(len(shape) < 3 for shape in call.shapes):
        return ()
    lost = [mask for value in call.inputs for mask in value.lost]
    if "drops" in call.mask.roles:
        lost += [LostMask(maker, call) for maker in call.mask.origins]
    return tuple(dict.fromkeys(lost)) if not any(call.mask.outputs) else ()


def _tensor_arguments(call: Call) -> dict[str, Any]:
    """The tensor arguments of a call by name, masks left out, as Keras counts them."""
    try:
        bound = inspect.signature(call.layer.call).bind(*call.args, **call.kwargs).arguments
    except (AttributeError, TypeError, ValueError):
        return {"inputs": call.args[0]} if call.args else {}
    return {name: value for name, value in without_masks(bound).items() if any(values_in(value))}


def _explicit(call: Call) -> list[Origins]:
    """The masks that the user's own code hands over in the call."""
    masks = [value for name, part in call.kwargs.items() if name.endswith("mask") for value in values_in(part)]
    return [value.mask or frozenset([value]) for value in masks]


def _handed_over(call: Call, arguments: dict[str, Any], explicit: list[Origins]) -> Origins:
    if explicit:
        return NONE.union(*explicit)
    inner = getattr(call.layer, "layer", None) if call.kind == "TimeDistributed" else None
    try:
        parameters = inspect.signature((inner or call.layer).call).parameters
    except (AttributeError, TypeError, ValueError):
        return NONE
    if len(arguments) == 1:
        readers = list(arguments.values()) if "mask" in parameters else []
    else:
        readers = [argument for name, argument in arguments.items() if f"{name}_mask" in parameters]
    return NONE.union(*(value.mask for value in values_in(readers)))


def _masks_out(call: Call, arguments: dict[str, Any], explicit: list[Origins]) -> list[Origins]:
    nothing = [NONE] * len(call.shapes)
    if not getattr(call.layer, "supports_masking", False) or not arguments:
        return nothing
    keras = sys.modules["keras"]
    first = next(iter(arguments.values()))
    by_hand = bool(explicit) and "mask" in call.kwargs
    incoming = explicit[0] if by_hand else NONE.union(*(value.mask for value in values_in(first)))

    def tensor(value: Any) -> Any:
        return keras.KerasTensor(value.shape, dtype=value.dtype) if isinstance(value, Value) else value

    def mask(value: Any) -> Any:
        return keras.KerasTensor(value.shape[:2], dtype="bool") if isinstance(value, Value) and value.mask else None

    previous = mask(replace(call.first, mask=incoming)) if by_hand else map_leaves(mask, first)
    try:
        computed = call.layer.compute_mask(map_leaves(tensor, first), previous)
    except Exception:  # a layer's own compute_mask may need real tensors; then it is taken to pass masks on
        computed = previous
    masks = computed if is_sequence(computed) else [computed]
    outputs = [(incoming or frozenset([call])) if mask is not None else NONE for mask in masks]
    outputs = (outputs + nothing)[: len(call.shapes)]
    # a mask goes with the timesteps; what has no such axis may carry a stale one, which nobody reads
    return [mask if len(shape) > 1 else NONE for mask, shape in zip(outputs, call.shapes, strict=True)]
