"""The size of a regression target: far from what the network can reach, or beyond the last activation's range."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.inspection.check.context import Context, Output
from seqwise.inspection.check.layer_code import with_activation
from seqwise.inspection.check.measures import not_finite, place
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import ends, pairs
from seqwise.inspection.layer_kinds import is_a, is_recurrent

FAR = 100.0  # a target of this size takes Adam (0.001 a step) about 100,000 steps to reach
RANGES = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0),
          "relu": (0.0, np.inf), "softplus": (0.0, np.inf), "softsign": (-1.0, 1.0)}  # fmt: skip


@rule("SW320", "target-not-finite")
def finite(context: Context) -> Iterator[Fault]:
    """The target holds NaN or infinity.

    Warning: the loss is NaN from the first epoch on. Fires on a single one.
    """
    one = context.inputs[0].data if context.inputs else None
    for output in context.outputs:
        target = output.target
        if target is None or target.values is None:
            continue
        found = not_finite(target.values)
        if found is None:
            continue
        axes = tuple(range(1, len(target.shape)))
        finite_rows = f"np.isfinite({target.name})"
        if axes:
            finite_rows += f".all(axis={axes if len(axes) > 1 else 1})"
        fix = f"keep = {finite_rows}\n{target.name} = {target.name}[keep]"
        if one is not None and one.samples == target.samples:
            fix += f"\n{one.name} = {one.name}[keep]"
        yield Fault(
            severity="warning",
            where="y",
            what=f"{target.name} holds NaN or infinity, first at {place(found[0], target)} ({len(found):,} value(s)). "
            "One is enough to turn the loss, and then every weight, into NaN.",
            expected="finite numbers",
            got=f"{len(found):,} value(s) that are not",
            fix=fix,
        )


def _scaled_back(output: Output) -> bool:
    """Tell whether the model ends in layers that bring its output to the target's size."""
    call = output.call
    return call is None or is_a(call.layer, "Rescaling", "Normalization", "Lambda", "Multiply", "Add")


@rule("SW321", "target-beyond-activation", unless=("softmax-over-one", "SW312"))
def beyond(context: Context) -> Iterator[Fault]:
    """The target lies outside the range of the last activation.

    Warning. Fires with a regression loss where more than 1 target in 100 lies outside (sigmoid and softmax: 0 to 1,
    tanh: -1 to 1, relu: 0 and more). A recurrent layer at the end counts with its own activation.
    """
    for output, target, _ in pairs(context):
        end = ends(output)
        if end is None or output.loss is None or not output.loss.regression or end[1] not in RANGES:
            continue
        low, high = RANGES[end[1]]
        part = target.part.astype(np.float64)
        part = part[np.isfinite(part)]
        if not part.size or ((part < low - 0.01) | (part > high + 0.01)).mean() <= 0.01:
            continue
        call, activation = end
        values = target.shape[-1] if len(target.shape) > 1 else 1
        recurrent_end = is_recurrent(call.layer)
        yield Fault(
            severity="warning",
            where=f"after layer {call.name!r}" if recurrent_end else f"layer {call.name!r}",
            what=f"The last layer's {activation} returns {low:g} to {high:g}, but {target.name} goes from "
            f"{part.min():.4g} to {part.max():.4g}: the rest can never be reached.",
            expected="a last layer without activation for a quantity",
            got=f"activation={activation!r}",
            fix=f"keras.layers.Dense({values})"
            if recurrent_end
            else with_activation(call.layer, "linear").replace(", activation='linear'", ""),
        )


@rule("SW322", "target-unscaled", unless=("target-beyond-activation", "SW312"))
def unscaled(context: Context) -> Iterator[Fault]:
    """A regression target is left unscaled, orders of magnitude from what the network returns.

    Warning. A new network returns about 0, and Adam moves a weight about 0.001 a step. Fires with a regression loss
    where the target's mean or standard deviation is over 100 in size, unless the model scales its output back.
    """
    for output, target, _ in pairs(context):
        if output.loss is None or not output.loss.regression or _scaled_back(output):
            continue
        if output.loss.name in ("mean_absolute_percentage_error", "mean_squared_logarithmic_error"):
            continue
        if target.values is None:
            continue
        part = target.part.astype(np.float64)
        part = part[np.isfinite(part)]
        if not part.size:
            continue
        mean, spread = float(part.mean()), float(part.std())
        if max(abs(mean), spread) <= FAR:
            continue
        axes = tuple(range(len(target.shape) - 1))
        axis = f"axis={axes if len(axes) > 1 else 0}" if len(target.shape) > 1 else ""
        yield Fault(
            severity="warning",
            where="y",
            what=f"{target.name} is about {mean:,.4g} ± {spread:,.3g}; a new network returns about 0 and moves slowly. "
            "Scale the target as you scale the input, and turn the forecasts back with the same two numbers.",
            expected="a target of about 1 in size",
            got=f"mean {mean:,.4g}, standard deviation {spread:,.3g}",
            fix=f"y_mean, y_std = {target.name}.mean({axis}), {target.name}.std({axis})\n"
            f"{target.name} = ({target.name} - y_mean) / y_std",
        )
