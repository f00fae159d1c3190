"""Models that Keras refuses to build: settings of the wrong layer, a layer called on a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import class_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.layer_kinds import RECURRENT, is_a


@rule("SW201", "mask-zero-on-recurrent-layer")
def mask_zero(context: Context) -> Iterator[Fault]:
    """`mask_zero` is a setting of Embedding, not of a recurrent layer.

    Error. Fires where the construction failed in a recurrent layer that was given ``mask_zero``.
    """
    made = context.construction
    if made is None or made.layer_class is None or "mask_zero" not in made.settings:
        return
    names = {cls.__name__ for cls in made.layer_class.__mro__}
    if names.isdisjoint({*RECURRENT, "Bidirectional", "Dense", "Masking"}):
        return
    kind = made.layer_class.__name__
    line = class_code(made.layer_class, made.settings)
    yield Fault(
        severity="error",
        where=f"layer {kind}",
        what=f"{kind} takes no mask_zero: it reads numbers, and a mask reaches it from a layer before it. For token "
        "ids that layer is Embedding(…, mask_zero=True); for numbers padded with 0 it is Masking(mask_value=0.0).",
        expected=f"a mask made before the {kind}",
        got=f"{kind}(…, mask_zero={made.settings['mask_zero']!r})",
        fix=f"keras.layers.Masking(mask_value=0.0),\n{line}",
    )


@rule("SW202", "layer-called-on-a-layer")
def called_on_a_layer(context: Context) -> Iterator[Fault]:
    """A layer is applied to a layer, often itself, instead of to a tensor.

    Error. Fires where the construction failed in a call whose argument is a layer.
    """
    made = context.construction
    if made is None or made.called is None or not is_a(made.argument, "Layer"):
        return
    name = _name_of(made.called, made.variables) or made.called.name
    other = _name_of(made.argument, made.variables) or made.argument.name
    tensor = _unused_input(made.variables) or f"{name}_inputs"
    itself = made.called is made.argument
    yield Fault(
        severity="error",
        where=f"call of layer {made.called.name!r}",
        what=f"The layer {name!r} is applied to {'itself' if itself else f'the layer {other!r}'}. A layer is applied "
        "to a tensor: an Input, or what an earlier layer returned.",
        expected=f"{name}({tensor})",
        got=f"{name}({other})",
        fix=f"{name}({tensor})",
    )


def _name_of(value: Any, variables: dict[str, Any]) -> str | None:
    return next((name for name, held in variables.items() if held is value), None)


def _unused_input(variables: dict[str, Any]) -> str | None:
    """Return the name of an Input that no layer reads yet, else of the last tensor that was made."""
    tensors = [(name, held) for name, held in variables.items() if getattr(held, "_keras_history", None) is not None]
    for name, held in tensors:
        operation = held._keras_history.operation
        if is_a(operation, "InputLayer") and not operation._outbound_nodes:
            return name
    return tensors[-1][0] if tensors else None
