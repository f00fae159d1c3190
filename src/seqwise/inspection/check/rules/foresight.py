"""A model that sees its own target: in its window, in a direction that reads from the end, in the decoder's input."""

from __future__ import annotations

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.fixes import change_y, forwards_only
from seqwise.inspection.check.measures import slides
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Output, Shape, rule
from seqwise.inspection.check.selectors import data_and_target, describe, inputs_with_data, pairs, recurrent_calls
from seqwise.inspection.layer_kinds import is_a, keeps_time

ALIKE = 1e-3  # standardised values that differ less are the same up to scale and offset


def _standardised(values: np.ndarray) -> np.ndarray:
    """Return values of mean 0 and deviation 1 along the first axis; NaN where they are constant."""
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _alike(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the share of samples in which each feature is like the target, up to scale and offset.

    `features` has the shape (samples, features), `target` (samples,). What is constant is like nothing.
    """
    return (np.abs(_standardised(features) - _standardised(target)[:, None]) < ALIKE).mean(axis=0)


@rule("SW404", "target-in-window", "warning", data_and_target)
def target_in_window(context: Context, data: Array, target: Array) -> Faults:
    """The target is a value of its own window: it was taken a step too early."""
    autoencoder = len(target.shape) == 3 and target.shape[1:] == data.shape[1:]
    if len(data.shape) != 3 or target.samples != data.samples or data.samples < 10 or autoencoder:
        return
    if target.numbers.dtype.kind not in "fiu" or not slides(data):
        return
    x, length = data.head.astype(np.float64), data.shape[1]
    first = target.head.reshape(len(target.head), -1)[:, 0].astype(np.float64)
    every_step = len(target.shape) >= 3 and target.shape[1] == length  # the value at step 0 is then step 1's
    if not np.isfinite(first).all() or first.std() == 0:
        return
    for step in (length - 1, 0) if every_step else range(length - 1, -1, -1):
        equal = (x[:, step] == first[:, None]).mean(axis=0)
        alike = np.maximum(_alike(x[:, step], first), equal)
        feature = int(alike.argmax())
        begin, end = x[:, 0, feature], x[:, -1, feature]  # of a straight line, the same up to scale and offset
        if alike[feature] < 0.99 or abs(np.corrcoef(begin, end)[0, 1]) > 0.99999:
            continue
        after = end[1:]  # window i + 1 ends in the value after window i
        if (after == first[:-1]).mean() >= equal[feature] > 0:
            continue
        early = 1 if every_step else length - step
        ordinal = {1: "first", 2: "second", 3: "third"}.get(length - step, f"{length - step}th")
        yield Fault(
            what=f"The target of each window is its own feature {feature} at timestep {step}, the "
            f"{ordinal} from its end, so the model only needs to copy it. The target was taken {early} "
            "step(s) too early.",
            expected="the value after the window",
            got=f"a value inside the window: timestep {step} of {length}",
            fix=Fix("y", f"{data.name}, {target.name} = {data.name}[:-{early}], {target.name}[{early}:]"),
        )
        return


@rule("SW406", "backward-direction-sees-target", "warning", data_and_target)
def backward(context: Context, data: Array, target: Array) -> Faults:
    """A bidirectional layer forecasts every timestep, although its backward direction reads the target."""
    calls = (c for c in recurrent_calls(context) if is_a(c.layer, "Bidirectional") and keeps_time(c.layer))
    call, shape = next(calls, None), context.outputs[0].shape
    if call is None or shape is None or len(shape) != 3 or len(data.shape) < 2:
        return
    if target.shape[:2] != data.shape[:2] or data.shape[1] < 3:
        return
    x = data.part.reshape(len(data.part), data.shape[1], -1).astype(np.float64)
    y = target.part.reshape(len(target.part), data.shape[1], -1)[..., 0].astype(np.float64)
    alike = _alike(x[:, 1:].reshape(-1, x.shape[2]), y[:, :-1].ravel())
    feature = int(alike.argmax())
    if alike[feature] < 0.99:
        return
    yield Fault(
        what=f"The target at each timestep is feature {feature} at the next one, and {describe(call)} reads the "
        "sequence from its end as well: at each timestep it has already read the target.",
        expected="layers that read forwards only",
        got=name_axes(data.shape),
        fix=forwards_only(call.layer),
    )


@rule("SW407", "decoder-input-not-shifted", "warning", pairs, unless=("SW30",))
def not_shifted(context: Context, output: Output, target: Array, shape: Shape) -> Faults:
    """The decoder input is the target itself: at each timestep the decoder reads its target."""
    index, single = context.outputs.index(output), len(context.inputs) < 2
    if len(shape) != 3 or target.samples < 2 or index >= len(context.graph.outputs):
        return
    field, labels = context.graph.outputs[index].field, _series(target)
    makers = {entry.name: value.made_by for entry, value in zip(context.inputs, context.graph.inputs, strict=False)}
    for entry, data in inputs_with_data(context):
        bands = field.bands.get(makers.get(entry.name, ""), ())
        feature = _copied(_series(data), labels)
        if feature is None or not any(band.jump == 1 and band.first <= 0 <= band.last for band in bands):
            continue
        if single and entry.embedded is None:
            continue
        reader, advice = ("model", "Let it read") if single else ("decoder", "With teacher forcing it reads")
        yield Fault(
            what=f"{data.name} holds {target.name} at the same timesteps: the {reader} reads its target, and learns to "
            f"copy it. {advice} the step before.",
            expected=f"{data.name} one timestep behind {target.name}",
            got=f"{data.name} equal to {target.name}",
            fix=_shift(context, data, target, feature),
        )


def _series(array: Array) -> np.ndarray:
    """Return the features, shape (samples, timesteps, features); for one-hot vectors, the ids alone."""
    part = array.part
    if part.ndim < 2 or part.dtype.kind not in "fiub":
        return np.zeros((0, 0, 0))
    if part.ndim == 2:
        return part[..., None]
    one_hot = part.ndim == 3 and part.shape[-1] > 1 and bool(np.isin(part, (0, 1)).all() and (part.sum(-1) == 1).all())
    return part.argmax(-1)[..., None] if one_hot else part.reshape(*part.shape[:2], -1)


def _copied(series: np.ndarray, labels: np.ndarray) -> int | None:
    """Return the feature that holds the labels at the same timesteps."""
    if series.shape[:2] != labels.shape[:2] or labels.shape[1:] < (2, 1) or labels.shape[-1] != 1:
        return None
    same = (series == labels).mean(axis=(0, 1))
    behind = (series[:, 1:] == labels[:, :-1]).mean(axis=(0, 1))
    copies = np.flatnonzero((same >= 0.99) & (behind < same))
    return int(copies[0]) if len(copies) and len(np.unique(labels)) > 1 else None


def _shift(context: Context, data: Array, target: Array, feature: int) -> Fix:
    """Let a language model read the step before; move the target where it begins with a start token, else the input."""
    x, y = data.name, target.name
    if len(context.inputs) < 2:
        return Fix("x", f"{x}, {y} = {x}[:, :-1], {y}[:, 1:]")
    if data.whole and target.part.ndim == 2 and (target.part[:, 0] == target.part[0, 0]).all():
        return change_y(target, f"np.concatenate([{y}[:, 1:], np.zeros_like({y}[:, :1])], axis=1)")
    if len(data.shape) == 3 and data.shape[-1] > 1 and _series(data).shape[-1] > 1:  # one feature among others
        lines = [f"shifted = {x}.copy()", f"shifted[:, 1:, {feature}] = {x}[:, :-1, {feature}]",
                 f"shifted[:, 0, {feature}] = 0"]  # fmt: skip
    else:
        lines = [f"shifted = np.concatenate([np.zeros_like({x}[:, :1]), {x}[:, :-1]], axis=1)"]
    arrays = ["shifted" if other is data else other.name for _, other in inputs_with_data(context)]
    whole = f"{x} = shifted" if x.endswith(("']", '"]')) else f"{x.partition('[')[0]} = [{', '.join(arrays)}]"
    return Fix("x", "\n".join([*lines, whole]))
