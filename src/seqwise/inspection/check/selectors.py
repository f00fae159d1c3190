"""What the rules select from the context: inputs of a kind, targets beside outputs, calls, the layers at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Input, Output
from seqwise.inspection.check.losses import Loss
from seqwise.inspection.check.measures import looks_like_tokens
from seqwise.inspection.check.torch_selectors import data_of, recurrent_inputs
from seqwise.inspection.data import Array
from seqwise.inspection.graph import RANK, Call, Shape
from seqwise.inspection.layer_kinds import activation_of, is_a, is_recurrent, keeps_time, units_of

SCALING_LAYERS = (
    "Normalization", "BatchNormalization", "LayerNormalization", "Rescaling", "Embedding", "UnitNormalization",
    "RMSNormalization", "GroupNormalization", "Lambda", "Discretization", "CategoryEncoding", "Hashing",
)  # fmt: skip

ENDS_TIME = ("Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "Reshape")


def inputs_with_data(context: Context) -> Iterator[tuple[Input, Array]]:
    """Yield the inputs for which there is data of any kind, texts and ragged lists included."""
    for entry in context.inputs:
        if entry.data is not None:
            yield entry, entry.data


def numbers(context: Context) -> Iterator[tuple[Input, Array]]:
    return ((entry, data) for entry, data in inputs_with_data(context) if data.values is not None)


def of_axes(context: Context, count: int) -> Iterator[tuple[Input, Array]]:
    """Yield the inputs that have so many axes where three are needed."""
    return ((entry, data) for entry, data in numbers(context) if len(data.shape) == count and entry.rank == 3)


def embedded(context: Context) -> Iterator[tuple[Array, Any]]:
    """Yield the data that an Embedding reads, with it."""
    for entry, data in numbers(context):
        if entry.embedded is not None and data.numbers.size:
            yield data, entry.embedded


def measured(context: Context) -> Iterator[Array]:
    """Yield the data that are quantities: numbers in three axes that no layer scales or embeds."""
    for entry, data in numbers(context):
        quantities = data.numbers.dtype.kind in "fiu" and data.numbers.size and len(data.shape) == 3
        if quantities and entry.embedded is None and not _scaled_by_the_model(context):
            yield data


def _scaled_by_the_model(context: Context) -> bool:
    """Tell whether the model itself scales the input before a recurrent layer reads it."""
    if context.torch:
        return not any(data_of(context, call.first) for call, _, _ in recurrent_inputs(context))
    for call in context.calls:
        if is_recurrent(call.layer):
            return False
        if is_a(call.layer, *SCALING_LAYERS):
            return True
    return False


def token_like(entry: Input) -> bool:
    """Tell whether an input that no Embedding reads looks like token ids."""
    return entry.data is not None and entry.embedded is None and looks_like_tokens(entry.data)


def expected_shape(entry: Input) -> str:
    """Write the shape that an input must have, any number of samples."""
    if entry.declared is not None:
        return name_axes((None, *entry.declared[1:]))
    return name_axes((None,) * (entry.needs or 3))


def parts(context: Context) -> Iterator[tuple[Array, Array]]:
    """Yield the first input of the training and of the validation set, where their samples have the same shape."""
    training, validation = context.data, context.inputs[0].validation if context.inputs else None
    if training is None or validation is None or training.values is None or validation.values is None:
        return
    if training.shape[1:] == validation.shape[1:] and len(training.shape) > 1:
        yield training, validation


def targets(context: Context) -> Iterator[tuple[Output, Array]]:
    """Yield the outputs that have a target of any kind, with it."""
    return ((output, output.target) for output in context.outputs if output.target is not None)


def pairs(context: Context) -> Iterator[tuple[Output, Array, Shape]]:
    """Yield the outputs whose target and shape are known, with both."""
    for output, target in targets(context):
        if output.shape is not None and target.values is not None and target.shape:
            yield output, target, output.shape


def compared(context: Context, losses: Sequence[str] = ()) -> Iterator[tuple[Output, Array, Shape, Loss]]:
    """Yield the outputs whose target, shape and loss are known, with all three; of these losses where any is named."""
    for output, target, shape in pairs(context):
        if output.loss is not None and (not losses or output.loss.name in losses):
            yield output, target, shape, output.loss


def data_and_target(context: Context) -> Iterator[tuple[Array, Array]]:
    """Yield the numbers of the first input with those of the first target."""
    data, target = context.data, context.target
    if data is not None and target is not None and data.values is not None and target.values is not None:
        yield data, target


def recurrent_calls(context: Context) -> list[Call]:
    return [call for call in context.calls if is_recurrent(call.layer)]


def last_recurrent(context: Context) -> Call | None:
    return next(reversed(recurrent_calls(context)), None)


def wrong_rank(context: Context) -> list[Call]:
    """The calls of layers that need another number of axes."""
    return [call for call in context.calls if call.problem == RANK]


def steps_read(context: Context, call: Call) -> int | None:
    """Return the timesteps that a call reads; where they are not known, those of the first input."""
    steps = call.first.shape[1] if call.inputs and call.first.rank > 2 else None
    if steps is not None or not context.inputs:
        return steps
    data = context.data
    if data is not None and data.values is not None and len(data.shape) > 1:
        return data.shape[1]
    return context.inputs[0].timesteps


def last_sized(output: Output) -> Call | None:
    """Return the call that gives the output its last axis: the last Dense or recurrent layer on the way."""
    for call in [output.call, *output.call.back()] if output.call is not None else []:
        if units_of(call.layer) is not None:
            return call
        if is_a(call.layer, "Reshape", "Flatten", "Concatenate", "Add", "Lambda"):
            return None
    return None


def ends(output: Output) -> tuple[Any, str] | None:
    """Return the last layer and its activation; None where it is not known (a Lambda, a subclassed model's sum)."""
    if output.call is None:
        return None
    last = output.call.layer
    inner = last.layer if is_a(last, "TimeDistributed") else last
    known = is_a(inner, "Dense", "Activation", "Softmax", "ReLU") or is_recurrent(inner)
    return (last, activation_of(last)) if known else None


def activated(context: Context) -> Iterator[tuple[Output, Any, str]]:
    """Yield the outputs whose last layer is known, with it and its activation."""
    return ((output, *end) for output in context.outputs if (end := ends(output)) is not None)


def data_read_by(context: Context, call: Call) -> Array | None:
    """Return the data of the input that a call reads, directly or through other layers."""
    value = call.first
    while value.call is not None and value.call.inputs:
        value = value.call.first
    return context.data_of(value)


def mask_maker(call: Call) -> Call | None:
    """Return the call that made the mask which reaches this one."""
    return next((origin for origin in call.mask.origins if isinstance(origin, Call)), None)


def ended_by(call: Call) -> Call | None:
    """Return the call at which the time axis ended on the way to this one; None where it is not known."""
    for source in call.back():
        if is_recurrent(source.layer):
            return None if keeps_time(source.layer) else source
        if is_a(source.layer, *ENDS_TIME):
            return source
    return None


def describe(layer: Any) -> str:
    """Write a layer, or that of a call, as its class and name: ``LSTM 'lstm'``, ``Bidirectional(LSTM) 'both'``."""
    layer = layer.layer if isinstance(layer, Call) else layer
    if is_a(layer, "Bidirectional"):
        return f"Bidirectional({type(layer.forward_layer).__name__}) {layer.name!r}"
    return f"{type(layer).__name__} {layer.name!r}"
