"""Layers that look at a few neighbouring timesteps: convolution, pooling, cropping, padding, repeating."""

from __future__ import annotations

from typing import Any

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.effects.effect import effect, everything, names_for, number, the, weighted
from seqwise.inspection.graph import Call, Effect, Value, is_sequence
from seqwise.inspection.receptive_field import ReceptiveField


def convolution(call: Call) -> Effect:
    """Conv1D, SeparableConv1D, DepthwiseConv1D."""
    value, layer = call.first, call.layer
    if not _is_time_second(call):
        return unknown_space(call)
    kernel, stride, dilation = layer.kernel_size[0], layer.strides[0], layer.dilation_rate[0]
    span = dilation * (kernel - 1) + 1
    length = value.shape[1]
    before = {
        "valid": 0, "causal": -(span - 1), "same": -_same_padding(length, span, stride)
    }[layer.padding]  # fmt: skip
    filters = call.shapes[0][-1]
    why = (
        f"Slides over {the(length, 'timesteps')}; each output is made from {number(kernel, 'timesteps')}"
        + (f", {dilation} apart" if dilation > 1 else " in a row")
        + (f", and it moves on by {stride}" if stride > 1 else "")
        + f". {_padding(layer.padding, length, call.shapes[0][1])} The features become {number(filters, 'filters')}."
    )
    formulas: list[tuple[int, str]] = []
    if value.shape[-1] is not None and call.kind == "Conv1D":
        features = value.shape[-1] // call.setting("groups", 1)
        words = f"{number(kernel, 'timesteps')} × {number(features, 'features')}"
        formulas = weighted(kernel * features, words, filters, "filters", layer.use_bias)
    field = value.field.taps(stride, before, kernel, dilation)
    if length is None and layer.padding == "same" and stride > 1:
        field = ReceptiveField.unknown()
    return effect(call, (SAMPLES, TIMESTEPS, FEATURES), field, why, *formulas)


def transposed(call: Call) -> Effect:
    """Conv1DTranspose: the reverse way, from few timesteps to more."""
    return effect(
        call, None, ReceptiveField.unknown(),
        f"Spreads each timestep over {number(call.layer.kernel_size[0], 'timesteps')}: the time axis grows from "
        f"{call.first.shape[1]} to {call.shapes[0][1]}.",
    )  # fmt: skip


def pooling(call: Call) -> Effect:
    """MaxPooling1D, AveragePooling1D."""
    value, layer = call.first, call.layer
    if not _is_time_second(call):
        return unknown_space(call)
    size, stride, length = first_of(layer.pool_size), first_of(layer.strides), value.shape[1]
    before = -_same_padding(length, size, stride) if layer.padding == "same" else 0
    what = "largest" if call.kind.startswith("Max") else "mean"
    after = call.shapes[0][1]
    why = (
        f"Keeps the {what} of every {number(size, 'timesteps')}, moving on by {stride}: "
        f"{number(length, 'timesteps')} become {'fewer' if after is None else f'{after:,}'}. The features stay."
    )
    field = value.field.window(stride, before, before + size - 1)
    if length is None and layer.padding == "same":
        field = ReceptiveField.unknown()
    return effect(call, value.axes, field, why)


def global_pooling(call: Call) -> Effect:
    what = "largest value" if "Max" in call.kind else "mean"
    value = call.first
    if value.rank != 3:
        return unknown_space(call)
    kept = len(call.shapes[0]) == 3
    why = f"Keeps the {what} of each feature over {the(value.shape[1], value.axes[1])}: the time axis " + (
        "shrinks to 1 (keepdims=True)." if kept else "ends here."
    )
    axes = value.axes if kept else (SAMPLES, value.axes[-1])
    return effect(call, axes, everything([value]), why)


def cropping(call: Call) -> Effect:
    value = call.first
    first, last = call.layer.cropping
    why = f"Cuts {number(first, value.axes[1])} off the beginning and {last} off the end."
    return effect(call, value.axes, _moved(value, 1, first, first), why)


def padding(call: Call) -> Effect:
    value = call.first
    first, last = call.layer.padding
    why = f"Adds {number(first, value.axes[1])} of zeros before the beginning and {last} after the end."
    return effect(call, value.axes, _moved(value, 1, -first, -first), why)


def upsampling(call: Call) -> Effect:
    value, size = call.first, first_of(call.layer.size)
    why = f"Repeats each of {the(value.shape[1], value.axes[1])} {size} times."
    # step t is the old step floor(t / size), the one whole number in this span
    return effect(call, value.axes, _moved(value, 1 / size, -(size - 1) / size, 0), why)


def first_of(size: Any) -> int:
    """A setting that Keras keeps as a number or as a tuple with one."""
    return int(size[0] if is_sequence(size) else size)


def _moved(value: Value, stride: float, before: float, after: float) -> ReceptiveField:
    return value.field.window(stride, before, after) if value.axes[1] == TIMESTEPS else value.field


def unknown_space(call: Call) -> Effect:
    """Pictures and other spaces: the shapes are known, the receptive field is not followed through them."""
    space = {4: ("height", "width"), 5: ("depth", "height", "width")}
    shape = call.shapes[0]
    axes = (SAMPLES, *space[len(shape)], "channels") if len(shape) in space else names_for(len(shape))
    return effect(call, axes, everything(call.inputs), f"Works on {', '.join(call.first.axes[1:])}.")


def _is_time_second(call: Call) -> bool:
    value: Value = call.first
    return value.rank == 3 and value.axes[1] == TIMESTEPS and call.setting("data_format") != "channels_first"


def _same_padding(length: int | None, span: int, stride: int) -> int:
    """Zeros that padding="same" puts before the first step: as many before as after, an odd one after."""
    if length is None:
        return (span - 1) // 2
    outputs = -(-length // stride)
    return max((outputs - 1) * stride + span - length, 0) // 2


def _padding(kind: str, length: int | None, after: int | None) -> str:
    if kind == "valid":
        sizes = "" if length is None or after is None or length == after else f" from {length:,} to {after:,} timesteps"
        return f"Nothing is added at the ends, so the time axis shrinks{sizes}." if sizes or after is None else (
            "Nothing is added at the ends.")  # fmt: skip
    where = "before the beginning, so no output sees its future" if kind == "causal" else "at both ends"
    return f'Zeros are added {where} (padding="{kind}").'


KINDS = {
    "Conv1D": convolution, "SeparableConv1D": convolution, "DepthwiseConv1D": convolution,
    "Conv1DTranspose": transposed, "MaxPooling1D": pooling, "AveragePooling1D": pooling,
    **dict.fromkeys([f"Global{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3)], global_pooling),
    "Cropping1D": cropping, "ZeroPadding1D": padding, "UpSampling1D": upsampling,
    **dict.fromkeys(["Conv2D", "Conv3D", "MaxPooling2D", "MaxPooling3D", "AveragePooling2D", "AveragePooling3D"],
                    unknown_space),
}  # fmt: skip
