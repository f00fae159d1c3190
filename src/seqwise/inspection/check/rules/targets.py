"""The target's axes against the output's: what does not fit, and what is stretched to fit without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Output
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.losses import Loss
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.rules.layers import input_steps
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call, Shape
from seqwise.inspection.layer_kinds import is_a, is_recurrent, keeps_time, units_of

BATCH = 1009  # stands for the samples of a batch: no other axis has this size


def meets(
    target: tuple[int, ...], output: Shape, loss: Loss | None
) -> Literal["same", "broadcast", "fails", "unknown"]:
    """Tell what Keras makes of a target beside an output: both (samples, …).

    Keras first drops or adds a last axis of 1 where the number of axes differs by one; the regression losses and
    functions of the user's own then broadcast as NumPy does, the crossentropies refuse.
    """
    sizes = [*output[1:]]
    wanted = [*target[1:]]
    if None in sizes and len(sizes) == len(wanted):
        sizes = [w if s is None else s for s, w in zip(sizes, wanted, strict=True)]
    if None in sizes:
        return "unknown" if abs(len(sizes) - len(wanted)) <= 1 else "fails"
    one, other = [BATCH, *wanted], [BATCH, *[s for s in sizes if s is not None]]
    sparse = loss is not None and loss.name == "sparse_categorical_crossentropy"
    if sparse:
        labels = one[:-1] if len(one) == len(other) + 1 and one[-1] == 1 else one
        labels = labels[:-1] if len(labels) == len(other) and labels[-1] == 1 else labels
        return "same" if labels == other[:-1] else "fails"
    if len(one) == len(other) + 1 and one[-1] == 1:
        one = one[:-1] if len(other) > 1 else one
    elif len(other) == len(one) + 1 and other[-1] == 1:
        if len(one) == 1:
            one = [*one, 1]
        else:
            other = other[:-1]
    if one == other:
        return "same"
    if loss is not None and loss.crossentropy:
        return "fails"
    for a, b in zip(one[::-1], other[::-1], strict=False):
        if a != b and 1 not in (a, b):
            return "fails"
    return "broadcast"


def pairs(context: Context) -> Iterator[tuple[Output, Array, Shape]]:
    """Yield the outputs whose shape and target are known."""
    for output in context.outputs:
        target = output.target
        if target is not None and output.shape is not None and target.values is not None and target.shape:
            yield output, target, output.shape


def last_recurrent(context: Context) -> Call | None:
    steps = context.recurrent_calls
    return steps[-1] if steps else None


def last_sized(output: Output) -> Call | None:
    """Return the call that gives the output its last axis: the last Dense or recurrent layer on the way."""
    for call in [output.call, *output.call.back()] if output.call is not None else []:
        if units_of(call.layer) is not None:
            return call
        if is_a(call.layer, "Reshape", "Flatten", "Concatenate", "Add", "Lambda"):
            return None
    return None


def severity_of(verdict: str) -> Literal["error", "warning"]:
    return "error" if verdict == "fails" else "warning"


def silently(verdict: str) -> str:
    if verdict == "fails":
        return "The loss cannot compare them."
    return "The loss stretches the one along the other (broadcasting) and trains without a word."


@rule("SW301", "sample-counts-differ")
def counts(context: Context) -> Iterator[Fault]:
    """The input and the target have different numbers of samples.

    Error. Fires where their first axes differ.
    """
    one = context.inputs[0] if context.inputs else None
    if one is None or one.data is None or context.has("SW10", "SW11"):
        return
    for output in context.outputs:
        target, data = output.target, one.data
        if target is None or not target.shape or target.samples == data.samples:
            continue
        many, held = target.samples, data.samples
        steps = data.shape[1] if len(data.shape) > 1 else 0
        if many - held == steps and steps:
            fix = f"{target.name} = {target.name}[{steps}:]"
            why = f"the first {steps} rows have no window before them; the target of a window is the row after it"
        elif many - held == steps - 1 and steps > 1:
            fix = f"{target.name} = {target.name}[{steps - 1}:]"
            why = f"the first {steps - 1} rows end no window; the target of a window is then that of its last row"
        elif many > held:
            fix = f"{target.name} = {target.name}[:{held}]"
            why = "each sample needs its own target; look where the two are made"
        else:
            fix = f"{data.name} = {data.name}[:{many}]"
            why = "each sample needs its own target; look where the two are made"
        yield Fault(
            "error",
            "y" if many > held else "x",
            f"{data.name} has {held:,} samples, {target.name} has {many:,}: {why}.",
            f"as many targets as samples: {held:,}",
            f"{name_axes(data.shape)} and {name_axes(target.shape, 'targets')}",
            fix,
        )


@rule("SW302", "return-sequences-at-the-end")
def at_the_end(context: Context) -> Iterator[Fault]:
    """The output has a time axis, the target has none.

    Warning where the loss broadcasts, error where it refuses. Fires where the last recurrent layer has
    ``return_sequences=True``, the output has three axes and the target none for the timesteps.
    """
    for output, target, shape in pairs(context):
        call = last_recurrent(context)
        if len(shape) != 3 or call is None or not keeps_time(call.layer) or _has_time(target, shape, output):
            continue
        verdict = meets(target.shape, shape, output.loss)
        wrong = verdict in ("broadcast", "fails") or (verdict == "same" and len(target.shape) < 2)
        if not wrong and verdict != "unknown":
            continue
        yield Fault(
            severity_of(verdict),
            f"layer {call.name!r}",
            f"The model returns a value for each timestep, {name_axes(shape, 'units')}; {target.name} has one for each "
            f"sample. {silently(verdict)} The last recurrent layer should return its last state only.",
            name_axes(target.shape, "targets"),
            name_axes(shape, "units"),
            layer_code(call.layer, return_sequences=False),
        )


def _has_time(target: Array, shape: Shape, output: Output) -> bool:
    """Tell whether a target has a value for each timestep of an output (samples, timesteps, units)."""
    if len(target.shape) >= 3:
        return target.shape[1] == shape[1] or target.shape[1] > 1 or shape[1] is None
    if len(target.shape) == 2:
        one_value = shape[2] == 1 or (output.loss is not None and output.loss.name.startswith("sparse"))
        return (target.shape[1] == shape[1] and one_value) or (shape[1] is None and target.shape[1] > 1 and one_value)
    return False


@rule("SW303", "return-sequences-needed")
def needed(context: Context) -> Iterator[Fault]:
    """The target has a value for each timestep, the output has none.

    Warning where the loss broadcasts, error where it refuses. Fires where the target's second axis is the input's
    timesteps, the output has two axes and the last recurrent layer returns its last state only.
    """
    for output, target, shape in pairs(context):
        call, steps = last_recurrent(context), input_steps(context)
        if len(shape) != 2 or call is None or keeps_time(call.layer) or len(target.shape) < 2 or steps is None:
            continue
        if target.shape[1] != steps or steps == 1:
            continue
        verdict = meets(target.shape, shape, output.loss)
        if verdict not in ("broadcast", "fails"):
            continue
        if len(target.shape) == 2 and _classes_or_horizon(target, shape, output):
            continue
        yield Fault(
            severity_of(verdict),
            f"layer {call.name!r}",
            f"{target.name} has a value for each of the {steps:,} timesteps, but {type(call.layer).__name__} "
            f"{call.name!r} returns its last state only. {silently(verdict)}",
            name_axes((None, steps, shape[-1]), "units"),
            name_axes(shape, "units"),
            layer_code(call.layer, return_sequences=True),
        )


def _classes_or_horizon(target: Array, shape: Shape, output: Output) -> bool:
    """Tell whether a 2-D target's second axis is more likely classes than timesteps."""
    if shape[-1] != 1:
        return not (output.loss is not None and output.loss.name.startswith("sparse"))
    return False


