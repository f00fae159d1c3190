"""A model that is shown its own answer: a target inside its window, a direction that reads from the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.measures import slides
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.data import SAMPLE
from seqwise.inspection.layer_kinds import is_a, keeps_time


@rule("SW404", "target-in-window")
def target_in_window(context: Context) -> Iterator[Fault]:
    """The target is a value of its own window: it was taken a step too early.

    Warning. Fires where the samples are windows that slide over a series and the first value of each target equals (up
    to scale and offset) the same place of the same feature in its own window, for at least 99 in 100 windows, and more
    often than it equals the value after the window (a series that hardly moves). A target that is the whole input, an
    autoencoder's, is none.
    """
    one = context.inputs[0].data if context.inputs else None
    target = context.outputs[0].target if context.outputs else None
    if one is None or target is None or one.values is None or target.values is None or len(one.shape) != 3:
        return
    if target.samples != one.samples or one.samples < 10 or not slides(one) or target.values.dtype.kind not in "fiu":
        return
    if len(target.shape) == 3 and target.shape[1:] == one.shape[1:]:
        return  # an autoencoder
    x = one.head[:SAMPLE].astype(np.float64)
    first = target.head.reshape(len(target.head), -1)[:, 0].astype(np.float64)
    every_step = len(target.shape) >= 3 and target.shape[1] == one.shape[1]  # the value at step 0 is then step 1's
    steps = (one.shape[1] - 1, 0) if every_step else range(one.shape[1] - 1, -1, -1)
    if not np.isfinite(first).all() or first.std() == 0:
        return
    wanted = (first - first.mean()) / first.std()
    for step in steps:
        window = x[:, step]
        spread = window.std(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = (window - window.mean(axis=0)) / spread
        alike = (np.abs(scaled - wanted[:, None]) < 1e-3).mean(axis=0)
        alike = np.maximum(alike, (window == first[:, None]).mean(axis=0))
        if not (alike >= 0.99).any() or _straight(x, int(alike.argmax())):
            continue
        after = x[1:, -1, int(alike.argmax())]  # window i + 1 ends in the value after window i
        if (after == first[:-1]).mean() >= (window[:, int(alike.argmax())] == first).mean() > 0:
            continue
        feature, late = int(alike.argmax()), 1 if every_step else one.shape[1] - step
        yield Fault(
            severity="warning",
            where="y",
            what=f"The target of each window is its own feature {feature} at timestep {step}, the "
            f"{_ordinal(one.shape[1] - step)} from its end: the model need only copy what it reads. The target was "
            f"taken {late} step(s) too early.",
            expected="the value after the window",
            got=f"a value inside the window: timestep {step} of {one.shape[1]}",
            fix=f"{one.name}, {target.name} = {one.name}[:-{late}], {target.name}[{late}:]",
        )
        return


def _straight(x: np.ndarray, feature: int) -> bool:
    """Tell whether a feature is a straight line, of which every value is every other one up to scale and offset."""
    first, last = x[:, 0, feature], x[:, -1, feature]
    return x.shape[1] > 1 and bool(np.abs(np.corrcoef(first, last)[0, 1]) > 0.99999)


def _ordinal(count: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(count, f"{count}th")


@rule("SW406", "backward-direction-sees-target")
def backward(context: Context) -> Iterator[Fault]:
    """A bidirectional layer forecasts every timestep: its backward direction has read the target.

    Warning. Fires where the target at each timestep is the input at the next one (up to scale and offset) and a
    bidirectional layer returns every timestep.
    """
    one = context.inputs[0].data if context.inputs else None
    target = context.outputs[0].target if context.outputs else None
    layer = next(
        (s.layer for s in context.recurrent_calls if is_a(s.layer, "Bidirectional") and keeps_time(s.layer)), None
    )
    if layer is None or one is None or target is None or one.values is None or target.values is None:
        return
    shape = context.outputs[0].shape
    if shape is None or len(shape) != 3 or len(one.shape) < 2 or target.shape[:2] != one.shape[:2] or one.shape[1] < 3:
        return
    x = one.part.reshape(len(one.part), one.shape[1], -1).astype(np.float64)
    y = target.part.reshape(len(target.part), one.shape[1], -1)[..., 0].astype(np.float64)
    now = y[:, :-1].ravel()
    if now.std() == 0 or not np.isfinite(now).all():
        return
    for feature in range(x.shape[2]):
        later = x[:, 1:, feature].ravel()
        if later.std() == 0 or not np.isfinite(later).all():
            continue
        close = np.abs((now - now.mean()) / now.std() - (later - later.mean()) / later.std()) < 1e-3
        if close.mean() < 0.99:
            continue
        inner = layer.forward_layer
        units = inner.units * (2 if layer.merge_mode == "concat" else 1)
        yield Fault(
            severity="warning",
            where=f"layer {layer.name!r}",
            what=f"The target at each timestep is feature {feature} at the next one, and Bidirectional {layer.name!r} "
            "reads the sequence from its end: at each timestep it has read the answer.",
            expected="layers that read forwards only",
            got=name_axes(one.shape),
            fix=layer_code(inner, units=units),
        )
        return
