"""Keras's layers as ONNX nodes, one function for each kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seqwise.export.onnx.activations import activated
from seqwise.export.onnx.attention import attention
from seqwise.export.onnx.call import Call
from seqwise.export.onnx.recurrent import bidirectional, recurrent


def same(call: Call) -> list[str]:
    """What does something in training alone."""
    return [call.input]


def dense(call: Call) -> list[str]:
    graph, config = call.graph, call.config
    value = graph.add("MatMul", call.input, graph.constant(call.weights[0], name=f"{call.name}_W"), name=call.name)
    if config["use_bias"]:
        value = graph.add("Add", value, graph.constant(call.weights[1], name=f"{call.name}_B"))
    return [activated(call, value, config["activation"])]


def activation(call: Call) -> list[str]:
    return [activated(call, call.input, call.config["activation"])]


def relu(call: Call) -> list[str]:
    graph, config = call.graph, call.config
    slope, threshold, most = config.get("negative_slope", 0.0), config.get("threshold", 0.0), config.get("max_value")
    bound = graph.constant(threshold)
    value = graph.add("Mul", graph.add("Sub", call.input, bound), graph.constant(slope))
    value = graph.add("Where", graph.add("GreaterOrEqual", call.input, bound), call.input, value)
    return [value if most is None else graph.add("Min", value, graph.constant(most))]


def leaky_relu(call: Call) -> list[str]:
    return [call.graph.add("LeakyRelu", call.input, alpha=float(call.config["negative_slope"]))]


def elu(call: Call) -> list[str]:
    return [call.graph.add("Elu", call.input, alpha=float(call.config["alpha"]))]


def prelu(call: Call) -> list[str]:
    return [call.graph.add("PRelu", call.input, call.graph.constant(call.weights[0]))]


def softmax(call: Call) -> list[str]:
    axis = call.config["axis"]
    if call.mask is not None:
        raise call.refuse("it has a mask. Use Activation('softmax').")
    if isinstance(axis, list):
        if len(axis) > 1:
            raise call.refuse("it runs over several axes. Flatten them first.")
        axis = axis[0]
    return [call.graph.add("Softmax", call.input, axis=int(axis))]


def embedding(call: Call) -> list[str]:
    graph = call.graph
    table = graph.constant(call.weights[0], name=f"{call.name}_table")
    return [graph.add("Gather", table, graph.cast(call.input, "int64"), name=call.name)]


def masking(call: Call) -> list[str]:
    graph = call.graph
    return [graph.add("Where", graph.expand_dims(masking_mask(call), 2), call.input, graph.constant(0.0))]


def masking_mask(call: Call) -> str:
    """The steps that hold another value than the masking's, bool (samples, timesteps)."""
    graph = call.graph
    differs = graph.add("Not", graph.add("Equal", call.input, graph.constant(call.config["mask_value"])))
    return graph.cast(graph.reduce("ReduceMax", graph.cast(differs, "int32"), -1), "bool")


def embedding_mask(call: Call) -> str:
    """Every id but 0."""
    graph = call.graph
    return graph.add("Not", graph.add("Equal", graph.cast(call.input, "int64"), graph.whole(0)))


def merge(op: str) -> Callable[[Call], list[str]]:
    def write(call: Call) -> list[str]:
        graph = call.graph
        if len({len(shape) for shape in call.shapes}) > 1:
            raise call.refuse("its inputs have different numbers of axes. Reshape them first.")
        value = call.input
        for other in call.inputs[1:]:
            value = graph.add(op, value, other)
        if call.layer["class"] == "Average":
            value = graph.add("Mul", value, graph.constant(1 / len(call.inputs)))
        return [value]

    return write


def concatenate(call: Call) -> list[str]:
    return [call.graph.add("Concat", *call.inputs, axis=call.axis(call.config["axis"]))]


def merge_mask(call: Call) -> str:
    """The steps that some input shows."""
    graph, seen = call.graph, [mask for mask in call.masks if mask is not None]
    value = seen[0]
    for other in seen[1:]:
        value = graph.add("Or", value, other)
    return value


