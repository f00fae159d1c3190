"""The interface of a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np


class Baseline(Protocol):
    """A simple learner of samples with their targets."""

    kind: str

    @property
    def name(self) -> str:
        """Its name in a table."""
        ...

    def fit(self, samples: Any, targets: np.ndarray, weights: np.ndarray | None = None, /) -> Self:
        """Learn from samples with their targets."""
        ...

    def predict(self, samples: Any, /) -> np.ndarray:
        """Return probabilities or values, shape (samples, outputs)."""
        ...

    def save(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what `load` needs: JSON, and arrays by name."""
        ...

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """Undo `save`."""
        ...
