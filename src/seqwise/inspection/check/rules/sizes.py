"""The sizes of the input's axes against those that the model declares, and those of the validation part."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import expected_shape, inputs_with_data, three_axes


def _input_fix(context: Context, one: Input, shape: tuple[int | None, ...]) -> tuple[str, str]:
    """Return (where, fix) that lets the model declare another input shape."""
    if one.layer is not None and not _from_argument(context):
        return f"layer {one.layer.name!r}", layer_code(one.layer, shape=shape)
    first = next((call.layer for call in context.calls), None)
    if first is None:
        return "layer 'input'", f"keras.Input({shape})"
    return f"layer {first.name!r}", layer_code(first, input_shape=shape)


def _from_argument(context: Context) -> bool:
    """Tell whether the shape was declared by ``input_shape=`` of the first layer."""
    return bool(context.calls) and getattr(context.calls[0].layer, "_input_shape_arg", None) is not None


@rule("SW118", "features-count", unless=("SW116", "SW117"))
def features_count(context: Context) -> Iterator[Fault]:
    """The input has another number of features than the model was made for.

    Error. Fires where the last axis differs from the declared one.
    """
    for one, data in three_axes(context):
        if one.declared is None or one.declared[2] in (None, data.shape[2]):
            continue
        steps = one.declared[1] if one.declared[1] in (None, data.shape[1]) else data.shape[1]
        where, fix = _input_fix(context, one, (steps, data.shape[2]))
        yield Fault(
            severity="error",
            where=where,
            what=f"The model reads {one.declared[2]:,} feature(s) at each timestep, {data.name} has {data.shape[2]:,}. "
            "Make the model for the features there are, or choose the columns it was made for"
            + (f" ({data.name}[..., :{one.declared[2]}])." if one.declared[2] < data.shape[2] else "."),
            expected=expected_shape(one),
            got=name_axes(data.shape),
            fix=fix,
        )


@rule("SW119", "timesteps-count", unless=("SW116", "SW117", "features-count"))
def timesteps_count(context: Context) -> Iterator[Fault]:
    """The input has another number of timesteps than the model declares.

    Warning: an LSTM runs over any number of timesteps, so Keras says nothing (a functional model refuses on some
    backends), and the model is used on windows other than those it was made for. Fires where the second axis differs
    from the declared one; never where the model declares None.
    """
    for one, data in three_axes(context):
        if one.declared is None or one.declared[1] in (None, data.shape[1]):
            continue
        where, fix = _input_fix(context, one, (data.shape[1], one.declared[2]))
        yield Fault(
            severity="warning",
            where=where,
            what=f"The model declares {one.declared[1]:,} timesteps, {data.name} has {data.shape[1]:,}. An LSTM runs "
            "over any number, so this trains without a word where it is not refused.",
            expected=expected_shape(one),
            got=name_axes(data.shape),
            fix=fix,
        )


@rule("SW120", "validation-shape")
def validation_shape(context: Context) -> Iterator[Fault]:
    """The validation input has other axes than the training input.

    Error; a hint where only a features axis of 1 is missing and the model declares it, since Keras then adds it. Fires
    where timesteps, features or the number of axes differ between x and the validation's x.
    """
    for one, data in inputs_with_data(context):
        held = one.validation
        if held is None or data.values is None or held.values is None or data.shape[1:] == held.shape[1:]:
            continue
        if (
            one.declared is not None
            and None in one.declared
            and len(data.shape) == len(held.shape)
            and (data.shape[2:] == held.shape[2:])
        ):
            continue
        missing = len(held.shape) == len(data.shape) - 1 and data.shape[-1] == 1
        adapts = missing and one.layer is not None  # Keras adds the axis itself
        yield Fault(
            severity="hint" if adapts else "error",
            where="validation",
            what=f"{held.name} has other axes than {data.name}. What is done to the training input must be done to the "
            "validation input, too.",
            expected=name_axes((held.shape[0], *data.shape[1:])),
            got=f"{tuple(map(int, held.shape))}",
            fix=f"{held.name} = {held.name}[..., None]"
            if missing
            else f"{held.name} = {held.name}.reshape(-1, {', '.join(map(str, data.shape[1:]))})",
        )
