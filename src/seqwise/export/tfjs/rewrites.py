"""Layers and operations that TensorFlow.js lacks, written as equal compositions of layers that it has."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.errors import ExportError
from seqwise.export.tfjs.configs import HARD_SIGMOID, tfjs_config
from seqwise.export.tfjs.graph import Tensor
from seqwise.export.tfjs.layers import named_weights, shared
from seqwise.export.tfjs.lowering import Call, Lowering


def subtract(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """One tensor plus the other times -1."""
    left, right = lowering.inputs(call, plain=True)
    negative = lowering.affine(right, f"{layer['name']}_negative", scale=-1.0)
    return [lowering.merged("Add", layer["name"], [left, negative])]


def rescaling(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call, plain=True)
    config = layer["config"]
    return [lowering.affine(tensor, layer["name"], scale=config["scale"], after=config["offset"])]


def normalization(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call, plain=True)
    config, arrays = layer["config"], lowering.weights(layer)
    axes = config.get("axis")
    axis = axes[0] if isinstance(axes, (list, tuple)) and len(axes) == 1 else axes
    if config.get("invert") or axis not in (-1, tensor.rank - 1):
        raise ExportError(f"Layer {layer['name']!r}: only a Normalization of the last axis can be exported.")
    mean, variance = arrays[:2] if arrays else (np.ravel(config[k]) for k in ("mean", "variance"))
    scale = 1 / np.maximum(np.sqrt(variance.reshape(-1)), 1e-7)
    return [lowering.affine(tensor, layer["name"], before=-mean.reshape(-1), scale=scale)]


def cropping(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """A fixed selection of timesteps; of any number of them a convolution that looks `before` steps ahead."""
    (tensor,) = lowering.inputs(call, plain=True)
    before, after = layer["config"]["cropping"]
    name, width, steps = layer["name"], tensor.width or 1, tensor.shape[1]
    if steps is not None:
        return [_select(lowering, tensor, name, np.eye(steps)[:, before : steps - after])]
    kernel = np.zeros((before + after + 1, width, width), np.float32)
    kernel[before] = np.eye(width)
    config = {
        "filters": width, "kernel_size": [before + after + 1], "strides": [1], "padding": "valid",
        "dilation_rate": [1], "activation": "linear", "use_bias": False,
    }  # fmt: skip
    return [lowering.made("Conv1D", name, config, [tensor], call["shapes"][0], kernel=kernel)]


def convolution(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """A causal convolution as one that looks both ways, and sees nothing ahead."""
    settings, name = layer["config"], layer["name"]
    if settings["padding"] != "causal":
        return shared(lowering, layer, call)
    if list(np.ravel(settings["strides"])) != [1]:
        raise ExportError(f"Layer {name!r}: a causal Conv1D with strides cannot be exported.")
    lowering.notes.append(f"Layer {name!r}, a causal Conv1D, is not trained further by TensorFlow.js.")
    (apart,) = np.ravel(settings["dilation_rate"])
    weights = named_weights(lowering, layer)
    size, width, filters = weights["kernel"].shape
    wide = np.zeros((2 * (size - 1) * apart + 1, width, filters), np.float32)
    wide[: (size - 1) * apart + 1 : apart] = weights["kernel"]
    config = tfjs_config("Conv1D", name, settings) | {"padding": "same", "dilation_rate": [1]}
    config |= {"kernel_size": [len(wide)], "trainable": False}
    if config["activation"] == HARD_SIGMOID:
        raise ExportError(f"Layer {name!r}: a causal Conv1D with hard_sigmoid cannot be exported.")
    shapes = [tuple(shape) for shape in call["shapes"]]
    return lowering.graph.add("Conv1D", name, config, lowering.inputs(call), shapes, weights | {"kernel": wide})


def padding(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call, plain=True)
    before, after = layer["config"]["padding"]
    steps = _known_steps(layer, tensor)
    return [_select(lowering, tensor, layer["name"], np.eye(steps, steps + before + after, before))]


def upsampling(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call, plain=True)
    selection = np.repeat(np.eye(_known_steps(layer, tensor)), layer["config"]["size"], axis=1)
    return [_select(lowering, tensor, layer["name"], selection)]


def _select(lowering: Lowering, tensor: Tensor, name: str, selection: np.ndarray) -> Tensor:
    """Multiply the timesteps with a matrix (timesteps, new timesteps) of 0 and 1."""
    turned = lowering.permuted(tensor, f"{name}_turned", (2, 1))
    return lowering.permuted(lowering.dense(turned, f"{name}_selected", selection), name, (2, 1))


def _known_steps(layer: dict[str, Any], tensor: Tensor) -> int:
    if tensor.shape[1] is None:
        raise ExportError(
            f"Layer {layer['name']!r} ({layer['class']}) can be exported for a known number of timesteps only: give it "
            "to keras.Input."
        )
    return tensor.shape[1]


def unchanged(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    return lowering.inputs(call)


# attention


def attention(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """Luong's: softmax(query · keyᵀ + what hides steps) · value."""
    query, value, key = _attended(lowering, layer, call)
    config, name = layer["config"], layer["name"]
    if config.get("score_mode", "dot") != "dot":
        raise ExportError(f"Layer {name!r}: only score_mode='dot' can be exported.")
    if config.get("use_scale"):
        (scale,) = lowering.weights(layer)
        query = lowering.affine(query, f"{name}_scaled_query", scale=float(scale))
    scores = lowering.dot(query, key, (2, 2), f"{name}_scores")
    return _weighted(lowering, layer, call, scores, value)


