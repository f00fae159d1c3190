"""The target's axes beside the output's: what does not fit, and what silently broadcasts."""

from __future__ import annotations

import math

from seqwise.axes import name_axes
from seqwise.inspection.check.fixes import at_layer, change_layer, change_y
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.losses import Loss, compare_shapes
from seqwise.inspection.check.measures import names_a_class, one_hot
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Output, Severity, Shape, rule
from seqwise.inspection.check.selectors import describe, last_recurrent, last_sized, pairs, steps_read
from seqwise.inspection.layer_kinds import is_a, is_recurrent, keeps_time, units_of

BROADCASTS = "The loss stretches one along the other (broadcasting), so the model trains silently."
CONSEQUENCES = {
    "fails": "The loss cannot compare them.",
    "same": "Their shapes agree by chance, so the model trains silently.",
    **dict.fromkeys(("broadcast", "unknown"), BROADCASTS),
}


def _severity(comparison: str) -> Severity:
    return "error" if comparison == "fails" else "warning"


@rule("SW301", "sample-counts-differ", "error", unless=("SW10", "SW11", "SW125", "SW516"))
def counts(context: Context) -> Faults:
    """Input and target have different numbers of samples."""
    inputs, outputs = context.inputs, context.outputs
    yield from _counts([entry.data for entry in inputs], [output.target for output in outputs], "x", "y")
    validation = [entry.validation for entry in inputs], [output.validation for output in outputs]
    yield from _counts(*validation, "validation", "validation")


def _counts(inputs: list[Array | None], targets: list[Array | None], x: str, y: str) -> Faults:
    """Compare every array with the first input; x and y are the places that a fix changes."""
    arrays = [(array, False) for array in inputs] + [(array, True) for array in targets]
    first = inputs[0] if inputs else None
    for array, is_target in arrays:
        if first is None or array is None or not array.shape or array.samples == first.samples:
            continue
        steps = first.shape[1] if is_target and len(first.shape) > 1 else 0
        excess = array.samples - first.samples
        longer, kept = (array, f":{first.samples}") if excess > 0 else (first, f":{array.samples}")
        why = f"each sample needs its own {'target' if is_target else 'part of both'}; look at the line that makes them"
        if steps and excess == steps:
            kept = f"{steps}:"
            why = f"the first {steps} rows have no window before them; the target of a window is the row after it"
        elif steps > 1 and excess == steps - 1:
            kept = f"{excess}:"
            why = f"the first {excess} rows end no window; the target of a window is then that of its last row"
        yield Fault(
            what=f"{first.name} has {first.samples:,} samples, {array.name} has {array.samples:,}: {why}.",
            expected=f"as many {'targets as samples' if is_target else 'samples in each'}: {first.samples:,}",
            got=f"{name_axes(first.shape)} and {name_axes(array.shape, 'targets' if is_target else 'features')}",
            fix=Fix(y if is_target and excess > 0 else x, f"{longer.name} = {longer.name}[{kept}]"),
        )


@rule("SW302", "return-sequences-at-the-end", "warning", pairs)
def at_the_end(context: Context, output: Output, target: Array, shape: Shape) -> Faults:
    """The output has a time axis, the target has none."""
    recurrent = last_recurrent(context)
    if len(shape) != 3 or recurrent is None or not keeps_time(recurrent.layer) or _has_time(target, shape, output.loss):
        return
    comparison = compare_shapes(target.shape, shape, output.loss)
    yield Fault(
        severity=_severity(comparison),
        what=f"The model returns a value for each timestep, {name_axes(shape, 'units')}; {target.name} has one for "
        f"each sample. {CONSEQUENCES[comparison]} The last recurrent layer should return its last state only.",
        expected=name_axes(target.shape, "targets"),
        got=name_axes(shape, "units"),
        fix=change_layer(recurrent.layer, return_sequences=False),
    )


def _has_time(target: Array, shape: Shape, loss: Loss | None) -> bool:
    """Tell whether a target has a value for each timestep of an output (samples, timesteps, units)."""
    _, steps, units = shape
    if len(target.shape) < 2:
        return False
    if len(target.shape) > 2:
        return target.shape[1] == steps or target.shape[1] > 1 or steps is None
    if target.shape[1] != steps and (steps is not None or target.shape[1] == 1):
        return False
    return (steps is not None and target.shape[1] != units) or _value_each_step(target, units, loss)


def _value_each_step(target: Array, units: int | None, loss: Loss | None) -> bool:
    """Tell whether the second axis of a 2-D target is more likely timesteps than classes, by its values and the loss.

    0 and 1 alone are more likely one-hot, or (unless the loss compares one class with the others) several labels.
    """
    name = loss.name if loss is not None else ""
    if units == 1:
        return True
    if one_hot(target, target.shape) and (target.shape[1] == units or name != "sparse_categorical_crossentropy"):
        return False
    if name in ("sparse_categorical_crossentropy", "custom"):  # a loss of the user's own may look classes up, too
        return True
    labels = names_a_class(target, (*target.shape, units))
    return labels and (bool(target.part.max() > 1) or name == "categorical_crossentropy")


