"""Translating the layers that Keras and TensorFlow.js share, one call at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.errors import ExportError
from seqwise.export.tfjs.configs import HARD_SIGMOID, KINDS, tfjs_config, weight_names
from seqwise.export.tfjs.graph import Tensor
from seqwise.export.tfjs.lowering import Call, Lowering

TO_TFJS = 5 / 6  # x / 6 of Keras's hard sigmoid over 0.2 x of TensorFlow.js's
GATES = {"LSTM": (0, 1, 3), "GRU": (0, 1)}  # those that take the recurrent activation
NUMBERS = {"bool": "float32", "int64": "int32", "int16": "int32", "int8": "int32", "uint8": "int32"}
CELLS = {"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}
IN_TIME_DISTRIBUTED = {"Activation", "Dense", "Dropout", "LayerNormalization", "ReLU"}


def input_layer(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """Keras's InputLayer; TensorFlow.js has no true and false in layers: a mask comes as 1 and 0."""
    shape = tuple(call["shapes"][0])
    dtype = str(layer["config"].get("dtype", "float32"))
    config = {
        "batch_input_shape": list(shape),
        "dtype": "int32" if NUMBERS.get(dtype) == "int32" or dtype == "int32" else "float32",
        "sparse": False,
    }
    return lowering.graph.add("InputLayer", layer["name"], config, [], [shape])