def concatenate_mask(call: Call) -> str:
    """Along the time axis the masks one after another; along the features the steps that some input shows."""
    graph, axis = call.graph, call.axis(call.config["axis"])
    masks = [mask or _all_shown(call, value) for value, mask in zip(call.inputs, call.masks, strict=True)]
    if axis == call.rank - 1:
        return merge_mask(replace(call, masks=[*masks]))
    return graph.add("Concat", *masks, axis=axis)


def _all_shown(call: Call, value: str) -> str:
    """The mask of a value that has none, bool (samples, timesteps)."""
    graph = call.graph
    sizes = graph.add("Slice", graph.add("Shape", value), graph.whole([0]), graph.whole([2]))
    return graph.add("Expand", graph.constant(True, np.bool_), sizes)


def dot(call: Call) -> list[str]:
    graph, axes = call.graph, call.config["axes"]
    first, second = [axes, axes] if isinstance(axes, int) else axes
    ranks = [len(shape) for shape in call.shapes]
    if set(ranks) - {2, 3}:
        raise call.refuse("its inputs have more than three axes. Reshape them first.")
    first, second = first % ranks[0], second % ranks[1]
    left, right = call.inputs
    if call.config["normalize"]:
        left, right = (_normalised(call, v, a) for v, a in ((left, first), (right, second)))
    if ranks[0] == 2:
        left, first = graph.expand_dims(left, 1), 2
    elif first == 1:
        left = graph.transpose(left, [0, 2, 1])
    if ranks[1] == 2:
        right = graph.expand_dims(right, 2)
    elif second == 2:
        right = graph.transpose(right, [0, 2, 1])
    value = graph.add("MatMul", left, right, name=call.name)
    if ranks[0] == 2:
        value = graph.squeeze(value, 1)
        return [value]
    return [graph.squeeze(value, -1) if ranks[1] == 2 else value]


def _normalised(call: Call, value: str, axis: int) -> str:
    """A value of length 1 along an axis, as Keras's `normalize` has it."""
    graph = call.graph
    square = graph.sum(graph.add("Mul", value, value), axis, keepdims=True)
    return graph.add("Div", value, graph.add("Sqrt", graph.add("Max", square, graph.constant(1e-12))))


def unit_normalization(call: Call) -> list[str]:
    graph, axis = call.graph, call.config["axis"]
    axes = [call.axis(a) for a in ([axis] if isinstance(axis, int) else axis)]
    square = graph.sum(graph.add("Mul", call.input, call.input), *axes, keepdims=True)
    return [graph.add("Div", call.input, graph.add("Max", graph.add("Sqrt", square), graph.constant(1e-12)))]


def flatten(call: Call) -> list[str]:
    call.channels_last()
    size = math.prod(n for n in call.shape[1:] if n is not None) if None not in call.shape[1:] else -1
    return [call.graph.reshape(call.input, [-1 if size != -1 else 0, size])]


def reshape(call: Call) -> list[str]:
    target = [int(n) for n in call.config["target_shape"]]
    return [call.graph.reshape(call.input, [0, *target] if -1 in target else [-1, *target])]


def permute(call: Call) -> list[str]:
    return [call.graph.transpose(call.input, [0, *call.config["dims"]])]


def repeat_vector(call: Call) -> list[str]:
    graph = call.graph
    return [graph.add("Tile", graph.expand_dims(call.input, 1), graph.whole([1, int(call.config["n"]), 1]))]


def cropping(call: Call) -> list[str]:
    before, after = call.config["cropping"]
    if call.config.get("data_format", "channels_last") != "channels_last":
        raise call.refuse("its data_format is 'channels_first'.")
    return [call.graph.slice(call.input, 1, int(before), -int(after) if after else 2**63 - 1)]


def zero_padding(call: Call) -> list[str]:
    call.channels_last()
    before, after = call.config["padding"]
    return [call.graph.add("Pad", call.input, call.graph.whole([0, int(before), 0, 0, int(after), 0]))]


def up_sampling(call: Call) -> list[str]:
    graph, size = call.graph, int(call.config["size"])
    repeated = graph.add("Tile", graph.expand_dims(call.input, 2), graph.whole([1, 1, size, 1]))
    return [graph.reshape(repeated, [0, -1, int(call.shape[-1] or 0)])]


