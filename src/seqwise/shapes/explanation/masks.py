"""Where the mask goes: which layers make it, use it, carry it on and drop it, by the rules of Keras's own call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from seqwise.shapes.explanation.kinds import Call, Value

ROLES = ("makes", "uses", "carries", "ends", "drops")


@dataclass(frozen=True)
class MaskStep:
    """What a layer does with the mask.

    Attributes:
        roles: some of `ROLES`; empty where no mask comes in or goes out.
        why: in words.
        outputs: for each output, the names of the steps that made the mask on it; empty for none.
    """

    roles: tuple[str, ...]
    why: str
    outputs: list[frozenset[str]]


def follow_mask(call: Call, name: str) -> MaskStep:
    """Say what the layer called `name` does with the masks of its inputs.

    Keras's rule (`keras.Layer.__call__`): a layer whose `call` has an argument `mask` is given the mask of its only
    tensor argument, or `<argument>_mask` where it has several; its outputs get what `compute_mask` makes of the first
    argument's mask, if the layer supports masking at all.
    """
    arguments = _tensor_arguments(call)
    if len(arguments) == 1 and any(value.mask for value in call.inputs):
        # Keras notes the mask that it handed over itself among the arguments, too
        call = replace(call, kwargs={k: v for k, v in call.kwargs.items() if not k.endswith("mask")})
    incoming = frozenset[str]().union(*(value.mask for value in call.inputs), *_explicit(call))
    handed = _handed_over(call, arguments)
    outputs = _masks_out(call, arguments, name)
    makes = name in frozenset[str]().union(*outputs)
    carries = any(found - {name} for found in outputs)
    roles = []
    if makes:
        roles.append("makes")
    if handed and not makes:
        roles.append("uses")
    if carries:
        roles.append("carries")
    elif incoming and not makes:
        roles.append("ends" if handed else "drops")
    return MaskStep(tuple(roles), _why(call, roles, sorted(incoming), arguments), outputs)


def _why(call: Call, roles: list[str], incoming: list[str], arguments: dict[str, Any]) -> str:
    origin = " and ".join(incoming)
    if roles == ["makes"] or "makes" in roles:
        if call.kind == "Embedding":
            return "made here: token 0 is padding (mask_zero=True)"
        if call.kind == "Masking":
            return f"made here: timesteps whose features are all {call.given('mask_value'):g} are padding"
        return "made here"
    if not roles:
        return ""
    words = []
    if "uses" in roles:
        recurrent = hasattr(call.operation, "return_sequences")
        does = "skips the timesteps that are padding" if recurrent else "leaves out what is padding"
        words.append(f"{does}, by the mask of {origin},")
    if "carries" in roles:
        words.append("and passes it on" if words else f"passes the mask of {origin} on")
    if "ends" in roles:
        words.append("and ends here")
    if "drops" in roles:
        words.append(f"the mask of {origin} is lost here: the layers after it treat padding as data")
    if "uses" not in roles and len(arguments) > 1 and hasattr(call.operation, "return_sequences"):
        words.append(
            "but does not use it: Keras hands the mask over by itself only where no initial_state is given "
            "(give it: mask=…)"
        )
    return " ".join(words).replace(" but does", ", but does")


def _tensor_arguments(call: Call) -> dict[str, Any]:
    """The tensor arguments of the call by name, masks left out, as Keras counts them."""
    try:
        bound = inspect.signature(call.operation.call).bind(*call.args, **call.kwargs).arguments
    except (AttributeError, TypeError, ValueError):
        return {"inputs": call.args[0]} if call.args else {}
    return {name: value for name, value in bound.items() if not name.endswith("mask") and any(_values(value))}


def _explicit(call: Call) -> list[frozenset[str]]:
    """Masks that the user's own code gave in the call."""
    given = [value for name, value in call.kwargs.items() if name.endswith("mask") for value in _values(value)]
    return [value.mask or frozenset([value.made_by]) for value in given]


def _handed_over(call: Call, arguments: dict[str, Any]) -> frozenset[str]:
    if _explicit(call):
        return frozenset[str]().union(*_explicit(call))
    operation = call.operation
    inner = getattr(operation, "layer", None) if call.kind == "TimeDistributed" else None
    try:
        names = inspect.signature((inner or operation).call).parameters
    except (AttributeError, TypeError, ValueError):
        return frozenset()
    if len(arguments) == 1:
        found = [value.mask for value in _values(next(iter(arguments.values())))] if "mask" in names else []
    else:
        found = [v.mask for name, given in arguments.items() if f"{name}_mask" in names for v in _values(given)]
    return frozenset[str]().union(*found)


def _masks_out(call: Call, arguments: dict[str, Any], name: str) -> list[frozenset[str]]:
    nothing = [frozenset[str]()] * len(call.outputs)
    if not getattr(call.operation, "supports_masking", False) or not arguments:
        return nothing
    first = next(iter(arguments.values()))
    explicit = _explicit(call)
    incoming = explicit[0] if explicit and "mask" in call.kwargs else frozenset[str]()
    for value in [] if incoming else _values(first):
        incoming |= value.mask
    keras = sys.modules["keras"]

    def tensor(value: Value) -> Any:
        return keras.KerasTensor(value.shape, dtype=value.dtype)

    def mask(value: Value) -> Any:
        return keras.KerasTensor(value.shape[:2], dtype="bool") if value.mask else None

    previous = keras.KerasTensor(call.first.shape[:2], dtype="bool") if explicit and incoming else _map(mask, first)
    try:
        made = call.operation.compute_mask(_map(tensor, first), previous)
    except Exception:  # a layer's own compute_mask may need real tensors; then it is taken to pass masks on
        made = previous
    flat = made if isinstance(made, (list, tuple)) else [made]
    origin = incoming or frozenset([name])
    found = [origin if mask is not None else frozenset[str]() for mask in flat]
    found = (found + nothing)[: len(call.outputs)]
    # a mask goes with the timesteps; what has no such axis may carry a stale one, which nobody reads
    return [mask if len(shape) > 1 else frozenset() for mask, shape in zip(found, call.outputs, strict=True)]


def _values(structure: Any) -> list[Value]:
    if isinstance(structure, Value):
        return [structure]
    if isinstance(structure, dict):
        structure = list(structure.values())
    return [v for part in structure for v in _values(part)] if isinstance(structure, (list, tuple)) else []


def _map(change: Callable[[Value], Any], structure: Any) -> Any:
    if isinstance(structure, Value):
        return change(structure)
    if isinstance(structure, dict):
        return {name: _map(change, part) for name, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)([_map(change, part) for part in structure])
    return structure
