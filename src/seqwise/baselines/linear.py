"""The simple models that stand beside a network: scikit-learn's logistic and ridge regression, as plain numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

CERTAIN = 20.0  # the log-odds of a label that every sequence has


class LinearBaseline:
    """A linear model of some features (`fit_transform`, `transform`, `to_dict`, `from_dict`) of each sequence.

    Args:
        features: reads the sequences; learns on those that the baseline is fitted on.
        kind: ``"classes"``, ``"labels"`` (several a sequence) or ``"numbers"``.
        classes: of ``"classes"``: how many there are, whether or not the targets have them all.

    Attributes:
        coef: shape (outputs, features). intercept: shape (outputs,).
    """

    def __init__(self, features: Any, kind: str, classes: int = 0) -> None:
        self.features, self.kind, self.classes = features, kind, classes

    @property
    def name(self) -> str:
        return f"{self.features.name}, {'ridge' if self.kind == 'numbers' else 'logistic'} regression"

    def fit(self, raw: Any, targets: np.ndarray, weights: np.ndarray | None = None) -> LinearBaseline:
        """Fit on sequences with their targets.

        Args:
            targets: the numbers of the classes, shape (samples,); bool, shape (samples, labels); or float, shape
                (samples, targets).
            weights: what each sequence, or each of its labels, weighs; shape (samples,) or as `targets`.
        """
        read = self.features.fit_transform(raw)
        if self.kind == "classes":
            self.coef, self.intercept = _each_class(read, targets, self.classes, weights)
        elif self.kind == "labels":
            columns = [
                _one_label(read, targets[:, j], None if weights is None else weights[:, j])
                for j in range(targets.shape[1])
            ]
            self.coef = np.concatenate([coef for coef, _ in columns])
            self.intercept = np.concatenate([intercept for _, intercept in columns])
        else:
            from sklearn.linear_model import Ridge

            fitted = Ridge().fit(read, targets, sample_weight=weights)
            self.coef, self.intercept = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
        return self

    def predict(self, raw: Any) -> np.ndarray:
        """Return the probability of each class or label, or the numbers, shape (samples, outputs)."""
        outputs = np.asarray(self.features.transform(raw) @ self.coef.T) + self.intercept
        if self.kind == "numbers":
            return outputs
        if self.kind == "labels":
            return 1 / (1 + np.exp(-outputs))
        exp = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return exp / exp.sum(axis=1, keepdims=True)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"coef": np.ascontiguousarray(self.coef), "intercept": np.ascontiguousarray(self.intercept)}


def _each_class(
    read: Any, codes: np.ndarray, classes: int, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return a row for each class; one that no sequence has is as good as impossible."""
    seen = np.unique(codes)
    coef, intercept = np.zeros((classes, read.shape[1])), np.full(classes, -CERTAIN)
    if len(seen) == 1:
        intercept[seen] = 0
        return coef, intercept
    found, at = _logistic(read, codes, weights)
    if len(seen) == 2:  # scikit-learn's row is that of the second
        found, at = np.concatenate([np.zeros_like(found), found]), np.concatenate([np.zeros_like(at), at])
    coef[seen], intercept[seen] = found, at
    return coef, intercept


def _logistic(read: Any, codes: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline a few steps short of its optimum is still one
        fitted = LogisticRegression(max_iter=1000).fit(read, codes, sample_weight=weights)
    return fitted.coef_, fitted.intercept_


def _one_label(read: Any, has: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if has.all() or not has.any():
        return np.zeros((1, read.shape[1])), np.array([CERTAIN if has.all() else -CERTAIN])
    return _logistic(read, has, weights)