def rescaling(call: Call) -> list[str]:
    graph = call.graph
    value = graph.add("Mul", graph.cast(call.input, "float32"), graph.constant(call.config["scale"]))
    return [graph.add("Add", value, graph.constant(call.config["offset"]))]


def normalization(call: Call) -> list[str]:
    graph, config = call.graph, call.config
    axis = config["axis"]
    axes = [call.axis(a) for a in ([] if axis is None else [axis] if isinstance(axis, int) else axis)]
    if config.get("mean") is not None:
        mean, variance = np.array(config["mean"]), np.array(config["variance"])
    else:
        mean, variance = call.weights[:2]
    shape = [int(n or 1) if i in axes else 1 for i, n in enumerate(call.shape)]
    mean, deviation = np.reshape(mean, shape), np.maximum(np.sqrt(np.reshape(variance, shape)), 1e-7)
    if config.get("invert"):
        return [graph.add("Add", graph.add("Mul", call.input, graph.constant(deviation)), graph.constant(mean))]
    return [graph.add("Div", graph.add("Sub", call.input, graph.constant(mean)), graph.constant(deviation))]


def batch_normalization(call: Call) -> list[str]:
    graph, config, weights = call.graph, call.config, list(call.weights)
    count = len(weights[-1])
    gamma = weights.pop(0) if config["scale"] else np.ones(count)
    beta = weights.pop(0) if config["center"] else np.zeros(count)
    mean, variance = weights
    scale = gamma / np.sqrt(variance.astype(np.float64) + config["epsilon"])
    shape = [1] * call.rank
    shape[call.axis(config["axis"])] = count
    value = graph.add("Mul", call.input, graph.constant(scale.reshape(shape)))
    return [graph.add("Add", value, graph.constant((beta - mean * scale).reshape(shape)))]


def layer_normalization(call: Call) -> list[str]:
    graph, config, weights = call.graph, call.config, list(call.weights)
    if config.get("rms_scaling"):
        raise call.refuse("its rms_scaling is not a layer normalization. Leave it out.")
    axis = config["axis"]
    axes = sorted(call.axis(a) for a in ([axis] if isinstance(axis, int) else axis))
    centred = graph.add("Sub", call.input, graph.reduce("ReduceMean", call.input, *axes, keepdims=True))
    variance = graph.reduce("ReduceMean", graph.add("Mul", centred, centred), *axes, keepdims=True)
    value = graph.add("Div", centred, graph.add("Sqrt", graph.add("Add", variance, graph.constant(config["epsilon"]))))
    shape = [int(n or 1) if i in axes else 1 for i, n in enumerate(call.shape)]
    if config["scale"]:
        value = graph.add("Mul", value, graph.constant(weights.pop(0).reshape(shape)))
    if config["center"]:
        value = graph.add("Add", value, graph.constant(weights.pop(0).reshape(shape)))
    return [value]


def global_max(call: Call) -> list[str]:
    call.channels_last()
    return [call.graph.reduce("ReduceMax", call.input, 1, keepdims=call.config["keepdims"])]


def global_average(call: Call) -> list[str]:
    call.channels_last()
    graph, keepdims = call.graph, bool(call.config["keepdims"])
    if call.mask is None:
        return [graph.reduce("ReduceMean", call.input, 1, keepdims=keepdims)]
    column = graph.expand_dims(call.mask, 2)
    seen = graph.add("Where", column, call.input, graph.constant(0.0))
    count = graph.sum(graph.cast(column, "float32"), 1, keepdims=keepdims)
    return [graph.add("Div", graph.sum(seen, 1, keepdims=keepdims), count)]


def _single(value: Any) -> int:
    return int(value[0] if isinstance(value, (list, tuple)) else value)


def pooling(op: str) -> Callable[[Call], list[str]]:
    def write(call: Call) -> list[str]:
        call.channels_last()
        graph, config = call.graph, call.config
        pads = {"valid": "VALID", "same": "SAME_UPPER"}[config["padding"]]
        value = graph.add(
            op, graph.transpose(call.input, [0, 2, 1]), name=call.name, auto_pad=pads,
            kernel_shape=[_single(config["pool_size"])], strides=[_single(config["strides"] or config["pool_size"])],
        )  # fmt: skip
        return [graph.transpose(value, [0, 2, 1])]

    return write


