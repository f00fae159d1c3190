"""Layers that treat every timestep by itself, and those that change no shape at all."""

from __future__ import annotations

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.effects.effect import all_fields, effect, everything, number, the, weighted
from seqwise.inspection.graph import AxisNames, Call, Effect, Value
from seqwise.inspection.receptive_field import ReceptiveField

# no timestep sees another, and every number keeps its place
PLAIN = {
    "Activation": "Applies {activation} to each number", "ReLU": "Sets negative numbers to 0",
    "LeakyReLU": "Shrinks negative numbers", "ELU": "Bends negative numbers", "PReLU": "Scales negative numbers",
    "Rescaling": "Multiplies each number by {layer.scale:g} and adds {layer.offset:g}",
    "Dropout": "In training, sets {layer.rate:.0%} of the numbers to 0 and scales the rest up; in prediction does "
               "nothing",
    "AlphaDropout": "In training, drops {layer.rate:.0%} of the numbers; in prediction does nothing",
    "GaussianDropout": "In training, multiplies the numbers by noise; in prediction does nothing",
    "SpatialDropout1D": "In training, sets {layer.rate:.0%} of the features to 0 in all timesteps at once; in "
                        "prediction does nothing",
    "GaussianNoise": "In training, adds noise; in prediction does nothing",
    "ActivityRegularization": "Changes nothing; adds a penalty to the loss", "Identity": "Passes its input on",
    "Masking": "Changes no number; marks the timesteps whose features are all {layer.mask_value:g} as padding",
    "Normalization": "Subtracts the mean of each feature and divides by its standard deviation",
}  # fmt: skip
NORMAL_PARAMETERS = {  # for each number on the axis that is normalised: how many there may be, and what they are
    "BatchNormalization": {
        4: ": scale, shift, and the moving mean and variance, which are not trained",
        3: ", two of them not trained",
        2: ", not trained",
    },
    "LayerNormalization": {2: "", 1: ""}, "RMSNormalization": {1: ""}, "UnitNormalization": {},
    "GroupNormalization": {2: "", 1: ""},
}  # fmt: skip


def plain(call: Call) -> Effect:
    words = PLAIN[call.kind]
    if call.kind == "Rescaling" and not isinstance(call.layer.scale, (int, float)):
        words = "Scales each number"
    activation = getattr(call.setting("activation"), "__name__", "a function")
    words = words.format(layer=call.layer, activation=activation)
    field = _last_axis(call.first) if call.kind == "Activation" and activation == "softmax" else all_fields(call)
    return effect(call, None, field, f"{words}: the shape stays.")


def normalised(call: Call) -> Effect:
    """BatchNormalization, LayerNormalization, RMSNormalization, …: over the last axis."""
    axis = call.setting("axis", -1)
    axes = [axis] if isinstance(axis, int) else list(axis or [-1])
    value = call.first
    axes = [axis for axis in axes if -value.rank <= axis < value.rank]
    over = ", ".join(value.axes[axis] for axis in axes)
    size = value.shape[axes[0]] if len(axes) == 1 else None
    field = value.field
    if call.kind == "BatchNormalization":
        why = (
            f"Scales each of {the(size, over)} by its mean and spread: of the batch in training, of all batches seen "
            "in prediction."
        )
    else:
        mixes = TIMESTEPS in over.split(", ") or call.kind == "GroupNormalization"
        field = everything([value]) if mixes else field
        each = "sample" if mixes or value.rank < 3 else "timestep"
        why = f"Scales the {over} of each {each} by their own size."
    formulas = [
        (times * size, (f"{times} × " if times > 1 else "") + number(size, over) + words)
        for times, words in NORMAL_PARAMETERS[call.kind].items()
        if size is not None
    ]
    return effect(call, None, field, f"{why} The shape stays.", *formulas)


def dense(call: Call) -> Effect:
    value, units = call.first, call.shapes[0][-1]
    features = value.shape[-1]
    last = value.axes[-1]
    axes: AxisNames = (*value.axes[:-1], TIMESTEPS if last == TIMESTEPS else FEATURES)
    field = value.field
    if last == TIMESTEPS:
        why = (
            f"Turns {the(features, last)} into {number(units, 'numbers')}: its input has the time on the last axis, so "
            f"each output is a weighted sum over all timesteps."
        )
        field = everything([value])
    elif value.rank == 2:
        why = f"Turns {the(features, last)} of each sample into {number(units, 'numbers')}."
    else:
        each = value.axes[-2].removesuffix("s")
        why = (
            f"Is applied to each {each} by itself, with the same weights: {number(features, last)} become "
            f"{number(units, 'numbers')}, and the axis {value.axes[-2]} stays."
        )
    formulas = weighted(features, number(features, last), units, "units", call.setting("use_bias", True))
    return effect(call, axes, field, why, *formulas)


def embedding(call: Call) -> Effect:
    value, width = call.first, call.shapes[0][-1]
    tokens = call.setting("input_dim")
    why = (
        f"Looks up each token's row, {number(width, 'numbers')}, in a table of {tokens:,} tokens "
        f"(0 to {tokens - 1:,}): a features axis is added at the end."
    )
    formula = [] if width is None else [(tokens * width, f"{number(tokens, 'tokens')} × {number(width, 'numbers')}")]
    return effect(call, (*value.axes, FEATURES), value.field, why, *formula)


def softmax(call: Call) -> Effect:
    axis = call.setting("axis", -1)
    why = f"Turns the {call.first.axes[axis] if isinstance(axis, int) else 'numbers'} into shares that add up to 1."
    return effect(call, None, _last_axis(call.first, axis), f"{why} The shape stays.")


def _last_axis(value: Value, axis: object = -1) -> ReceptiveField:
    mixes = isinstance(axis, int) and -value.rank <= axis < value.rank and value.axes[axis] == TIMESTEPS
    return everything([value]) if mixes else value.field


def category(call: Call) -> Effect:
    why = "Writes each token as a row of zeros and ones."
    if len(call.shapes[0]) > call.first.rank:
        return effect(call, (*call.first.axes, FEATURES), all_fields(call), why)
    return effect(call, (SAMPLES, FEATURES), everything(call.inputs), why)


KINDS = {
    **dict.fromkeys(PLAIN, plain),
    **dict.fromkeys(NORMAL_PARAMETERS, normalised),
    "Dense": dense, "Embedding": embedding, "Softmax": softmax, "CategoryEncoding": category,
}  # fmt: skip