def shared(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """A layer that both have, and whose mask Keras and TensorFlow.js do not read."""
    kind, name = layer["class"], layer["name"]
    config = tfjs_config(kind, name, layer["config"])
    weights = named_weights(lowering, layer)
    if kind == "Reshape":  # TensorFlow.js leaves a -1 unknown
        config["target_shape"] = [-1 if size is None else size for size in call["shapes"][0][1:]]
    if config.get("activation") == HARD_SIGMOID:
        if kind == "Activation":
            (tensor,) = lowering.inputs(call)
            scaled = lowering.affine(tensor, f"{name}_input", scale=TO_TFJS)
            return add(lowering, layer, kind, config | {"activation": HARD_SIGMOID}, [scaled], call)
        weights = {part: array * np.float32(TO_TFJS) for part, array in weights.items()}
    return add(lowering, layer, kind, config, lowering.inputs(call), call, weights)


def dropout(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """Zeros stay zeros: what is still to be zeroed may be so after it."""
    (tensor,) = (lowering.value(ref) for ref in call["inputs"])
    config = tfjs_config(layer["class"], layer["name"], layer["config"])
    outputs = add(lowering, layer, layer["class"], config, [tensor], call)
    outputs[0].not_zeroed = tensor.not_zeroed
    return outputs


def named_weights(lowering: Lowering, layer: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return a layer's arrays by TensorFlow.js's names."""
    names, arrays = weight_names(layer["class"], layer["config"]), lowering.weights(layer)
    if len(names) != len(arrays):
        raise ExportError(
            f"Layer {layer['name']!r} ({layer['class']}) has {len(arrays)} arrays of weights; TensorFlow.js's has "
            f"{len(names)} ({', '.join(names)}). A layer that is quantized or has LoRA cannot be exported."
        )
    return dict(zip(names, arrays, strict=True))


def add(
    lowering: Lowering,
    layer: dict[str, Any],
    kind: str,
    config: dict[str, Any],
    inputs: list[Tensor],
    call: Call,
    weights: dict[str, np.ndarray] | None = None,
    **more: Any,
) -> list[Tensor]:
    shapes = [tuple(shape) for shape in call["shapes"]]
    return lowering.graph.add(kind, layer["name"], config, inputs, shapes, weights, **more)


def merge(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """Add, Multiply, …: TensorFlow.js's masks of merges have a wrong shape, so that none may reach one."""
    config = tfjs_config(layer["class"], layer["name"], layer["config"])
    return add(lowering, layer, layer["class"], config, lowering.inputs(call, plain=True), call)


def concatenate(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    tensors = lowering.inputs(call)
    config = tfjs_config("Concatenate", layer["name"], layer["config"])
    rank = tensors[0].rank
    if len({tensor.mask for tensor in tensors}) > 1 or rank != 3 or config["axis"] not in (-1, 2):
        tensors = [lowering.without_mask(tensor) for tensor in tensors]
    return add(lowering, layer, "Concatenate", config, tensors, call)


def embedding(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    key = ("of", layer["name"], layer["calls"].index(call))
    masks = {("of", layer["name"], i) for i in range(len(layer["calls"]))} & lowering.wanted
    config = tfjs_config("Embedding", layer["name"], layer["config"])
    config["mask_zero"] = bool(config["mask_zero"] and masks)
    tensors = [lowering.without_mask(tensor) for tensor in lowering.inputs(call)]
    mask = key if config["mask_zero"] else None
    return add(lowering, layer, "Embedding", config, tensors, call, named_weights(lowering, layer), mask=mask)


def masking(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    config = tfjs_config("Masking", layer["name"], layer["config"])
    key = ("of", layer["name"], layer["calls"].index(call))
    return add(lowering, layer, "Masking", config, lowering.inputs(call, plain=True), call, mask=key)


def batch_normalization(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    if not (layer["config"]["scale"] and layer["config"]["center"]):
        lowering.notes.append(
            f"Layer {layer['name']!r}: TensorFlow.js cannot train a BatchNormalization without scale or center."
        )
    return shared(lowering, layer, call)


def flatten(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call)
    if tensor.rank == 2:
        return [tensor]
    if None in tensor.shape[1:]:
        raise ExportError(
            f"Layer {layer['name']!r}: TensorFlow.js's Flatten needs every size, and gets {tensor.shape}. Give "
            "keras.Input the number of timesteps."
        )
    return shared(lowering, layer, call)


def softmax(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    (tensor,) = lowering.inputs(call)
    axis = layer["config"].get("axis", -1)
    if axis not in (-1, [-1], tensor.rank - 1) or "masks" in call:
        raise ExportError(f"Layer {layer['name']!r}: only a Softmax of the last axis, without a mask, can be exported.")
    return add(lowering, layer, "Activation", {"dtype": "float32", "activation": "softmax"}, [tensor], call)


def global_pooling(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """GlobalAveragePooling1D and GlobalMaxPooling1D; a masked mean is an even attention to the steps that are seen."""
    name, kind = layer["name"], layer["class"]
    config = tfjs_config(kind, name, layer["config"])
    (tensor,) = lowering.inputs(call, plain=True)
    (key,) = [lowering.mask_key(mask) for mask in call.get("masks", [None])]
    if kind == "GlobalAveragePooling1D" and key is not None:
        shares = lowering.softmax(lowering.below_at_hidden(key, tensor.shape[1], name), f"{name}_shares")
        pooled = lowering.dot(shares, tensor, (2, 1), f"{name}_row")
        if layer["config"].get("keepdims"):
            return [pooled]
        return [lowering.reshaped(pooled, name, (tensor.width,))]
    shapes = [(tensor.shape[0], tensor.width)]
    pooled = lowering.graph.add(kind, name, config, [tensor], shapes)
    if layer["config"].get("keepdims"):
        pooled = [lowering.reshaped(pooled[0], f"{name}_row", (1, tensor.width))]
    return pooled


def time_distributed(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    inner = layer["config"]["layer"]
    kind, name = inner["class_name"], layer["name"]
    if kind not in IN_TIME_DISTRIBUTED:
        raise ExportError(
            f"Layer {name!r}: a TimeDistributed of {kind} cannot be exported, only of "
            f"{', '.join(sorted(IN_TIME_DISTRIBUTED))}."
        )
    config = tfjs_config(kind, name, inner["config"]) | {"name": inner["config"]["name"]}
    config["trainable"] = config["trainable"] and bool(layer["config"].get("trainable", True))
    names, arrays = weight_names(kind, inner["config"]), lowering.weights(layer)
    if config.get("activation") == HARD_SIGMOID:
        arrays = [array * np.float32(TO_TFJS) for array in arrays]
    own = {"dtype": "float32", "layer": {"class_name": kind, "config": config}}
    weights = dict(zip(names, arrays, strict=True))
    return add(lowering, layer, "TimeDistributed", own, lowering.inputs(call), call, weights)


# recurrent layers


def recurrent(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """LSTM, GRU, SimpleRNN."""
    kind, name = layer["class"], layer["name"]
    config, weights = rnn_settings(kind, name, layer["config"], lowering.weights(layer))
    outputs = add(lowering, layer, kind, config, rnn_inputs(lowering, call), call, weights)
    return _zero_where_hidden(lowering, layer, call, outputs)


def bidirectional(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """Both directions have one set of settings in TensorFlow.js."""
    name, own = layer["name"], layer["config"]
    forward, backward = own["layer"], own["backward_layer"]
    kind, settings = forward["class_name"], forward["config"]
    arrays = lowering.weights(layer)
    half = len(arrays) // 2
    config, weights = rnn_settings(kind, name, settings, arrays[:half])
    other, other_weights = rnn_settings(kind, name, backward["config"], arrays[half:])
    same = {"go_backwards", "trainable", *(k for k in config if k.endswith("_initializer"))}
    differing = sorted(k for k in config if k not in same and config[k] != other.get(k))
    if backward["class_name"] != kind or differing or other["go_backwards"] == config["go_backwards"]:
        what = ", ".join(differing) or "their class or direction"
        raise ExportError(
            f"Layer {name!r}: the two directions differ in {what}; in TensorFlow.js both have the same settings. Build "
            "it of one layer, or as two layers and a Concatenate, or export to ONNX."
        )
    inner = config | {"name": name, "trainable": config["trainable"] and bool(own.get("trainable", True))}
    both = {f"forward_{name}/{part}": array for part, array in weights.items()}
    both |= {f"backward_{name}/{part}": array for part, array in other_weights.items()}
    wrapped = {
        "dtype": "float32",
        "merge_mode": own["merge_mode"],
        "layer": {"class_name": kind, "config": inner},
    }
    outputs = add(lowering, layer, "Bidirectional", wrapped, rnn_inputs(lowering, call), call, both)
    return _zero_where_hidden(lowering, layer | {"config": settings}, call, outputs)


def rnn(lowering: Lowering, layer: dict[str, Any], call: Call) -> list[Tensor]:
    """A `keras.layers.RNN` of LSTM, GRU or SimpleRNN cells; several cells become as many layers."""
    name, own = layer["name"], layer["config"]
    cells = own["cell"]["config"]["cells"] if own["cell"]["class_name"] == "StackedRNNCells" else [own["cell"]]
    kinds = [CELLS.get(cell["class_name"]) for cell in cells]
    if None in kinds:
        unknown = next(c["class_name"] for c, kind in zip(cells, kinds, strict=True) if kind is None)
        raise ExportError(f"Layer {name!r}: TensorFlow.js has no cell {unknown}. It has {', '.join(CELLS)}.")
    if len(cells) > 1 and (own["return_state"] or own["stateful"] or "initial_state" in call or own["go_backwards"]):
        raise ExportError(
            f"Layer {name!r}: stacked cells with states in or out, or backwards, cannot be exported. Build it of "
            f"{len(cells)} layers."
        )
    arrays, inputs, outputs = lowering.weights(layer), rnn_inputs(lowering, call), []
    for i, (kind, cell) in enumerate(zip(kinds, cells, strict=True)):
        count = 3 if cell["config"].get("use_bias", True) else 2
        own_arrays, arrays = arrays[:count], arrays[count:]
        last = i == len(cells) - 1
        settings = cell["config"] | {
            key: own[key] for key in ("return_state", "go_backwards", "stateful", "zero_output_for_mask") if key in own
        }
        settings |= {"return_sequences": own["return_sequences"] or not last, "trainable": own.get("trainable", True)}
        label = name if last else f"{name}_cell_{i + 1}"
        config, weights = rnn_settings(str(kind), label, settings, own_arrays)
        units = cell["config"]["units"]
        shapes = call["shapes"] if last else [(*inputs[0].shape[:-1], units)]
        outputs = lowering.graph.add(str(kind), label, config, inputs, [tuple(s) for s in shapes], weights)
        inputs = outputs[:1]
    return outputs


def rnn_settings(
    kind: str, name: str, config: dict[str, Any], arrays: list[np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the settings and the named arrays of a recurrent layer."""
    if kind not in GATES and kind != "SimpleRNN":
        raise ExportError(f"Layer {name!r}: TensorFlow.js has no recurrent layer {kind}.")
    settings = {"recurrent_activation": "sigmoid"} if kind in GATES else {}
    result = settings | tfjs_config(kind, name, config) | {"name": name}
    if result["activation"] == HARD_SIGMOID:
        raise ExportError(
            f"Layer {name!r}: TensorFlow.js's hard sigmoid has another slope than Keras 3's, and this {kind} cannot be "
            "rescaled to it. Use activation='tanh' or 'sigmoid', or export to ONNX."
        )
    names = weight_names(kind, config)
    if len(names) != len(arrays):
        raise ExportError(f"Layer {name!r} ({kind}) has {len(arrays)} arrays of weights; expected {len(names)}.")
    if result.get("recurrent_activation") == HARD_SIGMOID:
        units = config["units"]
        for array in (arrays := [array.copy() for array in arrays]):
            for gate in GATES[kind]:
                array[..., gate * units : (gate + 1) * units] *= np.float32(TO_TFJS)
    return result, dict(zip(names, arrays, strict=True))


def rnn_inputs(lowering: Lowering, call: Call) -> list[Tensor]:
    """What a recurrent layer reads: the steps with just the mask that Keras gives it, then its initial states."""
    key = lowering.mask_key(call.get("masks", [None])[0])
    (steps,) = (lowering.value(ref) for ref in call["inputs"])
    if steps.not_zeroed != key:  # hidden steps are not read
        steps = lowering.zeroed(steps)
    states = [lowering.without_mask(lowering.value(ref)) for ref in call.get("initial_state", [])]
    return [lowering.with_mask(steps, key), *states]


def _zero_where_hidden(lowering: Lowering, layer: dict[str, Any], call: Call, outputs: list[Tensor]) -> list[Tensor]:
    """What ``zero_output_for_mask`` does; TensorFlow.js's layers repeat the last output at hidden steps."""
    config = layer["config"]
    key = lowering.mask_key(call.get("masks", [None])[0])
    if config.get("zero_output_for_mask") and config["return_sequences"] and key is not None:
        outputs[0].not_zeroed = key
        if len(outputs) > 1 and outputs[1].shape == outputs[0].shape:  # both directions, not merged
            outputs[1].not_zeroed = key
    return outputs


SHARED = {
    **dict.fromkeys(KINDS, shared),
    **dict.fromkeys(["Add", "Average", "Maximum", "Minimum", "Multiply", "Dot"], merge),
    **dict.fromkeys(["LSTM", "GRU", "SimpleRNN"], recurrent),
    **dict.fromkeys(["GlobalAveragePooling1D", "GlobalMaxPooling1D"], global_pooling),
    **dict.fromkeys(["Dropout", "SpatialDropout1D"], dropout),
    "BatchNormalization": batch_normalization,
    "Bidirectional": bidirectional,
    "Concatenate": concatenate,
    "Embedding": embedding,
    "Flatten": flatten,
    "InputLayer": input_layer,
    "Masking": masking,
    "RNN": rnn,
    "Softmax": softmax,
    "TimeDistributed": time_distributed,
}
