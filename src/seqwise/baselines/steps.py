"""Baselines that see single steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from seqwise.baselines.protocol import Problem, Saved


class TokenBaseline:
    """Predict the frequency of each tag among a token's occurrences in the training set.

    One step with the mean frequencies is added to the counts of each token, so that no tag is impossible and new tokens
    get the mean.

    Attributes:
        table: float64, shape (tokens, tags).
    """

    kind, name = "token", "each token's usual tag"

    def __init__(self, tokens: int, tags: int) -> None:
        self.table = np.zeros((tokens, tags))

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"simple": …}`` for single tokens."""
        return {"simple": cls(problem.tokens, problem.outputs)} if problem.tokens else {}

    def fit(self, steps: np.ndarray, tags: np.ndarray, weights: np.ndarray | None = None) -> TokenBaseline:
        """Count the tags of each token, shape (steps,), from token ids, shape (steps, 1); ignores `weights`."""
        counts = np.zeros_like(self.table)
        np.add.at(counts, (steps[:, 0], tags), 1)
        mean = counts.sum(axis=0) / counts.sum()
        self.table = (counts + mean) / (counts.sum(axis=1, keepdims=True) + 1)
        return self

    def predict(self, steps: np.ndarray) -> np.ndarray:
        """Return the probability of each tag at each step, shape (steps, tags)."""
        return self.table[steps[:, 0]]

    def save(self) -> Saved:
        """Return what `load` needs."""
        return {}, {"table": self.table}

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> TokenBaseline:
        """Undo `save`."""
        loaded = cls(*arrays["table"].shape)
        loaded.table = arrays["table"]
        return loaded


class StepFeatures:
    """The features of a single step."""

    kind, name = "step", "one step alone"

    def fit_transform(self, steps: np.ndarray) -> np.ndarray:
        return self.transform(steps)

    def transform(self, steps: np.ndarray) -> np.ndarray:
        return steps.astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        return {}

    def from_dict(self, saved: Mapping[str, Any]) -> StepFeatures:
        return self
