"""A ridge regression on the outputs of many small fixed convolutions: MiniRocket (Dempster et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from seqwise.baselines.kernel_features import KernelFeatures, convolves
from seqwise.baselines.protocol import Problem, Saved
from seqwise.baselines.targets import as_columns
from seqwise.data import Sequences

ALPHAS = np.logspace(-3, 3, 10)


class RandomKernels(KernelFeatures):
    """MiniRocket's features with ridge regression.

    Args:
        classes: number of classes; 0 for labels and numbers. Classes are regressed as -1 and 1; the softmax of their
            values ranks the classes, but is not calibrated.
    """

    kind, name = "kernels", "random convolutions, ridge regression"

    def __init__(self, classes: int = 0) -> None:
        self.classes = classes

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"kernels": …}`` for sequences of numbers, if they are not too many."""
        suits = isinstance(problem.samples, Sequences) and convolves(problem.samples)
        return {"kernels": cls(problem.classes)} if suits else {}

    def fit(self, sequences: Sequences, targets: np.ndarray, weights: np.ndarray | None = None) -> RandomKernels:
        """Draw the kernels' dilations and biases, and fit the ridge regression.

        Args:
            weights: of each sequence, shape (samples,); those of single labels are averaged.
        """
        from sklearn.linear_model import RidgeCV

        self.draw(sequences)
        x = self.features(sequences)
        self.shift, self.spread = x.mean(axis=0), x.std(axis=0) + 1e-6
        y = as_columns(targets, self.classes)
        weights = weights.mean(axis=1) if weights is not None and weights.ndim == 2 else weights
        fitted: Any = RidgeCV(ALPHAS).fit((x - self.shift) / self.spread, 2 * y - 1 if self.classes else y, weights)
        self.coef, self.intercept = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
        return self

    def predict(self, sequences: Sequences) -> np.ndarray:
        """Return a probability of each class or a value of each label or number, shape (samples, outputs)."""
        values = (self.features(sequences) - self.shift) / self.spread @ self.coef.T + self.intercept
        if not self.classes:
            return values
        exp = np.exp(values - values.max(axis=1, keepdims=True))
        return exp / exp.sum(axis=1, keepdims=True)

    def save(self) -> Saved:
        """Return what `load` needs."""
        return {"classes": self.classes}, {name: value for name, value in vars(self).items() if name != "classes"}

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> RandomKernels:
        """Undo `save`."""
        loaded = cls(saved["classes"])
        vars(loaded).update(arrays)
        return loaded
