"""Layers that treat every timestep by itself, and those that change no shape at all."""

from __future__ import annotations

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.effects.effect import all_fields, effect, everything, number, the
from seqwise.inspection.graph import AxisNames, Call, Effect, Value
from seqwise.inspection.receptive_field import ReceptiveField

# no timestep sees another, and every number keeps its place
PLAIN = {
    "Activation": "Applies {activation} to each number", "ReLU": "Sets negative numbers to 0",
    "LeakyReLU": "Shrinks negative numbers", "ELU": "Bends negative numbers", "PReLU": "Scales negative numbers",
    "Rescaling": "Multiplies each number by {scale:g} and adds {offset:g}",
    "Dropout": "In training, sets {rate:.0%} of the numbers to 0 and scales the rest up; in prediction does nothing",
    "AlphaDropout": "In training, drops {rate:.0%} of the numbers; in prediction does nothing",
    "GaussianDropout": "In training, multiplies the numbers by noise; in prediction does nothing",
    "SpatialDropout1D": "In training, sets {rate:.0%} of the features to 0 in all timesteps at once; in prediction "
                        "does nothing",
    "GaussianNoise": "In training, adds noise; in prediction does nothing",
    "ActivityRegularization": "Changes nothing; adds a penalty to the loss",
    "Identity": "Passes its input on", "Masking": "Changes no number; says which timesteps are padding",
    "Normalization": "Subtracts the mean of each feature and divides by its standard deviation",
}  # fmt: skip


def plain(call: Call) -> Effect:
    words = PLAIN[call.kind]
    if call.kind == "Activation":
        words = words.format(activation=getattr(call.setting("activation"), "__name__", "a function"))
    elif call.kind == "Masking":
        words = (
            f"Changes no number; marks the timesteps whose features are all {call.setting('mask_value'):g} as padding"
        )
    elif call.kind == "Rescaling":
        words = words if isinstance(call.setting("scale"), (int, float)) else "Scales each number"
        words = words.format(scale=call.setting("scale"), offset=call.setting("offset"))
    else:
        words = words.format(rate=call.setting("rate", 0.0) or 0.0)
    softens = call.kind == "Activation" and "softmax" in words
    return effect(call, None, _last_axis(call.first) if softens else all_fields(call), f"{words}: the shape stays.")


def normalised(call: Call) -> Effect:
    """BatchNormalization, LayerNormalization, RMSNormalization, …: over the last axis."""
    axis = call.setting("axis", -1)
    axes = [axis] if isinstance(axis, int) else list(axis or [-1])
    value = call.first
    over = ", ".join(value.axes[a] for a in axes if -value.rank <= a < value.rank)
    widths = [value.shape[a] for a in axes if -value.rank <= a < value.rank]
    size = widths[0] if len(widths) == 1 else None
    if call.kind == "BatchNormalization":
        why = (
            f"Scales each of {the(size, over)} by its mean and spread: of the batch in training, of all batches seen "
            "in prediction. The shape stays."
        )
        return effect(call, None, value.field, why, *_normal_parameters(size, over, 4))
    mixes = TIMESTEPS in over.split(", ") or call.kind == "GroupNormalization"
    why = f"Scales the {over} of each {'sample' if mixes or value.rank < 3 else 'timestep'} by their own size. " \
          "The shape stays."  # fmt: skip
    field = everything([value]) if mixes else value.field
    return effect(call, None, field, why, *_normal_parameters(size, over, 2), *_normal_parameters(size, over, 1))


def _normal_parameters(size: int | None, axis: str, most: int) -> list[tuple[int, str]]:
    if size is None:
        return []
    found = [(most * size, f"{most} × {number(size, axis)}" if most > 1 else number(size, axis))]
    if most == 4:
        found = [
            (4 * size, f"4 × {number(size, axis)}: scale, shift, and the moving mean and variance, which are not "
                       "trained"),
            (3 * size, f"3 × {number(size, axis)}, two of them not trained"),
            (2 * size, f"2 × {number(size, axis)}, not trained"),
        ]  # fmt: skip
    return found


def dense(call: Call) -> Effect:
    value, units = call.first, call.shapes[0][-1]
    features = value.shape[-1]
    last = value.axes[-1]
    axes: AxisNames = (*value.axes[:-1], TIMESTEPS if last == TIMESTEPS else FEATURES)
    if last == TIMESTEPS:
        why = (
            f"Turns {the(features, last)} into {number(units, 'numbers')}: its input has the time on the last axis, so "
            f"each output is a weighted sum over all timesteps."
        )
        field = everything([value])
    elif value.rank == 2:
        why = f"Turns {the(features, last)} of each sample into {number(units, 'numbers')}."
        field = value.field
    else:
        each = value.axes[-2].removesuffix("s")
        why = (
            f"Is applied to each {each} by itself, with the same weights: {number(features, last)} become "
            f"{number(units, 'numbers')}, and the axis {value.axes[-2]} stays."
        )
        field = value.field
    accounts = []
    if features is not None and units is not None:
        if call.setting("use_bias", True):
            accounts.append(((features + 1) * units, f"({number(features, last)} + 1 bias) × {number(units, 'units')}"))
        else:
            accounts.append((features * units, f"{number(features, last)} × {number(units, 'units')}, no bias"))
    return effect(call, axes, field, why, *accounts)


def embedding(call: Call) -> Effect:
    value, width = call.first, call.shapes[0][-1]
    tokens = call.setting("input_dim")
    why = (
        f"Looks up each token's row, {number(width, 'numbers')}, in a table of {tokens:,} tokens "
        f"(0 to {tokens - 1:,}): a features axis is added at the end."
    )
    account = [] if width is None else [(tokens * width, f"{number(tokens, 'tokens')} × {number(width, 'numbers')}")]
    return effect(call, (*value.axes, FEATURES), value.field, why, *account)


def softmax(call: Call) -> Effect:
    axis = call.setting("axis", -1)
    why = f"Turns the {call.first.axes[axis] if isinstance(axis, int) else 'numbers'} into shares that add up to 1."
    return effect(call, None, _last_axis(call.first, axis), f"{why} The shape stays.")


def _last_axis(value: Value, axis: object = -1) -> ReceptiveField:
    mixes = isinstance(axis, int) and -value.rank <= axis < value.rank and value.axes[axis] == TIMESTEPS
    return everything([value]) if mixes else value.field


def category(call: Call) -> Effect:
    return effect(
        call,
        (*call.first.axes, FEATURES) if len(call.shapes[0]) > call.first.rank else (SAMPLES, FEATURES),
        all_fields(call) if len(call.shapes[0]) > call.first.rank else everything(call.inputs),
        "Writes each token as a row of zeros and ones.",
    )


KINDS = {
    **dict.fromkeys(PLAIN, plain),
    **dict.fromkeys(
        ["BatchNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization", "GroupNormalization"],
        normalised,
    ),
    "Dense": dense, "Embedding": embedding, "Softmax": softmax, "CategoryEncoding": category,
}  # fmt: skip
