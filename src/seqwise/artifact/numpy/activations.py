"""Keras's activations on NumPy arrays, by their names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqwise.errors import BundleError

Activation = Callable[[np.ndarray], np.ndarray]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # exp(100) is infinity in float32, and 1 / infinity the 0 that is meant
        return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray, axis: Any = -1) -> np.ndarray:
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, np.zeros((), x.dtype))


def leaky_relu(x: np.ndarray, slope: float = 0.2) -> np.ndarray:
    return np.where(x >= 0, x, slope * x)


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (0.5 + 0.5 * _erf(x / math.sqrt(2))).astype(x.dtype)


ACTIVATIONS: dict[str, Activation] = {
    "elu": elu,
    "exponential": np.exp,
    "gelu": gelu,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "leaky_relu": leaky_relu,
    "linear": lambda x: x,
    "log_softmax": log_softmax,
    "mish": lambda x: x * np.tanh(softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softmax": softmax,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanh": np.tanh,
}


def activation(config: dict[str, Any], setting: str = "activation") -> Activation:
    """Return the activation that a layer's configuration names.

    Raises:
        BundleError: there is none of this name on NumPy.
    """
    name = config.get(setting) or "linear"
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise BundleError(
            f"The layer {config.get('name')!r} has {setting}={name!r}, which the NumPy backend does not know. It knows "
            f"{', '.join(ACTIVATIONS)}. Load the run with Keras: sw.load(run)."
        )
    return ACTIVATIONS[name]