@rule("SW304", "target-timesteps-differ")
def timesteps(context: Context) -> Iterator[Fault]:
    """Output and target have a time axis of different lengths.

    Error. Fires where the target has three axes and the output three with other timesteps, or two with too few values.
    """
    for output, target, shape in pairs(context):
        if len(target.shape) != 3 or context.has("return-sequences-needed", "return-sequences-at-the-end", "SW21"):
            continue
        verdict = meets(target.shape, shape, output.loss)
        if verdict not in ("fails", "broadcast"):
            continue
        horizon, values = target.shape[1:]
        if len(shape) == 3 and shape[1] is not None and shape[1] > horizon and output.call is not None:
            where = f"after layer {output.call.name!r}"
            fix = f"keras.layers.Cropping1D(({shape[1] - horizon}, 0))"
            what = f"keep the last {horizon} timesteps of the output"
        elif len(shape) == 2 and last_sized(output) is not None:
            call = last_sized(output)
            assert call is not None
            where = f"layer {call.name!r}"
            fix = f"{layer_code(call.layer, units=horizon * values)},\nkeras.layers.Reshape(({horizon}, {values}))"
            what = f"let the last layer return all {horizon * values} values at once and lay them out"
        else:
            call = last_recurrent(context)
            if call is None:
                continue
            units = units_of(call.layer)
            where = f"layer {call.name!r}"
            fix = (
                f"{layer_code(call.layer, return_sequences=False)},\nkeras.layers.RepeatVector({horizon}),\n"
                f"keras.layers.LSTM({units}, return_sequences=True)"
            )
            what = "encode the input to one state, repeat it for each timestep of the target, and decode"
        if len(shape) == 3 and shape[1] == horizon:
            continue  # the last axis is the fault
        yield Fault(
            severity_of(verdict),
            where,
            f"{target.name} has {horizon} timesteps, the output has {shape[1] if len(shape) == 3 else 'none'}. "
            f"{silently(verdict)} One way: {what}.",
            name_axes((None, *target.shape[1:]), "targets"),
            name_axes(shape, "units"),
            fix,
        )


