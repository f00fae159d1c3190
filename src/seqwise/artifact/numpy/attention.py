"""Keras's attention layers on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seqwise.artifact.numpy.activations import softmax

HIDDEN = 1e9  # what Keras takes off the scores of masked values


def dot_attention(config: dict[str, Any], *weights: np.ndarray) -> Callable[..., np.ndarray]:
    """Keras's Attention: query (samples, steps, width), value and key (samples, timesteps, width)."""
    if config.get("score_mode", "dot") == "dot":
        scale = weights[0] if weights else None

        def score(query: np.ndarray, key: np.ndarray) -> np.ndarray:
            scores = query @ np.swapaxes(key, -2, -1)
            return scores if scale is None else scores * scale
    else:
        factor, scale = weights[-1], weights[0] if config.get("use_scale") else np.float32(1)

        def score(query: np.ndarray, key: np.ndarray) -> np.ndarray:
            return factor * np.tanh(scale * (query[:, :, None] + key[:, None])).sum(axis=-1)

    return _attention(score)


def additive_attention(config: dict[str, Any], *weights: np.ndarray) -> Callable[..., np.ndarray]:
    """Keras's AdditiveAttention."""
    scale = weights[0] if weights else np.float32(1)

    def score(query: np.ndarray, key: np.ndarray) -> np.ndarray:
        return (scale * np.tanh(query[:, :, None] + key[:, None])).sum(axis=-1)

    return _attention(score)


def _attention(score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def run(
        query: np.ndarray, value: np.ndarray, key: Any = None, masks: Any = None, use_causal_mask: bool = False
    ) -> np.ndarray:
        of_query, of_value, *_ = masks or (None, None)
        scores = score(query, value if key is None else key)
        seen = None if of_value is None else of_value[:, None]
        if use_causal_mask:
            past = np.tri(*scores.shape[-2:], dtype=bool)[None]
            seen = past if seen is None else seen & past
        if seen is not None:
            scores = np.where(seen, scores, scores - np.asarray(HIDDEN, scores.dtype))
        context = softmax(scores) @ value
        return context if of_query is None else np.where(of_query[..., None], context, np.zeros((), context.dtype))

    return run
