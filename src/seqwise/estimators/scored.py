"""A score and the weights that it belongs to."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np

from seqwise.backend import PREDICTING_LOCK


class Scored(NamedTuple):
    """A comparison, and what it was made with: it holds for that model with those weights."""

    model: Any
    weights: str
    settings: tuple[Any, ...]
    comparison: Any

    def holds_for(self, model: Any) -> bool:
        """Tell whether it was made with this model, and with the weights that this has now."""
        return self.model is model and self.weights == weights_digest(model)


def weights_digest(model: Any) -> str:
    """Return a SHA-256 of all weights of a Keras model, in their order."""
    digest = hashlib.sha256()
    with PREDICTING_LOCK:
        weights = model.get_weights()
    for array in weights:
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
