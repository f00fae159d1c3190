"""Keras's layers without recurrence on NumPy arrays: for each the function that its configuration and weights make.

All follow Keras at inference; what they are compared with in the tests is Keras itself.
"""

# a layer is a line, most often a lambda of a configuration that came as JSON
# pyright: reportUnknownLambdaType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from seqwise.artifact.numpy.activations import ACTIVATIONS, activation, elu, leaky_relu, softmax
from seqwise.errors import BundleError

Run = Callable[..., Any]  # (inputs …, masks=…, initial_state=…, further arguments) → an output, or a tuple of them
Maker = Callable[..., Run]  # (config, weights …) → Run


def _dense(config: dict[str, Any], kernel: np.ndarray, bias: Any = None) -> Run:
    act = None if config.get("activation") in (None, "linear") else activation(config)

    def run(x: np.ndarray) -> np.ndarray:
        # one product of matrices, not one for each sample
        y = x @ kernel if x.ndim <= 2 else (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], -1)
        if bias is not None:
            y += bias
        return y if act is None else act(y)

    return run


def _embedding(config: dict[str, Any], table: np.ndarray) -> Run:
    return lambda ids: table[ids.astype(np.int32)]


def _masking(config: dict[str, Any]) -> Run:
    value = config["mask_value"]
    return lambda x: np.where((x != value).any(axis=-1, keepdims=True), x, np.zeros((), x.dtype))


def _reshape(config: dict[str, Any]) -> Run:
    shape = tuple(-1 if size is None else int(size) for size in config["target_shape"])
    return lambda x: x.reshape(len(x), *shape)


def _permute(config: dict[str, Any]) -> Run:
    axes = (0, *config["dims"])
    return lambda x: x.transpose(axes)


def _cropping(config: dict[str, Any]) -> Run:
    before, after = config["cropping"]
    return lambda x: x[:, before : x.shape[1] - after]


def _zero_padding(config: dict[str, Any]) -> Run:
    before, after = config["padding"]
    return lambda x: np.pad(x, ((0, 0), (before, after), (0, 0)))


def _rescaling(config: dict[str, Any]) -> Run:
    scale, offset = config["scale"], config["offset"]

    def run(x: np.ndarray) -> np.ndarray:
        numbers = x if x.dtype.kind == "f" else x.astype(np.float32)
        return numbers * np.asarray(scale, numbers.dtype) + np.asarray(offset, numbers.dtype)

    return run


def _average(config: dict[str, Any]) -> Run:
    axis, keep = _time_axis(config), bool(config.get("keepdims"))

    def run(x: np.ndarray, masks: Any = None) -> np.ndarray:
        mask = masks and masks[0]
        if mask is None:
            return x.mean(axis=axis, keepdims=keep)
        seen = np.expand_dims(mask, 3 - axis)
        total = np.where(seen, x, np.zeros((), x.dtype)).sum(axis=axis, keepdims=keep)
        return total / seen.sum(axis=axis, keepdims=keep).astype(x.dtype)

    return run


def _maximum(config: dict[str, Any]) -> Run:
    axis, keep = _time_axis(config), bool(config.get("keepdims"))
    return lambda x: x.max(axis=axis, keepdims=keep)


def _time_axis(config: dict[str, Any]) -> int:
    return 2 if config.get("data_format") == "channels_first" else 1