def additive_attention(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """Bahdanau's: softmax(scale · tanh(query + key) + what hides steps) · value."""
    query, value, key = _attended(lowering, layer, call)
    name, width = layer["name"], query.width or 1
    scale = lowering.weights(layer)[0] if layer["config"].get("use_scale", True) else np.ones(width)
    if query.shape[1] is None and key.shape[1] is None:
        parts = [
            lowering.reshaped(query, f"{name}_query", (None, 1, width)),
            lowering.reshaped(key, f"{name}_key", (1, None, width)),
        ]
    else:
        parts = [
            lowering.reshaped(query, f"{name}_query", (query.shape[1], 1, width)),
            lowering.reshaped(key, f"{name}_key", (1, key.shape[1], width)),
        ]
    sums = lowering.merged("Add", f"{name}_sums", parts)
    bent = lowering.made("Activation", f"{name}_tanh", {"activation": "tanh"}, [sums], sums.shape)
    column = lowering.dense(bent, f"{name}_scores_column", scale.reshape(-1, 1))
    if query.shape[1] is None and key.shape[1] is None:  # two unknown sizes: step by step of the query
        shape = column.shape[:3]
        inner = {"class_name": "Reshape", "config": {"name": f"{name}_scores_step", "target_shape": [-1]}}
        scores = lowering.made("TimeDistributed", f"{name}_scores", {"layer": inner}, [column], shape)
    else:
        scores = lowering.reshaped(column, f"{name}_scores", (query.shape[1], key.shape[1]))
    return _weighted(lowering, layer, call, scores, value)


def _attended(lowering: Lowering, layer: dict[str, Any], call: Call) -> tuple[Tensor, Tensor, Tensor]:
    if call.get("arguments", {}).get("use_causal_mask"):
        raise ExportError(f"Layer {layer['name']!r}: use_causal_mask=True cannot be exported.")
    query, value, *key = lowering.inputs(call, plain=True)
    return query, value, key[0] if key else value


def _weighted(lowering: Lowering, layer: dict[str, Any], call: Call, scores: Tensor, value: Tensor) -> list[Tensor]:
    name = layer["name"]
    query_mask, value_mask = (lowering.mask_key(mask) for mask in (*call.get("masks", []), None, None)[:2])
    if value_mask is not None:
        hidden = lowering.below_at_hidden(value_mask, value.shape[1], name)
        scores = lowering.merged("Add", f"{name}_seen_scores", [scores, hidden])
    weights = lowering.softmax(scores, f"{name}_weights")
    rate, used = layer["config"].get("dropout", 0), weights
    if rate:
        used = lowering.made("Dropout", f"{name}_dropout", {"rate": rate}, [weights], weights.shape)
    result = lowering.dot(used, value, (2, 1), name if query_mask is None else f"{name}_context")
    if query_mask is not None:
        result = lowering.merged("Multiply", name, [result, lowering.column(query_mask)])
    return [result, weights] if call.get("arguments", {}).get("return_attention_scores") else [result]


# activations with settings


def relu(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """A ReLU with a negative slope and nothing else is TensorFlow.js's LeakyReLU."""
    config = layer["config"]
    slope = config.get("negative_slope") or 0.0
    if not slope and not config.get("threshold"):
        return shared(lowering, layer, call)
    if slope and config.get("max_value") is None and not config.get("threshold"):
        shapes = [tuple(shape) for shape in call["shapes"]]
        inputs = lowering.inputs(call)
        return lowering.graph.add("LeakyReLU", layer["name"], {"dtype": "float32", "alpha": slope}, inputs, shapes)
    raise ExportError(
        f"Layer {layer['name']!r}: TensorFlow.js has a ReLU with a max_value, and a LeakyReLU with a slope; it has "
        "none with both or with a threshold."
    )


# operations of keras.ops


def two_sided(merge: str) -> Any:
    """An operation of two tensors, or of a tensor and a number."""

    def translate(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
        name, kind = layer["name"], layer["class"]
        tensors = lowering.inputs(call, plain=True)
        if len(tensors) == 2:
            if tensors[0].rank != tensors[1].rank or kind in ("ops.Divide", "ops.TrueDivide"):
                raise ExportError(f"Operation {name!r} (keras.{kind}) of these two tensors cannot be exported.")
            if kind == "ops.Subtract":
                tensors[1] = lowering.affine(tensors[1], f"{name}_negative", scale=-1.0)
            return [lowering.merged(merge, name, tensors)]
        constants = [value for value in call["arguments"].values() if value is not None]
        first = next(iter(call["arguments"].values())) is not None  # the number stands first
        if len(constants) != 1 or isinstance(constants[0], (str, list)):
            raise ExportError(f"Operation {name!r} (keras.{kind}): only a number can stand beside a tensor.")
        number = float(constants[0])
        changes = {
            "ops.Add": {"after": number},
            "ops.Multiply": {"scale": number},
            "ops.Subtract": {"scale": -1.0, "after": number} if first else {"after": -number},
            "ops.Divide": {"scale": 1 / number} if not first and number else {},
        }
        change = changes.get("ops.Divide" if kind == "ops.TrueDivide" else kind)
        if not change:
            raise ExportError(f"Operation {name!r} (keras.{kind}) with {number} cannot be exported.")
        return [lowering.affine(tensors[0], name, **change)]

    return translate


def negative(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call, plain=True)
    return [lowering.affine(tensor, layer["name"], scale=-1.0)]


def mask_values(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """A mask that the network reads as a tensor: 1 and 0, (samples, timesteps)."""
    key = lowering.mask_key({"tensor": [layer["name"], layer["calls"].index(call), 0]})
    if key is None or key[0] == "tensor":
        raise ExportError(f"Operation {layer['name']!r} (keras.{layer['class']}) cannot be exported.")
    column = lowering.column(key)
    return [lowering.reshaped(column, layer["name"], (column.shape[1],))]


REWRITES = {
    "ActivityRegularization": unchanged,
    "AdditiveAttention": additive_attention,
    "Attention": attention,
    "Conv1D": convolution,
    "Cropping1D": cropping,
    "Identity": unchanged,
    "Normalization": normalization,
    "ReLU": relu,
    "Rescaling": rescaling,
    "Subtract": subtract,
    "UpSampling1D": upsampling,
    "ZeroPadding1D": padding,
    "ops.Add": two_sided("Add"),
    "ops.Any": mask_values,
    "ops.Divide": two_sided("Multiply"),
    "ops.Maximum": two_sided("Maximum"),
    "ops.Minimum": two_sided("Minimum"),
    "ops.Multiply": two_sided("Multiply"),
    "ops.Negative": negative,
    "ops.NotEqual": mask_values,
    "ops.Subtract": two_sided("Add"),
    "ops.TrueDivide": two_sided("Multiply"),
}