def conv(call: Call) -> list[str]:
    call.channels_last()
    graph, config = call.graph, call.config
    kernel = call.weights[0].transpose(2, 1, 0)  # (width, channels, filters) → (filters, channels, width)
    dilation, stride = _single(config["dilation_rate"]), _single(config["strides"])
    padding: dict[str, Any] = {"pads": [0, 0]}
    if config["padding"] == "causal":
        padding = {"pads": [dilation * (kernel.shape[2] - 1), 0]}
    elif config["padding"] == "same":
        padding = {"auto_pad": "SAME_UPPER"}
    arrays = [graph.constant(kernel, name=f"{call.name}_W")]
    if config["use_bias"]:
        arrays.append(graph.constant(call.weights[1], name=f"{call.name}_B"))
    value = graph.add(
        "Conv", graph.transpose(call.input, [0, 2, 1]), *arrays, name=call.name, kernel_shape=[kernel.shape[2]],
        strides=[stride], dilations=[dilation], group=int(config.get("groups", 1)), **padding,
    )  # fmt: skip
    return [activated(call, graph.transpose(value, [0, 2, 1]), config["activation"])]


def time_distributed(call: Call) -> list[str]:
    """A layer at each step: steps are put among the samples, and taken out again."""
    graph, inner = call.graph, call.config["layer"]
    if inner["class_name"] not in LAYERS:
        raise call.refuse(f"it holds a {inner['class_name']}, which is not known.")
    sizes = call.shape[2:]
    if None in sizes or None in call.output_shapes[0][2:]:
        raise call.refuse("the sizes of what it gives its layer are not known.")
    flat = graph.reshape(call.input, [-1, *(int(n or 0) for n in sizes)])
    own = {"name": call.name, "class": inner["class_name"], "config": inner["config"]}
    width = call.output_shapes[0][2:]
    (value,) = LAYERS[inner["class_name"]](
        replace(
            call, layer=own, inputs=[flat], shapes=[[None, *sizes]], masks=[], arguments={},
            output_shapes=[[None, *width]],
        )
    )  # fmt: skip
    axes = graph.add(
        "Concat",
        graph.size(call.input, 0),
        graph.size(call.input, 1),
        graph.whole([int(n or 0) for n in width]),
        axis=0,
    )
    return [graph.add("Reshape", value, axes)]


LAYERS: dict[str, Callable[[Call], list[str]]] = {
    **dict.fromkeys(
        ["Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization",
         "Identity"], same
    ),
    **dict.fromkeys(["LSTM", "GRU", "SimpleRNN", "RNN"], recurrent),
    "Bidirectional": bidirectional,
    **dict.fromkeys(["Attention", "AdditiveAttention"], attention),
    "Dense": dense,
    "Activation": activation,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "ELU": elu,
    "PReLU": prelu,
    "Softmax": softmax,
    "Embedding": embedding,
    "Masking": masking,
    "Add": merge("Add"),
    "Subtract": merge("Sub"),
    "Multiply": merge("Mul"),
    "Average": merge("Add"),
    "Maximum": merge("Max"),
    "Minimum": merge("Min"),
    "Concatenate": concatenate,
    "Dot": dot,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    "Cropping1D": cropping,
    "ZeroPadding1D": zero_padding,
    "UpSampling1D": up_sampling,
    "Rescaling": rescaling,
    "Normalization": normalization,
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "UnitNormalization": unit_normalization,
    "GlobalMaxPooling1D": global_max,
    "GlobalAveragePooling1D": global_average,
    "MaxPooling1D": pooling("MaxPool"),
    "AveragePooling1D": pooling("AveragePool"),
    "Conv1D": conv,
    "TimeDistributed": time_distributed,
}  # fmt: skip

MASKS: dict[str, Callable[[Call], str]] = {  # of the layers that make a mask of their own
    "Embedding": embedding_mask,
    "Masking": masking_mask,
    **dict.fromkeys(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"], merge_mask),
    "Concatenate": concatenate_mask,
}
