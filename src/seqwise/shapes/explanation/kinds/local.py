"""Layers that look at a few neighbouring timesteps: convolution, pooling, cropping, padding, repeating."""

from __future__ import annotations

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.shapes.explanation.kinds.call import Call, Told, Value, everything, names_for, number, the, told
from seqwise.shapes.explanation.reach import Reach


def convolution(call: Call) -> Told:
    """Conv1D, SeparableConv1D, DepthwiseConv1D."""
    value, layer = call.first, call.operation
    if not _is_time_second(call):
        return unknown_space(call)
    kernel, stride, dilation = layer.kernel_size[0], layer.strides[0], layer.dilation_rate[0]
    span = dilation * (kernel - 1) + 1
    length = value.shape[1]
    before = {
        "valid": 0, "causal": -(span - 1), "same": -_same_padding(length, span, stride)
    }[layer.padding]  # fmt: skip
    filters = call.outputs[0][-1]
    why = (
        f"Slides over {the(length, 'timesteps')}; each output is made from {number(kernel, 'timesteps')}"
        + (f", {dilation} apart" if dilation > 1 else " in a row")
        + (f", and it moves on by {stride}" if stride > 1 else "")
        + f". {_padding(layer.padding, length, call.outputs[0][1])} The features become {number(filters, 'filters')}."
    )
    features = value.shape[-1]
    accounts = []
    if features is not None and filters is not None and call.kind == "Conv1D":
        groups = call.given("groups", 1)
        each = f"{number(features // groups, 'features')}"
        if layer.use_bias:
            accounts.append(
                (
                    (kernel * features // groups + 1) * filters,
                    f"({number(kernel, 'timesteps')} × {each} + 1 bias) × {number(filters, 'filters')}",
                )
            )
        else:
            accounts.append(
                (
                    kernel * features // groups * filters,
                    f"{number(kernel, 'timesteps')} × {each} × {number(filters, 'filters')}, no bias",
                )
            )
    reach = value.reach.taps(stride, before, kernel, dilation)
    if length is None and layer.padding == "same" and stride > 1:
        reach = Reach.unknown()
    return told(call, (SAMPLES, TIMESTEPS, FEATURES), reach, why, *accounts)


def transposed(call: Call) -> Told:
    """Conv1DTranspose: the reverse way, from few timesteps to more."""
    return told(
        call, None, Reach.unknown(),
        f"Spreads each timestep over {number(call.operation.kernel_size[0], 'timesteps')}: the time axis grows from "
        f"{call.first.shape[1]} to {call.outputs[0][1]}.",
    )  # fmt: skip


def pooling(call: Call) -> Told:
    """MaxPooling1D, AveragePooling1D."""
    value, layer = call.first, call.operation
    if not _is_time_second(call):
        return unknown_space(call)
    size, stride, length = layer.pool_size, layer.strides, value.shape[1]
    size, stride = (v[0] if isinstance(v, (tuple, list)) else v for v in (size, stride))
    before = -_same_padding(length, size, stride) if layer.padding == "same" else 0
    what = "largest" if call.kind.startswith("Max") else "mean"
    after = call.outputs[0][1]
    why = (
        f"Keeps the {what} of every {number(size, 'timesteps')}, moving on by {stride}: "
        f"{number(length, 'timesteps')} become {'fewer' if after is None else f'{after:,}'}. The features stay."
    )
    reach = value.reach.window(stride, before, before + size - 1)
    if length is None and layer.padding == "same":
        reach = Reach.unknown()
    return told(call, value.axes, reach, why)


def global_pooling(call: Call) -> Told:
    what = "largest value" if "Max" in call.kind else "mean"
    value = call.first
    if value.rank != 3:
        return unknown_space(call)
    kept = len(call.outputs[0]) == 3
    why = f"Keeps the {what} of each feature over {the(value.shape[1], value.axes[1])}: the time axis " + (
        "shrinks to 1 (keepdims=True)." if kept else "ends here."
    )
    axes = value.axes if kept else (SAMPLES, value.axes[-1])
    return told(call, axes, everything([value]), why)


def cropping(call: Call) -> Told:
    value = call.first
    first, last = call.operation.cropping
    if value.axes[1] != TIMESTEPS:
        why = f"Cuts {first} off the beginning and {last} off the end of the axis {value.axes[1]}."
        return told(call, value.axes, value.reach, why)
    why = f"Cuts {number(first, 'timesteps')} off the beginning and {last} off the end."
    return told(call, value.axes, value.reach.window(1, first, first), why)


def padding(call: Call) -> Told:
    value = call.first
    first, last = call.operation.padding
    shift = value.reach.window(1, -first, -first) if value.axes[1] == TIMESTEPS else value.reach
    why = f"Adds {number(first, value.axes[1])} of zeros before the beginning and {last} after the end."
    return told(call, value.axes, shift, why)


def upsampling(call: Call) -> Told:
    value, size = call.first, call.operation.size
    size = size[0] if isinstance(size, (tuple, list)) else size
    why = f"Repeats each of {the(value.shape[1], value.axes[1])} {size} times."
    reach = value.reach
    if value.axes[1] == TIMESTEPS:  # step t is the old step floor(t / size), the one whole number in this span
        reach = reach.window(1 / size, -(size - 1) / size, 0)
    return told(call, value.axes, reach, why)


def unknown_space(call: Call) -> Told:
    """Pictures and other spaces: the shapes are told, the way through them is not followed."""
    space = {4: ("height", "width"), 5: ("depth", "height", "width")}
    shape = call.outputs[0]
    axes = (SAMPLES, *space[len(shape)], "channels") if len(shape) in space else names_for(len(shape))
    return told(call, axes, everything(call.inputs), f"Works on {', '.join(call.first.axes[1:])}.")


def _is_time_second(call: Call) -> bool:
    value: Value = call.first
    return value.rank == 3 and value.axes[1] == TIMESTEPS and call.given("data_format") != "channels_first"


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
