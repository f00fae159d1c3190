"""A classifier's scores and its baselines', on the same sequences."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.errors import quoted
from seqwise.evaluation.comparison import Comparison, Metric

COLUMNS = (
    Metric("accuracy", "accuracy", spec=".4f"), Metric("balanced_accuracy", "balanced", spec=".4f"),
    Metric("f1", "F1 macro", spec=".4f"), Metric("roc_auc", "ROC-AUC", spec=".4f"),
    Metric("log_loss", "log loss", True, ".4f"),
)  # fmt: skip
CHANCE = 2.0  # standard errors
LEAST_PROBABILITY = 1e-15
MOST_CLASSES = 1_000  # of a confusion matrix that is written


@dataclass(frozen=True)
class ClassComparison(Comparison):
    """A classifier's probabilities for sequences whose labels are known, beside the baselines'.

    Attributes:
        classes: shape (classes,).
        truth: the index of each sequence's class, int, shape (samples,), -1 for a label absent from training; with
            several labels per sequence, bool, shape (samples, classes).
        probabilities: the model, first, and the baselines: each of shape (samples, classes).
        names: their names in a table.
        part: where the sequences come from: ``"the test set"``, ``"the validation set"``, a file.
        unknown: labels absent from training.
        lengths: the steps of each sequence, shape (sequences,), if every step has a label; the samples are then steps.
        scores: for each of `probabilities`, ``{"accuracy": …, "balanced_accuracy": …, "f1": …, "roc_auc": …,
            "log_loss": …}``; NaN where it is not defined.
    """

    columns = COLUMNS
    advice = "that baseline is the better classifier"

    classes: np.ndarray
    truth: np.ndarray
    probabilities: dict[str, np.ndarray]
    names: dict[str, str]
    part: str = "the test set"
    unknown: tuple[Any, ...] = ()
    lengths: np.ndarray | None = None
    scores: dict[str, dict[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        scores = {name: score(self.truth, p, self.predicted(name)) for name, p in self.probabilities.items()}
        object.__setattr__(self, "scores", scores)  # derived: the dataclass is frozen for everybody else

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def multilabel(self) -> bool:
        return self.truth.ndim == 2

    @property
    def counted(self) -> str:
        """What a sample is: ``"sequence"`` or ``"step"``."""
        return "sequence" if self.lengths is None else "step"

    def predicted(self, name: str = "model") -> np.ndarray:
        """Return the indices of the predicted classes, shape (samples,), or bool, shape (samples, classes)."""
        return decide(self.probabilities[name], self.multilabel)

    def confusion(self, most: int | None = None) -> np.ndarray:
        """Return scikit-learn's confusion matrix, true classes as rows, without labels absent from training.

        Args:
            most: of the classes, the first so many; None for all.
        """
        classes = len(self.classes) if most is None else min(most, len(self.classes))
        truth, predicted = self.truth, self.predicted()
        known = (truth >= 0) & (truth < classes) & (predicted < classes)
        counts = np.zeros((classes, classes), dtype=np.int64)
        np.add.at(counts, (truth[known], predicted[known]), 1)
        return counts

    def by_class(self) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and the number of sequences (or steps) of each class."""
        predicted = self.predicted()
        rows = []
        for c, label in enumerate(self.classes.tolist()):
            is_c = self.truth[:, c] if self.multilabel else self.truth == c
            as_c = predicted[:, c] if self.multilabel else predicted == c
            hits, members, predictions = int((is_c & as_c).sum()), int(is_c.sum()), int(as_c.sum())
            rows.append(
                {
                    "class": label,
                    "precision": hits / predictions if predictions else 0.0,
                    "recall": hits / members if members else float("nan"),
                    "f1": 2 * hits / (predictions + members) if predictions + members else float("nan"),
                    f"{self.counted}s": members,
                }
            )
        return rows

    def calibration(self, bins: int = 10) -> dict[str, np.ndarray]:
        """Return the calibration curve: how often the model is right at each level of confidence.

        The confidence is the probability of the predicted class; with several labels per sequence, that of each label.
        `error` is the expected calibration error (Naeini et al. 2015): the mean distance of confidence and share,
        weighted by the counts of the bins.

        Returns:
            ``confidence``, ``share`` and ``count``, shape (bins,), NaN where a bin is empty; ``error``, shape ().
        """
        p = self.probabilities["model"]
        if self.multilabel:
            confidence, right = p.ravel(), self.truth.ravel()
        else:
            confidence, right = p.max(axis=1), p.argmax(axis=1) == self.truth
        at = np.minimum((confidence * bins).astype(int), bins - 1)
        count = np.bincount(at, minlength=bins)
        with np.errstate(invalid="ignore"):
            mean = np.bincount(at, confidence, minlength=bins) / count
            share = np.bincount(at, right, minlength=bins) / count
        error = np.nansum(np.abs(mean - share) * count) / len(confidence)
        return {"confidence": mean, "share": share, "count": count, "error": np.asarray(error)}

    def abstaining(self, shares: Sequence[float] = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)) -> list[dict[str, float]]:
        """Return what is gained where the model predicts only its surest samples (not of several labels a sequence).

        Args:
            shares: of the samples, at least so many of which it is to predict.

        Returns:
            for each of them ``answered``, the share; ``threshold``, the probability that a prediction has at least; and
            ``accuracy``, the share of the predictions that is right.
        """
        confidence, right = self.probabilities["model"].max(axis=1), self._right("model")
        rows = []
        for share in shares:
            threshold = np.sort(confidence)[::-1][max(math.ceil(share * len(self)), 1) - 1]
            chosen = confidence >= threshold
            rows.append({"answered": chosen.mean(), "threshold": threshold, "accuracy": right[chosen].mean()})
        return rows

    def to_dict(self) -> dict[str, Any]:
        by_class = [{k: None if v != v else v for k, v in row.items()} for row in self.by_class()]
        plain = super().to_dict() | {
            "part": self.part,
            f"{self.counted}s": len(self),
            "calibration_error": float(self.calibration()["error"]),
            "by_class": by_class,
        }
        if self.multilabel or len(self.classes) > MOST_CLASSES:
            return plain
        return plain | {"confusion": self.confusion().tolist()}

    def _right(self, name: str) -> np.ndarray:
        same = self.predicted(name) == self.truth
        return same.all(axis=1) if self.multilabel else same

    def _outcome(self, best: str) -> str:
        """Two accuracies on the same sequences are level within two standard errors of their difference, which comes
        from the sequences where only one is right (as in McNemar's test, 1947)."""
        gained = self._right("model").astype(int) - self._right(best)
        if self.lengths is not None:  # the steps of a sequence are not independent: each sequence is one draw
            gained = np.add.reduceat(gained, np.cumsum(self.lengths) - self.lengths)
        if abs(gained.sum()) <= CHANCE * math.sqrt((gained**2).sum()):
            return "level"
        return "win" if gained.sum() > 0 else "loss"

    def _figures(self, best: str, outcome: str) -> str:
        mine, other = f"{self._right('model').mean():.1%}", f"{self._right(best).mean():.1%}"
        what = "of the label sets" if self.multilabel else f"of the {self.counted}s"
        text = f"on {self.part} it is right for {mine} {what}, “{self.names[best]}” for {other}"
        chance = f"; with {len(self):,} {self.counted}(s) the difference may be chance"
        return text + (chance if outcome == "level" else "") + "."

    def remarks(self) -> list[str]:
        remarks = super().remarks()
        if self.unknown:
            absent = f"The training set has no label(s) {quoted(self.unknown)}"
            wrong = int((self.truth < 0).sum())
            if self.multilabel:
                remarks.append(f"{absent}: they are left out.")
            else:
                remarks.append(
                    f"{absent}: their {wrong} {self.counted}(s) count as mistakes, but not in ROC-AUC and log loss."
                )
        return remarks


