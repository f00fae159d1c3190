"""The validation data beside the training data: exchanged, of other axes or timesteps, on another scale."""

from __future__ import annotations

import math

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.fixes import cut
from seqwise.inspection.check.padding import find_padding
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Input, Severity, rule
from seqwise.inspection.check.selectors import numbers

OTHER_SCALE = 5.0  # times the spread: a split by time, or another patient, hardly brings so much


@rule("SW121", "validation-exchanged", "error")
def validation_exchanged(context: Context) -> Faults:
    """The validation data is (y, x) instead of (x, y)."""
    if context.validation_exchanged is None:
        return
    pair, first, second = context.validation_exchanged
    if first.lower().startswith("x"):  # the names are in order, what they stand for is not
        fix = f"{first}, {second} = {second}, {first}"
    elif first and second:
        fix = f"{pair or 'validation_data'} = ({second}, {first})"
    else:
        fix = f"{pair} = ({pair}[1], {pair}[0])" if pair else ""
    yield Fault(
        what="The validation data holds the targets first, and then the inputs. Keras expects (x, y), as in fit(x, y).",
        expected="(x, y)",
        got="(y, x)",
        fix=Fix("validation", fix),
    )


@rule("SW120", "validation-shape", "error", numbers)
def validation_shape(context: Context, entry: Input, data: Array) -> Faults:
    """The validation input differs from the training input in shape."""
    validation = entry.validation
    if validation is None or validation.values is None or data.shape[1:] == validation.shape[1:]:
        return
    shape, other, name = data.shape[1:], validation.shape[1:], validation.name
    severity: Severity = "error"
    what, fix = "Prepare the validation input in the same way as the training input.", ""
    if len(shape) == len(other) and shape[1:] == other[1:] and (len(shape) > 1 or entry.embedded is not None):
        every_step = any(output.shape is not None and len(output.shape) > 2 for output in context.outputs)
        vary = every_step or _masked(context) or find_padding(data) is not None or find_padding(validation) is not None
        if entry.timesteps is None and vary:
            return
        severity, fix = "warning", _with_timesteps(context, validation, data.shape[1])
        what = f"An LSTM runs over any number of timesteps, so it trains on {data.shape[1]:,} and is validated on "
        what += f"{validation.shape[1]:,} silently.{'' if fix else ' Cut both parts into windows of one length.'}"
    elif shape == (*other, 1):
        severity, fix = "hint" if entry.layer is not None else "error", f"{name} = {name}[..., None]"
    elif len(shape) == 2 and other == shape[::-1]:
        fix = f"{name} = np.swapaxes({name}, 1, 2)"
    elif math.prod(shape) == math.prod(other):
        fix = f"{name} = {name}.reshape(-1, {', '.join(map(str, shape))})"
    yield Fault(
        severity=severity,
        what=f"{name} differs from {data.name} in shape. {what}",
        expected=name_axes((validation.samples, *shape)),
        got=f"{tuple(map(int, validation.shape))}",
        fix=Fix("validation", fix),
    )


def _masked(context: Context) -> bool:
    return any(call.mask.roles for call in context.calls)


def _with_timesteps(context: Context, validation: Array, steps: int) -> str:
    """Write the lines that give the validation input its timesteps; empty where too few cannot be padded."""
    name, padding = validation.name, find_padding(validation)
    if _masked(context) and (validation.shape[1] < steps or padding is not None):
        side = "pre" if padding is not None and padding.side == "before" else "post"
        pads = f'padding="{side}", truncating="{side}"'
        return f"{name} = keras.utils.pad_sequences({name}, {steps}, {name}.dtype, {pads})"
    if validation.shape[1] < steps:
        return ""
    targets = [output.validation for output in context.outputs if output.validation is not None]
    every_step = [target for target in targets if target.shape[1:2] == validation.shape[1:2]]
    return "\n".join(cut(f":, -{steps}:", validation, *every_step))


@rule("SW122", "validation-unscaled", "warning", unless=("SW12",))
def validation_unscaled(context: Context) -> Faults:
    """The training data are scaled and the validation data are not, or the other way round."""
    pairs = [("x", entry.data, entry.validation) for entry in context.inputs if entry.embedded is None]
    pairs += [("y", o.target, o.validation) for o in context.outputs if o.loss is None or o.loss.regression]
    for place, data, validation in pairs:
        if data is None or validation is None or data.values is None or validation.values is None:
            continue
        if data.shape[1:] != validation.shape[1:] or min(data.samples, validation.samples) < 5:
            continue
        if data.partial or validation.partial:
            continue
        columns, validation_columns = _columns(data), _columns(validation)
        if _unscaled(columns, validation_columns):
            scaled, raw, fix = data, validation, Fix("validation", _scaling(context, data, validation))
        elif _unscaled(validation_columns, columns):
            scaled, raw, fix = validation, data, Fix(place)
        else:
            continue
        if data.whole and validation.whole:
            continue
        yield Fault(
            what=f"{scaled.name} is scaled, {raw.name} is not. Scale both with the same numbers, those of the training "
            "part.",
            expected=f"values from about {_range(scaled)}, as in {scaled.name}",
            got=f"values from about {_range(raw)}",
            fix=fix,
        )


def _columns(array: Array) -> np.ndarray:
    """Return float64 values, shape (timesteps, features), of about 5,000 timesteps spread evenly."""
    part = array.part
    features = part.shape[-1] if part.ndim > 2 else 1
    return part[:: max(part.size // features // 5_000, 1)].astype(np.float64).reshape(-1, features)


def _unscaled(scaled: np.ndarray, raw: np.ndarray) -> bool:
    """Tell whether the one part, shape (timesteps, features), looks scaled, and the other lies far beyond it."""
    deviation = scaled.std(axis=0)
    standard = (abs(scaled.mean(axis=0)) < 0.5) & (deviation > 0.3) & (deviation < 3)
    within = (abs(scaled).max(axis=0) <= 1.05) | standard
    suspects = within & ~(raw.std(axis=0) <= OTHER_SCALE * deviation)
    if not suspects.any():
        return False
    counted = far = 0
    for scaled_feature, raw_feature, suspect in zip(scaled.T, raw.T, suspects, strict=True):  # one feature each
        values, others = (
            scaled_feature[(scaled_feature != 0) & np.isfinite(scaled_feature)],
            raw_feature[(raw_feature != 0) & np.isfinite(raw_feature)],
        )
        if len(values) < 20 or len(others) < 20 or len(np.unique(values)) < 3:
            continue
        low, high = np.quantile(values, [0.05, 0.95])
        margin = 2 * (high - low)
        counted += 1
        far += bool(suspect and ((others < low - margin) | (others > high + margin)).mean() > 0.5)
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
    fitted = [
        (name, value) for name, value in known.items()
        if hasattr(value, "transform") and getattr(value, "n_features_in_", None) == features
    ]  # fmt: skip
    if len(fitted) != 1 or len(raw.shape) < 2:
        return ""
    name = context.names.of(fitted[0][1], fitted[0][0])
    return f"{raw.name} = {name}.transform({raw.name}.reshape(-1, {features})).reshape({raw.name}.shape)"
