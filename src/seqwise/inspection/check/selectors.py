"""What several rules select from the context: inputs of a kind, targets beside outputs, the layers at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Input, Output
from seqwise.inspection.check.measures import looks_like_tokens
from seqwise.inspection.check.torch_selectors import data_of, recurrent_inputs
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call, Shape
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


def two_axes(context: Context) -> Iterator[tuple[Input, Array]]:
    """Yield the inputs that have two axes where three are needed, token ids aside."""
    for entry, data in inputs_with_data(context):
        if data.values is not None and len(data.shape) == 2 and entry.rank == 3 and not token_like(entry):
            yield entry, data


def three_axes(context: Context) -> Iterator[tuple[Input, Array]]:
    """Yield the inputs that have three axes, as they need."""
    for entry, data in inputs_with_data(context):
        if data.values is not None and len(data.shape) == 3 and entry.rank == 3:
            yield entry, data


def embedded(context: Context) -> Iterator[tuple[Input, Array, Any]]:
    """Yield the inputs that an Embedding reads, with it."""
    for entry, data in inputs_with_data(context):
        if entry.embedded is not None and data.values is not None and data.values.size:
            yield entry, data, entry.embedded


def measured(context: Context) -> Iterator[tuple[Input, Array]]:
    """Yield the inputs that are quantities: numbers in three axes that no layer scales or embeds."""
    for entry, data in inputs_with_data(context):
        if data.values is None or data.values.dtype.kind not in "fiu" or not data.values.size or len(data.shape) != 3:
            continue
        if entry.embedded is None and not _scaled_by_the_model(context):
            yield entry, data


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


def input_steps(context: Context) -> int | None:
    """Return the timesteps of the first input, by its data, else as declared."""
    data = context.data
    if data is not None and data.values is not None and len(data.shape) > 1:
        return data.shape[1]
    return context.inputs[0].timesteps if context.inputs else None


def steps_read(context: Context, call: Call) -> int | None:
    """Return the timesteps that a call reads; where they are not known, those of the first input."""
    steps = call.first.shape[1] if call.inputs and call.first.rank > 2 else None
    return input_steps(context) if steps is None else steps


def target_steps(context: Context) -> int | None:
    """Return the timesteps of the first target; None where it has no time axis."""
    target = context.target
    return target.shape[1] if target is not None and len(target.shape) == 3 else None


def parts(context: Context) -> tuple[Array, Array] | None:
    """Return the first input of the training and of the validation part, where their samples have the same shape."""
    training = context.data
    validation = context.inputs[0].validation if context.inputs else None
    if training is None or validation is None or training.values is None or validation.values is None:
        return None
    return (training, validation) if training.shape[1:] == validation.shape[1:] and len(training.shape) > 1 else None


def pairs(context: Context) -> Iterator[tuple[Output, Array, Shape]]:
    """Yield the outputs whose target and shape are known, with both."""
    for output in context.outputs:
        target = output.target
        if target is not None and output.shape is not None and target.values is not None and target.shape:
            yield output, target, output.shape


def last_recurrent(context: Context) -> Call | None:
    return context.recurrent_calls[-1] if context.recurrent_calls else None


def last_sized(output: Output) -> Call | None:
    """Return the call that gives the output its last axis: the last Dense or recurrent layer on the way."""
    for call in [output.call, *output.call.back()] if output.call is not None else []:
        if units_of(call.layer) is not None:
            return call
        if is_a(call.layer, "Reshape", "Flatten", "Concatenate", "Add", "Lambda"):
            return None
    return None


def ends(output: Output) -> tuple[Call, str] | None:
    """Return the last layer and its activation; None where it is not known (a Lambda, a subclassed model's sum)."""
    call = output.call
    if call is None:
        return None
    layer = call.layer.layer if is_a(call.layer, "TimeDistributed") else call.layer
    if is_a(layer, "Dense", "Activation", "Softmax", "ReLU") or is_recurrent(layer):
        return call, activation_of(call.layer)
    return None


def data_read_by(context: Context, call: Call) -> Array | None:
    """Return the data of the input that a call reads, directly or through other layers."""
    value = call.first
    while value.call is not None and value.call.inputs:
        value = value.call.first
    inputs = zip(context.inputs, context.graph.inputs, strict=False)
    return next((entry.data for entry, known in inputs if known is value), None)


def ended_by(call: Call) -> Call | None:
    """Return the call at which the time axis ended on the way to this one; None where it is not known."""
    for source in call.back():
        if is_recurrent(source.layer):
            return None if keeps_time(source.layer) else source
        if is_a(source.layer, *ENDS_TIME):
            return source
    return None


def describe(call: Call) -> str:
    return describe_layer(call.layer)


def describe_layer(layer: Any) -> str:
    """Write a layer as its class and name: ``LSTM 'lstm'``, ``Bidirectional(LSTM) 'bidirectional'``."""
    if is_a(layer, "Bidirectional"):
        return f"Bidirectional({type(layer.forward_layer).__name__}) {layer.name!r}"
    return f"{type(layer).__name__} {layer.name!r}"
