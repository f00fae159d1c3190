"""Activation functions: as nodes after a layer, and by their names inside LSTM, GRU and RNN nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from seqwise.errors import quoted
from seqwise.export.onnx.call import Call
from seqwise.export.onnx.graph import Graph

# Keras's name → ONNX's name inside recurrent nodes, with alpha and beta where the function has them
RECURRENT: dict[str, tuple[str, float | None, float | None]] = {
    "tanh": ("Tanh", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "relu": ("Relu", None, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "softsign": ("Softsign", None, None),
    "softplus": ("Softplus", None, None),
    "elu": ("Elu", 1.0, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "linear": ("Affine", 1.0, 0.0),
}


def _node(op: str, **attributes: Any) -> Callable[[Graph, str], str]:
    return lambda graph, value: graph.add(op, value, **attributes)


def _silu(graph: Graph, value: str) -> str:
    return graph.add("Mul", value, graph.add("Sigmoid", value))


def _relu6(graph: Graph, value: str) -> str:
    return graph.add("Clip", value, graph.constant(0.0), graph.constant(6.0))


def _gelu(graph: Graph, value: str) -> str:
    # Keras's default is the exact form, not that of tanh
    halved = graph.add("Mul", value, graph.constant(0.5))
    erf = graph.add("Erf", graph.add("Div", value, graph.constant(math.sqrt(2))))
    return graph.add("Mul", halved, graph.add("Add", erf, graph.constant(1.0)))


def _mish(graph: Graph, value: str) -> str:
    return graph.add("Mul", value, graph.add("Tanh", graph.add("Softplus", value)))


def _hard_silu(graph: Graph, value: str) -> str:
    return graph.add("Mul", value, graph.add("HardSigmoid", value, alpha=1 / 6, beta=0.5))


def _log_sigmoid(graph: Graph, value: str) -> str:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", value)))


ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    "linear": lambda graph, value: value,
    "tanh": _node("Tanh"),
    "sigmoid": _node("Sigmoid"),
    "hard_sigmoid": _node("HardSigmoid", alpha=1 / 6, beta=0.5),
    "relu": _node("Relu"),
    "relu6": _relu6,
    "leaky_relu": _node("LeakyRelu", alpha=0.2),
    "elu": _node("Elu", alpha=1.0),
    "selu": _node("Selu"),
    "softplus": _node("Softplus"),
    "softsign": _node("Softsign"),
    "softmax": _node("Softmax", axis=-1),
    "log_softmax": _node("LogSoftmax", axis=-1),
    "exponential": _node("Exp"),
    "silu": _silu,
    "swish": _silu,
    "hard_silu": _hard_silu,
    "mish": _mish,
    "gelu": _gelu,
    "log_sigmoid": _log_sigmoid,
}


def activated(call: Call, value: str, activation: Any) -> str:
    """Return a value after an activation function.

    Args:
        activation: its name, as Keras writes it in a layer's config; None for none.
    """
    if activation is None:
        return value
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise call.refuse(f"its activation {activation!r} is not one of {quoted(sorted(ACTIVATIONS), most=30)}.")
    return ACTIVATIONS[activation](call.graph, value)


def recurrent_activations(call: Call, names: list[Any]) -> dict[str, Any]:
    """Return the attributes that name the activation functions of a recurrent node, in ONNX's order."""
    for name in names:
        if not isinstance(name, str) or name not in RECURRENT:
            raise call.refuse(
                f"inside a recurrent layer ONNX has no activation {name!r}, only {quoted(list(RECURRENT), most=12)}."
            )
    known = [RECURRENT[name] for name in names]
    attributes: dict[str, Any] = {"activations": [name for name, _, _ in known]}
    alphas = [alpha for _, alpha, _ in known if alpha is not None]
    betas = [beta for _, _, beta in known if beta is not None]
    return attributes | ({"activation_alpha": alphas} if alphas else {}) | ({"activation_beta": betas} if betas else {})