@rule("SW303", "return-sequences-needed", "warning", pairs, unless=("SW107",))
def needed(context: Context, output: Output, target: Array, shape: Shape) -> Faults:
    """The target has a time axis, the output has none."""
    recurrent, loss = last_recurrent(context), output.loss
    if len(shape) != 2 or recurrent is None or keeps_time(recurrent.layer) or len(target.shape) < 2:
        return
    steps, comparison = steps_read(context, recurrent), compare_shapes(target.shape, shape, loss)
    if steps in (None, 1) or target.shape[1] != steps or comparison not in ("broadcast", "fails"):
        return
    if len(target.shape) == 2:
        horizon = shape[-1] != 1 and (loss is None or not loss.crossentropy)
        if horizon or not _value_each_step(target, shape[-1], loss):
            return
    yield Fault(
        severity=_severity(comparison),
        what=f"{target.name} has a value for each of the {steps:,} timesteps, but {describe(recurrent)} returns its "
        f"last state only. {CONSEQUENCES[comparison]}",
        expected=name_axes((None, steps, shape[-1]), "units"),
        got=name_axes(shape, "units"),
        fix=change_layer(recurrent.layer, return_sequences=True),
    )


@rule("SW304", "target-timesteps-differ", "error", pairs, unless=("SW107", "SW302", "SW303", "SW21"))
def timesteps(context: Context, output: Output, target: Array, shape: Shape) -> Faults:
    """Output and target have different numbers of timesteps."""
    comparison = compare_shapes(target.shape, shape, output.loss)
    if len(target.shape) != 3 or comparison not in ("fails", "broadcast"):
        return
    horizon, values = target.shape[1:]
    steps = shape[1] if len(shape) == 3 else None
    sized, recurrent = last_sized(output), last_recurrent(context)
    if steps == horizon:
        return  # the last axis is the fault
    repeat = output.call and next((call for call in output.call.back() if is_a(call.layer, "RepeatVector")), None)
    if repeat and steps == repeat.layer.n:
        advice = f"let the decoder make {horizon} timesteps"
        fix = change_layer(repeat.layer, n=horizon)
    elif steps is not None and steps > horizon and output.call is not None:
        advice = f"keep the last {horizon} timesteps of the output"
        fix = at_layer(output.call, f"keras.layers.Cropping1D(({steps - horizon}, 0))", "after")
    elif len(shape) == 2 and sized is not None:
        advice = f"let the last layer return all {horizon * values} values at once, and reshape them"
        wide = layer_code(sized.layer, units=horizon * values)
        fix = at_layer(sized, f"{wide},\nkeras.layers.Reshape(({horizon}, {values}))")
    elif recurrent is not None:
        advice = "encode the input to one state, repeat it for each timestep of the target, and decode"
        encoder = layer_code(recurrent.layer, return_sequences=False)
        decoder = f"keras.layers.LSTM({units_of(recurrent.layer)}, return_sequences=True)"
        fix = at_layer(recurrent, f"{encoder},\nkeras.layers.RepeatVector({horizon}),\n{decoder}")
    else:
        return
    yield Fault(
        severity=_severity(comparison),
        what=f"{target.name} has {horizon} timesteps, the output has {shape[1] if len(shape) == 3 else 'none'}. "
        f"{CONSEQUENCES[comparison]} One way: {advice}.",
        expected=name_axes((None, *target.shape[1:]), "targets"),
        got=name_axes(shape, "units"),
        fix=fix,
    )


@rule(
    "SW305", "target-size-differs", "hint", pairs, unless=("SW107", "SW125", "SW21", "SW221", "SW302", "SW303", "SW304")
)
def size(context: Context, output: Output, target: Array, shape: Shape) -> Faults:
    """Output and target have different numbers of values."""
    loss, comparison = output.loss, compare_shapes(target.shape, shape, output.loss)
    if loss is not None and (loss.crossentropy or loss.name == "custom"):
        return
    if comparison not in ("broadcast", "fails") or names_a_class(target, shape):
        return
    values = target.shape[-1] if len(target.shape) >= len(shape) else 1
    sized = last_sized(output)
    if sized is None:
        fits = math.prod(target.shape[1:]) == math.prod(n or 0 for n in shape[1:])
        sizes = ", ".join(map(str, (-1, *shape[1:])))
        fix = change_y(target, f"{target.name}.reshape({sizes})") if fits else Fix("y")
    elif is_recurrent(sized.layer):
        fix = at_layer(sized, f"keras.layers.Dense({values})", "after")
    else:
        fix = change_layer(sized.layer, units=values) if values != shape[-1] else Fix("y")
    yield Fault(
        severity=_severity(comparison) if loss is not None else "hint",
        what=f"{target.name} has {values:,} value(s) for each {'timestep' if len(shape) == 3 else 'sample'}, the "
        f"output has {'any number' if shape[-1] is None else shape[-1]}. {CONSEQUENCES[comparison]}",
        expected=name_axes((None, *target.shape[1:]), "targets"),
        got=name_axes(shape, "units"),
        fix=fix,
    )
