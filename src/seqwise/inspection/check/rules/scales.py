"""The values of a regression target: not finite, beyond the last activation's range, or far from a new network's."""

from __future__ import annotations

from functools import partial

import numpy as np

from seqwise.inspection.check.fixes import activate, at_layer, finite_rows_code, recompile
from seqwise.inspection.check.losses import Loss
from seqwise.inspection.check.measures import not_finite, place
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Output, Shape, rule
from seqwise.inspection.check.selectors import compared, ends, targets
from seqwise.inspection.layer_kinds import is_a, is_recurrent

FAR = 100.0  # a target of this size takes Adam (0.001 a step) about 100,000 steps to reach
RANGES = {
    **dict.fromkeys(("sigmoid", "hard_sigmoid", "softmax"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "softsign"), (-1.0, 1.0)),
    **dict.fromkeys(("relu", "softplus"), (0.0, np.inf)),
}
RELATIVE_LOSSES = ("mean_absolute_percentage_error", "mean_squared_logarithmic_error")
SCALES_BACK = ("Rescaling", "Normalization", "Lambda", "Multiply", "Add")


@rule("SW320", "target-not-finite", "warning", targets)
def finite(context: Context, output: Output, target: Array) -> Faults:
    """The target contains NaN or infinity."""
    indices = not_finite(target.values) if target.values is not None else None
    if indices is None:
        return
    yield Fault(
        what=f"{target.name} contains NaN or infinity, first at {place(indices[0], target)} ({len(indices):,} "
        "value(s)). A single one turns the loss, and then every weight, into NaN."
        + ("" if context.single else " Leave these samples out of every input and target."),
        expected="finite numbers",
        got=f"{len(indices):,} value(s) that are not finite",
        fix=Fix("y", finite_rows_code(target, context.data) if context.single else ""),
    )


@rule("SW321", "target-beyond-activation", "warning", compared, unless=("softmax-over-one", "SW312"))
def beyond(context: Context, output: Output, target: Array, shape: Shape, loss: Loss) -> Faults:
    """The target lies outside the range of the last activation."""
    layer, activation = ends(output) or (None, "")
    if not loss.regression or activation not in RANGES:
        return
    (low, high), values = RANGES[activation], _finite_part(target)
    if not values.size or ((values < low - 0.01) | (values > high + 0.01)).mean() <= 0.01:
        return
    if is_recurrent(layer):
        fix = at_layer(layer, f"keras.layers.Dense({target.shape[-1] if len(target.shape) > 1 else 1})", "after")
    else:
        fix = activate(layer, "linear")
    yield Fault(
        what=f"The last layer's {activation} returns {low:g} to {high:g}, but {target.name} ranges from "
        f"{values.min():.4g} to {values.max():.4g}: the model can never reach the rest.",
        expected="a last layer without activation for a quantity",
        got=f"activation={activation!r}",
        fix=fix,
    )


UNFIT = {  # which targets a loss cannot compare, and what it makes of them
    "mean_absolute_percentage_error": ("zeros", "divides by the target"),
    "mean_squared_logarithmic_error": ("negative values", "takes the logarithm, and every negative value for 0"),
    "poisson": ("negative values", "is made for counts"),
}


@rule("SW323", "target-unfit-for-loss", "warning", partial(compared, losses=[*UNFIT]))
def unfit(context: Context, output: Output, target: Array, shape: Shape, loss: Loss) -> Faults:
    """The loss cannot compare with some values of the target: zeros in percent, logarithms of negative values."""
    kind, why = UNFIT[loss.name]
    values = _finite_part(target)
    share = float((values == 0 if kind == "zeros" else values < 0).mean()) if values.size else 0.0
    if share < 0.01:
        return
    better = "mae" if loss.name.startswith("mean_absolute") else "mse"
    yield Fault(
        what=f"{share:.0%} of {target.name} are {kind}, and {loss.short} {why}.",
        expected=f"loss={better!r}",
        got=f"{kind} with {loss.short}",
        fix=recompile(context, better),
    )


def _finite_part(target: Array) -> np.ndarray:
    """Return the finite values of the target's samples that rules look at, one axis, float64."""
    values = target.part.astype(np.float64)
    return values[np.isfinite(values)]


@rule("SW322", "target-unscaled", "warning", targets, unless=("target-beyond-activation", "SW312"))
def unscaled(context: Context, output: Output, target: Array) -> Faults:
    """The target of a regression is unscaled, orders of magnitude from what a new network returns."""
    y, loss = target.name, output.loss
    if not target.shape or loss is None or not loss.regression or loss.name in RELATIVE_LOSSES:
        return
    if output.call is None or is_a(output.call.layer, *SCALES_BACK):
        return
    values = _finite_part(target)
    mean, spread = (float(values.mean()), float(values.std())) if values.size else (0.0, 0.0)
    if max(abs(mean), spread) <= FAR:
        return
    axes = tuple(range(len(target.shape) - 1))
    axis = f"axis={axes if len(axes) > 1 else 0}" if axes else ""
    yield Fault(
        what=f"{y} is about {mean:,.4g} ± {spread:,.3g}; a new network returns about 0 and moves slowly. Scale the "
        "target as you scale the input, and turn the forecasts back with the same two numbers.",
        expected="a target of about 1 in size",
        got=f"mean {mean:,.4g}, standard deviation {spread:,.3g}",
        fix=Fix("y", f"y_mean, y_std = {y}.mean({axis}), {y}.std({axis})\n{y} = ({y} - y_mean) / y_std"),
    )
