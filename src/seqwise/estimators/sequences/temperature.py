"""Calibrated probabilities: logits divided by a temperature, so that a classifier is as sure as it is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from seqwise.estimators.sequences.pairs import TOGETHER
from seqwise.ops.crf import Transitions, marginals

SPREAD = 0.3  # of the logarithm of temperatures, before any sequence is seen: few sequences say little
FURTHEST = 4.0  # of that logarithm from what it is without any sequence
LEAST_PROBABILITY = 1e-7  # about what float32 can tell from 0


def logits_of(probabilities: np.ndarray, multilabel: bool) -> np.ndarray:
    """Return logits that give these probabilities, float64, shape (samples, classes)."""
    p = np.clip(probabilities.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.log(p) - np.log1p(-p) if multilabel else np.log(p)


def probabilities_of(logits: np.ndarray, multilabel: bool) -> np.ndarray:
    """Undo `logits_of`."""
    exp = np.exp(logits - (0 if multilabel else logits.max(axis=1, keepdims=True)))
    return exp / (1 + exp if multilabel else exp.sum(axis=1, keepdims=True))


def find_temperatures(parts: Sequence[np.ndarray], encoded: np.ndarray) -> list[float]:
    """Return what logits are to be divided by, so that probabilities fit known labels best (Guo et al. 2017).

    The quotients of several models are added: with two, both temperatures are about 2. They maximise the likelihood
    times a normal prior of each temperature's logarithm: standard deviation 0.3 about that of the number of models.

    Args:
        parts: logits of one model or more that were not trained on these sequences, each (samples, classes).
        encoded: the labels, int, shape (samples,); or several of each sequence, bool, shape (samples, labels).
    """
    from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]

    stacked, rows = np.stack(parts), np.arange(len(encoded))

    def cost(shift: np.ndarray) -> float:
        logits = np.tensordot(np.exp(-shift) / len(parts), stacked, axes=1)
        if encoded.ndim == 2:
            loss = np.logaddexp(0, np.where(encoded, -logits, logits)).sum()
        else:
            top = logits.max(axis=1)
            loss = (top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - logits[rows, encoded]).sum()
        return float(loss + ((shift / SPREAD) ** 2).sum() / 2)

    bounds = [(-FURTHEST, FURTHEST)] * len(parts)
    minimum: Any = cast(Any, optimize).minimize(cost, np.zeros(len(parts)), method="L-BFGS-B", bounds=bounds)
    return [len(parts) * float(np.exp(shift)) for shift in minimum.x.tolist()]


def find_chain_temperature(
    emissions: Sequence[np.ndarray], transitions: Transitions, encoded: Sequence[np.ndarray]
) -> float:
    """Return what the scores of a CRF are to be divided by, so that the probabilities of single tags fit known ones
    best; the prior is that of `find_temperatures`.

    Args:
        emissions: of sequences that it was not trained on, each (timesteps, tags).
        encoded: their tags, each int, shape (timesteps,).
    """
    from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]

    def cost(shift: float) -> float:
        scale = np.exp(-shift)
        softer = Transitions(*(table * scale for table in transitions))
        right = [
            marginals(scale * own, softer)[np.arange(len(tags)), tags]
            for own, tags in zip(emissions, encoded, strict=True)
        ]
        return float((shift / SPREAD) ** 2 / 2 - np.log(np.maximum(np.concatenate(right), LEAST_PROBABILITY)).sum())

    minimum: Any = cast(Any, optimize).minimize_scalar(
        cost, bounds=(-FURTHEST, FURTHEST), method="bounded", options={"xatol": 0.01}
    )
    return float(np.exp(minimum.x))


def divide_logits(model: Any, temperature: float) -> bool:
    """Divide a model's logits by a temperature, in the weights of its last Dense layers: no layer is added.

    What a linear model beside the network adds to the logits stays.

    Args:
        model: a Keras model that ends in an activation.

    Returns:
        whether its last layers are linear ones; else it stays as it is.
    """
    last = list(_linear_layers(model.layers[-1]))
    if not last or None in last:
        return False
    for layer in last:
        layer.set_weights([array / np.float32(temperature) for array in layer.get_weights()])
    return True


def _linear_layers(after: Any) -> Iterator[Any]:
    """Yield the Dense layers whose outputs a layer takes, or their mean; None for any other."""
    source: Any = after.input
    tensors = cast(list[Any], source) if isinstance(source, list) else [source]
    for tensor in tensors[:1] if after.name == TOGETHER else tensors:
        layer = tensor._keras_history.operation
        kind = type(layer).__name__
        if kind == "Average" or layer.name == TOGETHER:
            yield from _linear_layers(layer)
        elif kind == "Dense" and layer.get_config()["activation"] == "linear" and len(layer._inbound_nodes) == 1:
            yield layer
        else:
            yield None
