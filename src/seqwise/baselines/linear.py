"""Linear baselines: scikit-learn's logistic and ridge regression, as plain numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from seqwise.baselines.bag_of_words import BagOfWords
from seqwise.baselines.protocol import Problem, Saved
from seqwise.baselines.sequence_features import SummaryFeatures
from seqwise.baselines.steps import StepFeatures
from seqwise.data import Sequences
from seqwise.data.texts import Texts

CERTAIN = 20.0  # the log-odds of a label that every sequence has


class Features(Protocol):
    """The features that a linear baseline computes from samples."""

    kind: str
    name: str

    def fit_transform(self, samples: Any, /) -> Any:
        """Learn from samples; return their features, shape (samples, features), maybe sparse."""
        ...

    def transform(self, samples: Any, /) -> Any:
        """Return the features of samples, shape (samples, features), maybe sparse."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return what was learned, as JSON."""
        ...

    def from_dict(self, saved: Mapping[str, Any], /) -> Self:
        """Undo `to_dict`."""
        ...


FEATURES: dict[str, type[Features]] = {cls.kind: cls for cls in (SummaryFeatures, BagOfWords, StepFeatures)}


class LinearBaseline:
    """A linear model of some features of each sample.

    Args:
        features: fitted together with the baseline.
        targets: ``"classes"``, ``"labels"`` (several per sample) or ``"numbers"``.
        classes: for ``"classes"``, their number, including those absent from the targets.

    Attributes:
        coef: shape (outputs, features). intercept: shape (outputs,).
    """

    kind = "linear"

    def __init__(self, features: Features, targets: str, classes: int = 0) -> None:
        self.features, self.targets, self.classes = features, targets, classes

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"simple": …}``, whose features suit the samples; nothing for single tokens."""
        if problem.tokens:
            return {}
        samples = problem.samples
        features: Features = (
            SummaryFeatures() if isinstance(samples, Sequences)
            else BagOfWords() if isinstance(samples, Texts)
            else StepFeatures()
        )  # fmt: skip
        return {"simple": cls(features, problem.targets, problem.outputs)}

    @property
    def name(self) -> str:
        return f"{self.features.name}, {'ridge' if self.targets == 'numbers' else 'logistic'} regression"

    def fit(self, raw: Any, targets: np.ndarray, weights: np.ndarray | None = None) -> LinearBaseline:
        """Fit on sequences with their targets.

        Args:
            targets: encoded classes, shape (samples,); bool, shape (samples, labels); or float, shape
                (samples, targets).
            weights: of each sequence, or of each of its labels; shape (samples,) or as `targets`.
        """
        features = self.features.fit_transform(raw)
        if self.targets == "classes":
            self.coef, self.intercept = _each_class(features, targets, self.classes, weights)
        elif self.targets == "labels":
            columns = [
                _one_label(features, targets[:, j], None if weights is None else weights[:, j])
                for j in range(targets.shape[1])
            ]
            self.coef = np.concatenate([coef for coef, _ in columns])
            self.intercept = np.concatenate([intercept for _, intercept in columns])
        else:
            from sklearn.linear_model import Ridge

            fitted = Ridge().fit(features, targets, sample_weight=weights)
            self.coef, self.intercept = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
        return self

    def predict(self, raw: Any) -> np.ndarray:
        """Return the probability of each class or label, or the numbers, shape (samples, outputs)."""
        outputs = np.asarray(self.features.transform(raw) @ self.coef.T) + self.intercept
        if self.targets == "numbers":
            return outputs
        if self.targets == "labels":
            return 1 / (1 + np.exp(-outputs))
        exp = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return exp / exp.sum(axis=1, keepdims=True)

    def save(self) -> Saved:
        """Return what `load` needs."""
        features = {"kind": self.features.kind} | self.features.to_dict()
        plain = {"features": features, "targets": self.targets, "classes": self.classes}
        return plain, {"coef": self.coef, "intercept": self.intercept}

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> LinearBaseline:
        """Undo `save`."""
        features = FEATURES[saved["features"]["kind"]]().from_dict(saved["features"])
        loaded = cls(features, saved["targets"], saved["classes"])
        loaded.coef, loaded.intercept = arrays["coef"], arrays["intercept"]
        return loaded


def _each_class(
    features: Any, encoded: np.ndarray, classes: int, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return a row for each class; the probability of a class without sequences is close to 0."""
    seen = np.unique(encoded)
    coef, intercept = np.zeros((classes, features.shape[1])), np.full(classes, -CERTAIN)
    if len(seen) == 1:
        intercept[seen] = 0
        return coef, intercept
    rows, offsets = _logistic(features, encoded, weights)
    if len(seen) == 2:  # scikit-learn returns one row, for the second class
        rows = np.concatenate([np.zeros_like(rows), rows])
        offsets = np.concatenate([np.zeros_like(offsets), offsets])
    coef[seen], intercept[seen] = rows, offsets
    return coef, intercept


def _logistic(features: Any, encoded: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline a few steps short of its optimum is still one
        fitted = LogisticRegression(max_iter=1000).fit(features, encoded, sample_weight=weights)
    return fitted.coef_, fitted.intercept_


def _one_label(features: Any, has: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if has.all() or not has.any():
        return np.zeros((1, features.shape[1])), np.array([CERTAIN if has.all() else -CERTAIN])
    return _logistic(features, has, weights)
