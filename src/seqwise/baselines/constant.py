"""The baseline that predicts the same for every sample."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, Self

import numpy as np

from seqwise.baselines.protocol import Problem, Saved


class Constant:
    """Predict the training set's frequency of each class or label, or its mean of each target, for every sample.

    Args:
        name: its name in a table: ``"majority"``, ``"the training's mean"``.
        classes: number of classes, including those absent from the targets; None for quantities and label sets, whose
            mean is taken.

    Attributes:
        values: float64, shape (outputs,).
    """

    kind = "constant"

    def __init__(self, name: str, classes: int | None = None) -> None:
        self.name, self.classes = name, classes

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"majority": …}``, or ``{"mean": …}`` of numbers."""
        if problem.targets == "numbers":
            return {"mean": cls("the training's mean")}
        return {"majority": cls("majority", problem.classes or None)}

    def fit(self, samples: Any, targets: np.ndarray, weights: np.ndarray | None = None) -> Constant:
        """Take the mean of targets: encoded classes, shape (samples,); else bool or float, shape (samples, outputs)."""
        if self.classes is None:
            self.values = targets.mean(axis=0)
        else:
            self.values = np.bincount(targets, minlength=self.classes) / len(targets)
        return self

    def predict(self, samples: Sized) -> np.ndarray:
        """Return the same for each sample, shape (samples, outputs)."""
        return np.repeat(self.values[None], len(samples), axis=0)

    def save(self) -> Saved:
        """Return what `load` needs."""
        return {"name": self.name, "classes": self.classes}, {"values": self.values}

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Constant:
        """Undo `save`."""
        loaded = cls(saved["name"], saved["classes"])
        loaded.values = arrays["values"]
        return loaded
