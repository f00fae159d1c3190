"""Models that Keras refuses to build: a setting of another layer, a layer called on a layer."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.inspection.check.construction import Construction
from seqwise.inspection.check.fixes import at_layer
from seqwise.inspection.check.layer_code import class_code
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.registry import Context, Fault, Fix, rule
from seqwise.inspection.layer_kinds import RECURRENT, is_a


def failed(context: Context) -> list[Construction]:
    return [context.construction] if context.construction is not None else []


@rule("SW201", "mask-zero-on-recurrent-layer", "error", failed)
def mask_zero(context: Context, construction: Construction) -> Iterator[Fault]:
    """`mask_zero` is a setting of Embedding, not of a recurrent layer.

    Error. Fires where Keras refused to make a recurrent layer (or a Dense or Masking) with ``mask_zero``.
    """
    unmade, settings = construction.layer_class, construction.settings
    if unmade is None or "mask_zero" not in settings:
        return
    if {cls.__name__ for cls in unmade.__mro__}.isdisjoint({*RECURRENT, "Bidirectional", "Dense", "Masking"}):
        return
    kind = unmade.__name__
    yield Fault(
        what=f"{kind} has no mask_zero: it reads numbers, and an earlier layer makes the mask. For token ids that "
        "layer is Embedding(…, mask_zero=True); for numbers padded with 0 it is Masking(mask_value=0.0).",
        expected=f"a mask made before the {kind}",
        got=f"{kind}(…, mask_zero={settings['mask_zero']!r})",
        fix=Fix(f"layer {kind}", f"keras.layers.Masking(mask_value=0.0),\n{class_code(unmade, settings)}"),
    )


@rule("SW202", "layer-called-on-a-layer", "error", failed)
def called_on_a_layer(context: Context, construction: Construction) -> Iterator[Fault]:
    """A layer is called on a layer, often itself, instead of on a tensor.

    Error. Fires where Keras refused a call whose argument is a layer.
    """
    called, argument = construction.called, construction.argument
    if called is None or not is_a(argument, "Layer"):
        return
    names = Names(construction.variables)
    name, argument_name = names.of(called, called.name), names.of(argument, argument.name)
    tensor = _unused_input(names) or f"{name}_inputs"
    yield Fault(
        what=f"The layer {name!r} is called on {'itself' if called is argument else f'the layer {argument_name!r}'}. A "
        "layer is called on a tensor: an Input, or the output of an earlier layer.",
        expected=f"{name}({tensor})",
        got=f"{name}({argument_name})",
        fix=at_layer(called, f"{name}({tensor})", "call of"),
    )


def _unused_input(names: Names) -> str | None:
    """Return the name of an Input that no layer reads yet, else of the latest tensor."""
    tensors = [(name, value) for name, value in names.variables.items() if hasattr(value, "_keras_history")]
    for name, tensor in tensors:
        operation = tensor._keras_history.operation
        if is_a(operation, "InputLayer") and not operation._outbound_nodes:
            return name
    return tensors[-1][0] if tensors else None
