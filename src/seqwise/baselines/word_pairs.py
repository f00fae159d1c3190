"""A logistic regression on words and pairs of words, weighted by what they say of a class (Wang & Manning 2012)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from seqwise.backend import deferred_imports
from seqwise.baselines.protocol import Problem, Saved
from seqwise.baselines.targets import as_columns
from seqwise.data.texts import Texts

MOST_PAIRS = 50_000  # words and pairs, the most frequent
STRENGTH = 30.0  # C of the logistic regressions: rows of length 1 need a weaker penalty than scikit-learn's default
CERTAIN = 20.0  # the log-odds of a label that every text has, or none


class WordPairs:
    """For each class a logistic regression on TF-IDF vectors of words and pairs of words, times their log-count ratio.

    The ratio is the naive Bayes weight of Wang & Manning (2012): the logarithm of how often a word or pair stands in
    texts of the class, over how often in all others, both smoothed by 1.

    Args:
        classes: number of classes, whose probabilities add up to 1; 0 for labels, of which each stands alone.

    Attributes:
        coef: float32, shape (classes or labels, words and pairs). intercept: shape (classes or labels,).
    """

    kind, name = "word pairs", "words and pairs, naive-Bayes weights, logistic regression"

    def __init__(self, classes: int = 0) -> None:
        self.classes = classes

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"pairs": …}`` for texts with classes or labels."""
        suits = isinstance(problem.samples, Texts) and problem.targets != "numbers"
        return {"pairs": cls(problem.classes)} if suits else {}

    def fit(self, texts: Texts, targets: np.ndarray, weights: np.ndarray | None = None) -> WordPairs:
        """Fit on texts with their encoded classes, shape (samples,), or labels, bool, shape (samples, labels)."""
        self._vectorizer = _vectorizer(max_features=MOST_PAIRS)
        x = self._vectorizer.fit_transform(texts.values).tocsr()
        has = as_columns(targets, self.classes).astype(bool)
        self.coef = np.zeros((has.shape[1], x.shape[1]), np.float32)
        self.intercept = np.where(has.all(axis=0), CERTAIN, -CERTAIN)
        for c in np.flatnonzero(has.any(axis=0) & ~has.all(axis=0)):
            own = weights[:, c] if weights is not None and weights.ndim == 2 else weights
            self.coef[c], self.intercept[c] = _one_against_others(x, has[:, c], own)
        return self

    def predict(self, texts: Texts) -> np.ndarray:
        """Return the probability of each class or label, shape (samples, outputs)."""
        odds = np.asarray(self._vectorizer.transform(texts.values) @ self.coef.T) + self.intercept
        probabilities = 1 / (1 + np.exp(-odds))
        return probabilities / probabilities.sum(axis=1, keepdims=True) if self.classes else probabilities

    def save(self) -> Saved:
        """Return what `load` needs."""
        words = self._vectorizer.get_feature_names_out().tolist()
        return {"classes": self.classes, "words": words}, {
            "coef": self.coef, "intercept": self.intercept, "idf": self._vectorizer.idf_
        }  # fmt: skip

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> WordPairs:
        """Undo `save`."""
        loaded = cls(saved["classes"])
        loaded._vectorizer = _vectorizer(vocabulary=saved["words"])
        loaded._vectorizer.idf_ = arrays["idf"]
        loaded.coef, loaded.intercept = arrays["coef"], arrays["intercept"]
        return loaded


def _one_against_others(x: Any, has: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    inside, outside = (np.asarray((x[rows] > 0).sum(axis=0)).ravel() + 1.0 for rows in (has, ~has))
    ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    solver = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)  # ten times faster than the default
    fitted = solver.fit(x.multiply(ratio).tocsr(), has, sample_weight=weights)
    return fitted.coef_[0] * ratio, float(fitted.intercept_[0])


def _vectorizer(**settings: Any) -> Any:
    with deferred_imports():
        from sklearn.feature_extraction.text import TfidfVectorizer

    # marks and single letters are tokens too: "?" and "n't" tell classes apart
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", **settings)
