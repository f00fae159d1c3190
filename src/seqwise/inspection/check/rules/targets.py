"""The target's axes against the output's: what does not fit, and what is stretched to fit without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Output
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.losses import compare_shapes
from seqwise.inspection.check.measures import names_a_class
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import input_steps, last_recurrent, last_sized, pairs
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Shape
from seqwise.inspection.layer_kinds import is_recurrent, keeps_time, units_of


def severity_of(verdict: str) -> Literal["error", "warning"]:
    return "error" if verdict == "fails" else "warning"


def silently(verdict: str) -> str:
    if verdict == "fails":
        return "The loss cannot compare them."
    return "The loss stretches the one along the other (broadcasting) and trains without a word."


@rule("SW301", "sample-counts-differ", unless=("SW10", "SW11"))
def counts(context: Context) -> Iterator[Fault]:
    """The input and the target have different numbers of samples.

    Error. Fires where their first axes differ.
    """
    one = context.inputs[0] if context.inputs else None
    if one is None or one.data is None:
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
            severity="error",
            where="y" if many > held else "x",
            what=f"{data.name} has {held:,} samples, {target.name} has {many:,}: {why}.",
            expected=f"as many targets as samples: {held:,}",
            got=f"{name_axes(data.shape)} and {name_axes(target.shape, 'targets')}",
            fix=fix,
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
        verdict = compare_shapes(target.shape, shape, output.loss)
        wrong = verdict in ("broadcast", "fails") or (verdict == "same" and len(target.shape) < 2)
        if not wrong and verdict != "unknown":
            continue
        yield Fault(
            severity=severity_of(verdict),
            where=f"layer {call.name!r}",
            what=f"The model returns a value for each timestep, {name_axes(shape, 'units')}; {target.name} has one for "
            f"each sample. {silently(verdict)} The last recurrent layer should return its last state only.",
            expected=name_axes(target.shape, "targets"),
            got=name_axes(shape, "units"),
            fix=layer_code(call.layer, return_sequences=False),
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
        verdict = compare_shapes(target.shape, shape, output.loss)
        if verdict not in ("broadcast", "fails"):
            continue
        if len(target.shape) == 2 and _classes_or_horizon(target, shape, output):
            continue
        yield Fault(
            severity=severity_of(verdict),
            where=f"layer {call.name!r}",
            what=f"{target.name} has a value for each of the {steps:,} timesteps, but {type(call.layer).__name__} "
            f"{call.name!r} returns its last state only. {silently(verdict)}",
            expected=name_axes((None, steps, shape[-1]), "units"),
            got=name_axes(shape, "units"),
            fix=layer_code(call.layer, return_sequences=True),
        )


def _classes_or_horizon(target: Array, shape: Shape, output: Output) -> bool:
    """Tell whether a 2-D target's second axis is more likely classes than timesteps."""
    if shape[-1] != 1:
        return not (output.loss is not None and output.loss.name.startswith("sparse"))
    return False


@rule("SW304", "target-timesteps-differ", unless=("return-sequences-needed", "return-sequences-at-the-end", "SW21"))
def timesteps(context: Context) -> Iterator[Fault]:
    """Output and target have a time axis of different lengths.

    Error. Fires where the target has three axes and the output three with other timesteps, or two with too few values.
    """
    for output, target, shape in pairs(context):
        if len(target.shape) != 3:
            continue
        verdict = compare_shapes(target.shape, shape, output.loss)
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
            severity=severity_of(verdict),
            where=where,
            what=f"{target.name} has {horizon} timesteps, the output has {shape[1] if len(shape) == 3 else 'none'}. "
            f"{silently(verdict)} One way: {what}.",
            expected=name_axes((None, *target.shape[1:]), "targets"),
            got=name_axes(shape, "units"),
            fix=fix,
        )


@rule("SW305", "target-size-differs", unless=("SW21", "SW302", "SW303", "SW304"))
def size(context: Context) -> Iterator[Fault]:
    """The output has another number of values than the target.

    Warning where the loss broadcasts (a target of 5 against an output of 1, or the reverse), error where it refuses.
    Fires where the last axes differ and the loss is no crossentropy over classes and none of the user's own; a hint
    where no loss is known.
    """
    for output, target, shape in pairs(context):
        if output.loss is not None and output.loss.crossentropy:
            continue
        verdict = compare_shapes(target.shape, shape, output.loss)
        if verdict not in ("broadcast", "fails") or (output.loss is not None and output.loss.name == "custom"):
            continue
        if names_a_class(target, shape):
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
            severity=severity_of(verdict) if output.loss is not None else "hint",
            where=where,
            what=f"{target.name} has {values:,} value(s) for each {'timestep' if len(shape) == 3 else 'sample'}, the "
            f"output has {'any number' if shape[-1] is None else shape[-1]}. {silently(verdict)}",
            expected=name_axes((None, *target.shape[1:]), "targets"),
            got=name_axes(shape, "units"),
            fix=fix,
        )
