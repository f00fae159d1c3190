"""The interface of a baseline of sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import numpy as np

from seqwise.data import Sequences
from seqwise.data.texts import Texts

Samples = Sequences | Texts | np.ndarray
Saved = tuple[dict[str, Any], dict[str, np.ndarray]]  # JSON, and arrays by name


@dataclass(frozen=True)
class Problem:
    """What a baseline has to learn.

    Attributes:
        samples: sequences of numbers, texts, or single steps: values, shape (steps, features), or token ids,
            shape (steps, 1).
        targets: ``"classes"``, ``"labels"`` (several for each sample) or ``"numbers"``.
        outputs: number of classes or labels; 0 for numbers.
        tokens: size of the vocabulary of single steps; 0 for values.
    """

    samples: Samples
    targets: Literal["classes", "labels", "numbers"]
    outputs: int = 0
    tokens: int = 0

    @property
    def classes(self) -> int:
        """Number of classes; 0 for labels and numbers."""
        return self.outputs if self.targets == "classes" else 0


class Baseline(Protocol):
    """A simple learner of samples with their targets."""

    kind: str

    @property
    def name(self) -> str:
        """Its name in a table."""
        ...

    @classmethod
    def candidates(cls, problem: Problem, /) -> Mapping[str, Baseline]:
        """Return those of this kind, unfitted, that suit a problem, by their keys among the scores."""
        ...

    def fit(self, samples: Any, targets: np.ndarray, weights: np.ndarray | None = None, /) -> Self:
        """Learn from samples with their targets."""
        ...

    def predict(self, samples: Any, /) -> np.ndarray:
        """Return probabilities or values, shape (samples, outputs)."""
        ...

    def save(self) -> Saved:
        """Return what `load` needs."""
        ...

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """Undo `save`."""
        ...
