"""The simple models that stand beside a tagger: they see one step alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data import Sequences


class TokenBaseline:
    """Gives each token the tags that it had in the training, as often as it had them.

    A token's counts are joined by one imagined step of the training's mean, so that no tag is impossible; a token that
    the training did not have gets that mean.

    Attributes:
        table: float64, shape (tokens, tags).
    """

    name = "each token's usual tag"

    def __init__(self, tokens: int, tags: int) -> None:
        self.table = np.zeros((tokens, tags))

    def fit(self, steps: Sequences, tags: np.ndarray) -> TokenBaseline:
        counts = np.zeros_like(self.table)
        np.add.at(counts, (steps.values[:, 0], tags), 1)
        mean = counts.sum(axis=0) / counts.sum()
        self.table = (counts + mean) / (counts.sum(axis=1, keepdims=True) + 1)
        return self

    def predict(self, steps: Sequences) -> np.ndarray:
        """Return the probability of each tag at each step, shape (steps, tags)."""
        return self.table[steps.values[:, 0]]

    def arrays(self) -> dict[str, np.ndarray]:
        return {"table": self.table}


class StepFeatures:
    """What logistic regression reads of a step of numbers: the step's own features.

    Attributes:
        name: what the table calls them.
    """

    name = "one step alone"

    def fit_transform(self, steps: Sequences) -> np.ndarray:
        return self.transform(steps)

    def transform(self, steps: Sequences) -> np.ndarray:
        return steps.values.astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        return {}

    def from_dict(self, saved: dict[str, Any]) -> StepFeatures:
        return self