def _pooling(reduce: Callable[..., np.ndarray], config: dict[str, Any]) -> Run:
    if config["padding"] != "valid" or _time_axis(config) != 1:
        raise _refusal(config, f"padding={config['padding']!r}, data_format={config.get('data_format')!r}")
    (size,), (stride,) = _tuple(config["pool_size"]), _tuple(config["strides"])

    def run(x: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(x, size, axis=1)[:, ::stride]
        return reduce(views, axis=-1)

    return run


def _convolution(config: dict[str, Any], kernel: np.ndarray, bias: Any = None) -> Run:
    if config.get("groups", 1) != 1 or _time_axis(config) != 1:
        raise _refusal(config, f"groups={config.get('groups')}, data_format={config.get('data_format')!r}")
    (stride,), (dilation,), act = _tuple(config["strides"]), _tuple(config["dilation_rate"]), activation(config)
    taps = len(kernel)
    reach = (taps - 1) * dilation

    def run(x: np.ndarray) -> np.ndarray:
        before, after = reach, 0
        if config["padding"] == "valid":
            before = 0
        elif config["padding"] == "same":
            steps = -(-x.shape[1] // stride)
            total = max((steps - 1) * stride + reach + 1 - x.shape[1], 0)
            before, after = total // 2, total - total // 2
        x = np.pad(x, ((0, 0), (before, after), (0, 0)))
        last = x.shape[1] - reach
        y: Any = sum(x[:, k * dilation : k * dilation + last : stride] @ kernel[k] for k in range(taps))
        return act(y if bias is None else y + bias)

    return run


def _layer_normalization(config: dict[str, Any], *weights: np.ndarray) -> Run:
    axis, epsilon = _tuple(config["axis"]), config["epsilon"]
    if axis != (-1,):
        raise _refusal(config, f"axis={config['axis']}")
    gamma, beta = _scale_and_shift(config, weights)

    def run(x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = (centred**2).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(spread + np.asarray(epsilon, x.dtype)) * gamma + beta

    return run


def _batch_normalization(config: dict[str, Any], *weights: np.ndarray) -> Run:
    if _tuple(config["axis"]) != (-1,):
        raise _refusal(config, f"axis={config['axis']}")
    gamma, beta = _scale_and_shift(config, weights)
    mean, variance = weights[-2:]
    factor = gamma / np.sqrt(variance + np.asarray(config["epsilon"], variance.dtype))
    shift = beta - mean * factor
    return lambda x, masks=None: x * factor + shift


def _scale_and_shift(config: dict[str, Any], weights: tuple[np.ndarray, ...]) -> tuple[Any, Any]:
    arrays = iter(weights)
    one, zero = np.float32(1), np.float32(0)
    return (next(arrays) if config["scale"] else one), (next(arrays) if config["center"] else zero)


def _softmax(config: dict[str, Any]) -> Run:
    axis = config["axis"] if isinstance(config["axis"], int) else tuple(config["axis"])
    return lambda x: softmax(x, axis)


def _relu(config: dict[str, Any]) -> Run:
    most, slope, threshold = config.get("max_value"), config.get("negative_slope") or 0.0, config.get("threshold") or 0

    def run(x: np.ndarray) -> np.ndarray:
        y = np.where(x >= threshold, x, slope * (x - threshold)).astype(x.dtype)
        return y if most is None else np.minimum(y, most)

    return run


def _concatenate(config: dict[str, Any]) -> Run:
    axis = config["axis"]
    return lambda *parts: np.concatenate(parts, axis=axis)


def _dot(config: dict[str, Any]) -> Run:
    axes = config["axes"]
    x_axis, y_axis = (axes, axes) if isinstance(axes, int) else axes
    if config.get("normalize"):
        raise _refusal(config, "normalize=True")

    def run(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if x.ndim == y.ndim == 2:
            return (x * y).sum(axis=1, keepdims=True)
        return np.matmul(np.moveaxis(x, x_axis, -1), np.moveaxis(y, y_axis, -2))

    return run


def _all(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Maker:
    """A merge that takes its inputs two by two."""

    def run(first: np.ndarray, *others: np.ndarray) -> np.ndarray:
        for other in others:
            first = function(first, other)
        return first

    return lambda config: run


def _mean(config: dict[str, Any]) -> Run:
    return lambda *parts: sum(parts[1:], parts[0]) / len(parts)


def _of(function: Callable[[np.ndarray], np.ndarray]) -> Maker:
    """A layer without settings."""
    return lambda config: function


def _tuple(value: Any) -> tuple[int, ...]:
    return (int(value),) if isinstance(value, (int, float)) else tuple(int(part) for part in value)


def _refusal(config: dict[str, Any], settings: str) -> BundleError:
    return BundleError(
        f"The layer {config.get('name')!r} has {settings}, which the NumPy backend does not have. Load the run with "
        "Keras: sw.load(run)."
    )


LAYERS: dict[str, Maker] = {
    "Activation": activation,
    "Add": _all(np.add),
    "Average": _mean,
    "AveragePooling1D": partial(_pooling, np.mean),
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Conv1D": _convolution,
    "Cropping1D": _cropping,
    "Dense": _dense,
    "Dot": _dot,
    "ELU": lambda config: partial(elu, alpha=config["alpha"]),
    "Embedding": _embedding,
    "Flatten": _of(lambda x: x.reshape(len(x), -1)),
    "GlobalAveragePooling1D": _average,
    "GlobalMaxPooling1D": _maximum,
    "LayerNormalization": _layer_normalization,
    "LeakyReLU": lambda config: partial(leaky_relu, slope=config["negative_slope"]),
    "Masking": _masking,
    "MaxPooling1D": partial(_pooling, np.max),
    "Maximum": _all(np.maximum),
    "Minimum": _all(np.minimum),
    "Multiply": _all(np.multiply),
    "Permute": _permute,
    "ReLU": _relu,
    "RepeatVector": lambda config: lambda x: np.repeat(x[:, None], config["n"], axis=1),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "Subtract": _all(np.subtract),
    "UpSampling1D": lambda config: lambda x: np.repeat(x, config["size"], axis=1),
    "ZeroPadding1D": _zero_padding,
}  # fmt: skip
# what changes nothing at inference
IDENTITIES = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity",
    "SpatialDropout1D",
)  # fmt: skip

# operations of `keras.ops`, by the names of their classes: the arguments in their order, then axis and keepdims
OPERATIONS: dict[str, Callable[..., Any]] = {
    "Absolute": np.abs, "Add": np.add, "All": np.all, "Any": np.any, "Cast": lambda x, dtype: x.astype(dtype),
    "Concatenate": np.concatenate, "Divide": np.true_divide, "Equal": np.equal, "Exp": np.exp,
    "ExpandDims": np.expand_dims, "Flip": np.flip, "Greater": np.greater, "GreaterEqual": np.greater_equal,
    "Less": np.less, "LessEqual": np.less_equal, "Log": np.log, "LogicalAnd": np.logical_and,
    "LogicalNot": np.logical_not, "LogicalOr": np.logical_or, "Matmul": np.matmul, "Max": np.max,
    "Maximum": np.maximum, "Mean": np.mean, "Min": np.min, "Minimum": np.minimum, "Multiply": np.multiply,
    "Negative": np.negative, "NotEqual": np.not_equal, "OnesLike": np.ones_like, "Power": np.power,
    "Relu": ACTIVATIONS["relu"], "Sigmoid": ACTIVATIONS["sigmoid"], "Softmax": softmax, "Sqrt": np.sqrt,
    "Square": np.square, "Squeeze": np.squeeze, "Stack": np.stack, "Subtract": np.subtract, "Sum": np.sum,
    "Tanh": np.tanh, "Transpose": np.transpose, "TrueDivide": np.true_divide, "Where": np.where,
    "ZerosLike": np.zeros_like,
}  # fmt: skip
SETTINGS = ("axis", "axes", "keepdims")  # of an operation, as its class keeps them
WITH_DTYPE = ("Cast", "OnesLike", "ZerosLike")
WITHOUT_SETTINGS = ("Relu", "Sigmoid", "Tanh")
