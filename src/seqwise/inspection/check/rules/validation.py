"""The validation data beside the training data: other axes, other timesteps, another scale."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.padding import find_padding
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import inputs_with_data
from seqwise.inspection.data import Array

OTHER_SCALE = 5.0  # times the spread: a split by time, or another patient, hardly brings so much


@rule("SW120", "validation-shape")
def validation_shape(context: Context) -> Iterator[Fault]:
    """The validation input differs from the training input in shape.

    Error; a warning where only the timesteps differ, since an LSTM runs over any number of them; a hint where only a
    features axis of 1 is missing and the model declares it, since Keras then adds it. Fires where the axes or their
    sizes differ. Other timesteps are no fault where the model declares none and the lengths may well vary: with a mask,
    padding, or a target for each timestep.
    """
    for entry, data in inputs_with_data(context):
        validation = entry.validation
        if validation is None or data.values is None or validation.values is None:
            continue
        shape, other = data.shape[1:], validation.shape[1:]
        if shape == other:
            continue
        fix, severity = "", "error"
        what = "Prepare the validation input in the same way as the training input."
        if len(shape) == len(other) and shape[1:] == other[1:] and (len(shape) > 1 or entry.embedded is not None):
            if entry.timesteps is None and _lengths_vary(context, data, validation):
                continue
            severity, fix = "warning", _with_timesteps(context, validation, data.shape[1])
            what = f"An LSTM runs over any number of timesteps, so it trains on {data.shape[1]:,} and is validated on "
            what += f"{validation.shape[1]:,} silently." + (
                "" if fix else " Cut both parts into windows of one length."
            )
        elif shape == (*other, 1):
            severity = "hint" if entry.layer is not None else "error"
            fix = f"{validation.name} = {validation.name}[..., None]"
        elif len(shape) == 2 and other == shape[::-1]:
            fix = f"{validation.name} = np.swapaxes({validation.name}, 1, 2)"
        elif math.prod(shape) == math.prod(other):
            fix = f"{validation.name} = {validation.name}.reshape(-1, {', '.join(map(str, shape))})"
        yield Fault(
            severity=severity,
            where="validation",
            what=f"{validation.name} differs from {data.name} in shape. {what}",
            expected=name_axes((validation.samples, *shape)),
            got=f"{tuple(map(int, validation.shape))}",
            fix=fix,
        )


def _lengths_vary(context: Context, data: Array, validation: Array) -> bool:
    masked = any(call.mask.roles for call in context.calls)
    every_step = any(output.shape is not None and len(output.shape) > 2 for output in context.outputs)
    return masked or every_step or find_padding(data) is not None or find_padding(validation) is not None


def _with_timesteps(context: Context, validation: Array, steps: int) -> str:
    """Write the lines that give the validation input its timesteps; empty where too few cannot be padded."""
    masked = any(call.mask.roles for call in context.calls)
    padding = find_padding(validation)
    after = padding is not None and padding.side == "after"
    if masked and (validation.shape[1] < steps or padding is not None):
        side = "post" if after or padding is None else "pre"
        sides = f'padding="{side}", truncating="{side}"'
        return (
            f"{validation.name} = keras.utils.pad_sequences({validation.name}, {steps}, "
            f"{validation.name}.dtype, {sides})"
        )
    if validation.shape[1] < steps:
        return ""
    lines = [f"{validation.name} = {validation.name}[:, -{steps}:]"]
    for output in context.outputs:
        target = output.validation
        if target is not None and target.shape[1:2] == validation.shape[1:2]:
            lines.append(f"{target.name} = {target.name}[:, -{steps}:]")
    return "\n".join(lines)


@rule("SW122", "validation-unscaled", unless=("SW12",))
def validation_unscaled(context: Context) -> Iterator[Fault]:
    """The training data are scaled and the validation data are not, or the other way round.

    Warning: the model trains well, and its validation score says nothing. Fires on inputs (token ids aside) and on the
    targets of a regression where one part looks scaled (within -1 and 1, or a mean of about 0 and a deviation of about
    1), and the values of the other spread more than 5 times as far and mostly lie more than twice the range of the
    first beyond it, for at least half of the features. A source of batches, of which only some are looked at, is
    passed over.
    """
    pairs = [("x", entry.data, entry.validation) for entry in context.inputs if entry.embedded is None]
    pairs += [("y", o.target, o.validation) for o in context.outputs if o.loss is None or o.loss.regression]
    for place, data, validation in pairs:
        if data is None or validation is None or not _comparable(data, validation):
            continue
        scaled, raw = data, validation
        if not _unscaled(scaled, raw):
            scaled, raw = validation, data
            if not _unscaled(scaled, raw):
                continue
        yield Fault(
            severity="warning",
            where="validation" if raw is validation else place,
            what=f"{scaled.name} is scaled, {raw.name} is not. Scale both with the same numbers, those of the training "
            "part.",
            expected=f"values from about {_range(scaled)}, as in {scaled.name}",
            got=f"values from about {_range(raw)}",
            fix=_scaling(context, scaled, raw) if raw is validation else "",
        )


def _comparable(data: Array, validation: Array) -> bool:
    if data.values is None or validation.values is None or data.shape[1:] != validation.shape[1:]:
        return False
    enough = min(data.samples, validation.samples) >= 5 and not (data.partial or validation.partial)
    return enough and not (data.whole and validation.whole)


def _columns(array: Array) -> np.ndarray:
    """Return float64 values, shape (samples, timesteps, features), of about 5,000 timesteps spread evenly."""
    part = array.part
    features = part.shape[-1] if part.ndim > 2 else 1
    part = part[:: max(part.size // features // 5_000, 1)].astype(np.float64)
    return part.reshape(len(part), -1, features)


def _unscaled(scaled: Array, raw: Array) -> bool:
    """Tell whether the one part looks scaled, and the other lies far beyond it."""
    counted = far = 0
    for one, other in zip(_columns(scaled).T, _columns(raw).T, strict=True):  # one feature each
        values, others = one[(one != 0) & np.isfinite(one)], other[(other != 0) & np.isfinite(other)]
        if len(values) < 20 or len(others) < 20 or len(np.unique(values)) < 3:
            continue
        counted += 1
        within = abs(one).max() <= 1.05 or (abs(one.mean()) < 0.5 and 0.3 < one.std() < 3)
        if not within or other.std() <= OTHER_SCALE * one.std():
            continue
        low, high = np.quantile(values, [0.05, 0.95])
        margin = 2 * (high - low)
        far += bool(((others < low - margin) | (others > high + margin)).mean() > 0.5)
    return counted > 0 and far >= counted / 2


def _range(array: Array) -> str:
    low, high = np.nanquantile(array.part.astype(np.float64), [0.01, 0.99])
    return f"{low:.3g} to {high:.3g}"


def _scaling(context: Context, scaled: Array, raw: Array) -> str:
    """Write the line that scales the validation data where what scaled the training data is in sight."""
    if raw.whole and raw.part.max() > 50 and raw.part.max() <= 255 and scaled.part.min() >= 0:
        return f"{raw.name} = {raw.name} / 255"
    features = raw.shape[-1]
    known = {"scaler": context.scaler} if context.scaler is not None else context.names.variables
    fitted = [name for name, value in known.items() if _fits(value, features)]
    if len(fitted) != 1 or len(raw.shape) < 2:
        return ""
    name = context.names.of(known[fitted[0]], fitted[0])
    return f"{raw.name} = {name}.transform({raw.name}.reshape(-1, {features})).reshape({raw.name}.shape)"


def _fits(value: Any, features: int) -> bool:
    return hasattr(value, "transform") and getattr(value, "n_features_in_", None) == features