@rule("SW305", "target-size-differs")
def size(context: Context) -> Iterator[Fault]:
    """The output has another number of values than the target.

    Warning where the loss broadcasts (a target of 5 against an output of 1, or the reverse), error where it refuses.
    Fires where the last axes differ and the loss is no crossentropy over classes and none of the user's own; a hint
    where no loss is known.
    """
    for output, target, shape in pairs(context):
        if context.has("SW21", "SW302", "SW303", "SW304") or (output.loss is not None and output.loss.crossentropy):
            continue
        verdict = meets(target.shape, shape, output.loss)
        if verdict not in ("broadcast", "fails") or (output.loss is not None and output.loss.name == "custom"):
            continue
        if label_like(target, shape):
            continue
        values = target.shape[-1] if len(target.shape) >= len(shape) else 1
        call = last_sized(output)
        if call is None:
            where, fix = "y", f"{target.name} = {target.name}.reshape({', '.join(map(str, (-1, *shape[1:])))})"
        else:
            where, fix = f"layer {call.name!r}", layer_code(call.layer, units=values)
            if is_recurrent(call.layer):
                where = f"after layer {call.name!r}"
                fix = f"keras.layers.Dense({values})"
        yield Fault(
            severity_of(verdict) if output.loss is not None else "hint",
            where,
            f"{target.name} has {values:,} value(s) for each {'timestep' if len(shape) == 3 else 'sample'}, the output "
            f"has {'any number' if shape[-1] is None else shape[-1]}. {silently(verdict)}",
            name_axes((None, *target.shape[1:]), "targets"),
            name_axes(shape, "units"),
            fix,
        )


def label_like(target: Array, shape: Shape) -> bool:
    """Tell whether a target of one whole number for each sample names one of the output's classes."""
    one_each = len(target.shape) == len(shape) - 1 or (len(target.shape) == len(shape) and target.shape[-1] == 1)
    if not one_each or not target.whole or shape[-1] is None or shape[-1] < 2:
        return False
    part = target.part
    return bool(part.size and part.min() >= 0 and part.max() < shape[-1])