def decide(probabilities: np.ndarray, multilabel: bool) -> np.ndarray:
    """Return the most probable class of each sequence; with several labels, those of a probability above a half."""
    return probabilities > 0.5 if multilabel else probabilities.argmax(axis=1)


def score(truth: np.ndarray, probabilities: np.ndarray, predicted: np.ndarray | None = None) -> dict[str, float]:
    """Return scikit-learn's accuracy, balanced accuracy, macro F1, ROC-AUC and log loss.

    With more than two classes, or several labels per sequence, ROC-AUC is the mean of one-versus-rest over the classes
    that some sequences have and others lack. With several labels, a sequence counts as accurate if all of its labels
    are right; balanced accuracy, F1 and log loss are means over the labels.

    Args:
        truth: see `ClassComparison`. probabilities: shape (samples, classes).
        predicted: the predicted classes, where they are not those of `decide`.
    """
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

    several = truth.ndim == 2
    predicted = decide(probabilities, several) if predicted is None else predicted
    known = np.ones(len(truth), bool) if several else truth >= 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that was never predicted, or occurs only among the predictions
        if several:
            balanced = np.mean([balanced_accuracy_score(*label) for label in zip(truth.T, predicted.T, strict=True)])
        else:
            balanced = balanced_accuracy_score(truth, predicted)
        return {
            "accuracy": float(accuracy_score(truth, predicted)),
            "balanced_accuracy": float(balanced),
            "f1": float(f1_score(truth, predicted, average="macro")),
            "roc_auc": _roc_auc(truth[known], probabilities[known]),
            "log_loss": _log_loss(truth[known], probabilities[known]),
        }


def _roc_auc(truth: np.ndarray, probabilities: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    classes = probabilities.shape[1]
    has = truth if truth.ndim == 2 else truth[:, None] == np.arange(classes)
    defined = [c for c in range(classes) if 0 < has[:, c].sum() < len(has)]
    if classes == 2 and truth.ndim == 1:
        defined = defined[1:]
    areas = [float(roc_auc_score(has[:, c], probabilities[:, c])) for c in defined]
    return float(np.mean(areas)) if areas else float("nan")


def _log_loss(truth: np.ndarray, probabilities: np.ndarray) -> float:
    if not len(truth):
        return float("nan")
    p = np.clip(probabilities.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    if truth.ndim == 2:
        return float(-np.log(np.where(truth, p, 1 - p)).mean())
    p = p / p.sum(axis=1, keepdims=True)
    return float(-np.log(p[np.arange(len(truth)), truth]).mean())
