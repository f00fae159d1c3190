"""A model that sees its own target: in its window, or in a direction that reads from the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.measures import slides
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import describe
from seqwise.inspection.layer_kinds import is_a, keeps_time, units_of

ALIKE = 1e-3  # standardised values that differ less are the same up to scale and offset


def _standardised(values: np.ndarray) -> np.ndarray:
    """Return values of mean 0 and deviation 1 along the first axis; NaN where they are constant."""
    return (values - values.mean(axis=0)) / values.std(axis=0)


@rule("SW404", "target-in-window")
def target_in_window(context: Context) -> Iterator[Fault]:
    """The target is a value of its own window: it was taken a step too early.

    Warning. Fires where the samples are windows that slide over a series and the first value of each target equals (up
    to scale and offset) the same place of the same feature in its own window, for at least 99 in 100 windows, and more
    often than it equals the value after the window (a series that hardly moves). A target that is the whole input, an
    autoencoder's, does not count.
    """
    data, target = context.data, context.target
    if data is None or target is None or data.values is None or target.values is None or len(data.shape) != 3:
        return
    if target.samples != data.samples or data.samples < 10 or not slides(data) or target.values.dtype.kind not in "fiu":
        return
    length = data.shape[1]
    if len(target.shape) == 3 and target.shape[1:] == data.shape[1:]:
        return  # an autoencoder
    x = data.head.astype(np.float64)
    first = target.head.reshape(len(target.head), -1)[:, 0].astype(np.float64)
    every_step = len(target.shape) >= 3 and target.shape[1] == length  # the value at step 0 is then step 1's
    if not np.isfinite(first).all() or first.std() == 0:
        return
    for step in (length - 1, 0) if every_step else range(length - 1, -1, -1):
        values = x[:, step]
        equal = (values == first[:, None]).mean(axis=0)
        scaled = (np.abs(_standardised(values) - _standardised(first)[:, None]) < ALIKE).mean(axis=0)
        alike = np.maximum(scaled, equal)
        feature = int(alike.argmax())
        if alike[feature] < 0.99 or _straight(x[..., feature]):
            continue
        after = x[1:, -1, feature]  # window i + 1 ends in the value after window i
        if (after == first[:-1]).mean() >= equal[feature] > 0:
            continue
        early = 1 if every_step else length - step
        yield Fault(
            severity="warning",
            where="y",
            what=f"The target of each window is its own feature {feature} at timestep {step}, the "
            f"{_ordinal(length - step)} from its end, so the model only needs to copy it. The target was taken {early} "
            "step(s) too early.",
            expected="the value after the window",
            got=f"a value inside the window: timestep {step} of {length}",
            fix=f"{data.name}, {target.name} = {data.name}[:-{early}], {target.name}[{early}:]",
        )
        return


def _straight(windows: np.ndarray) -> bool:
    """Tell whether a feature, shape (samples, timesteps), is a straight line: its values differ by scale and offset."""
    return windows.shape[1] > 1 and bool(np.abs(np.corrcoef(windows[:, 0], windows[:, -1])[0, 1]) > 0.99999)


def _ordinal(count: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(count, f"{count}th")


@rule("SW406", "backward-direction-sees-target")
def backward(context: Context) -> Iterator[Fault]:
    """A bidirectional layer forecasts every timestep, although its backward direction reads the target.

    Warning. Fires where the target at each timestep is the input at the next one (up to scale and offset) and a
    bidirectional layer returns every timestep.
    """
    data, target = context.data, context.target
    calls = (c for c in context.recurrent_calls if is_a(c.layer, "Bidirectional") and keeps_time(c.layer))
    call = next(calls, None)
    if call is None or data is None or target is None or data.values is None or target.values is None:
        return
    shape = context.outputs[0].shape
    if shape is None or len(shape) != 3 or len(data.shape) < 2 or target.shape[:2] != data.shape[:2]:
        return
    if data.shape[1] < 3:
        return
    x = data.part.reshape(len(data.part), data.shape[1], -1).astype(np.float64)
    y = target.part.reshape(len(target.part), data.shape[1], -1)[..., 0].astype(np.float64)
    difference = _standardised(x[:, 1:].reshape(-1, x.shape[2])) - _standardised(y[:, :-1].ravel())[:, None]
    alike = (np.abs(difference) < ALIKE).mean(axis=0)  # NaN is like nothing
    feature = int(alike.argmax())
    if alike[feature] < 0.99:
        return
    layer = call.layer
    units = (units_of(layer) or 0) * (2 if layer.merge_mode == "concat" else 1)
    yield Fault(
        severity="warning",
        where=f"layer {layer.name!r}",
        what=f"The target at each timestep is feature {feature} at the next one, and {describe(call)} reads the "
        "sequence from its end as well: at each timestep it has already read the target.",
        expected="layers that read forwards only",
        got=name_axes(data.shape),
        fix=layer_code(layer.forward_layer, units=units),
    )
