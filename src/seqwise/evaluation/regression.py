"""A regressor's scores and its baselines', on the same sequences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.evaluation.comparison import Comparison, Metric
from seqwise.evaluation.figures import readable

COLUMNS = (Metric("rmse", "RMSE", True), Metric("mae", "MAE", True), Metric("r2", "R²"))


@dataclass(frozen=True)
class NumberComparison(Comparison):
    """A regressor's numbers for sequences whose targets are known, beside the baselines'.

    Attributes:
        targets: their names.
        truth: shape (samples, targets).
        predictions: the model, first, and the baselines: each of the shape of `truth`.
        names: their names in a table.
        part: where the sequences come from: ``"the test set"``, ``"the validation set"``, a file.
        scores: for each of `predictions`, ``{"rmse": …, "mae": …, "r2": …}``, averaged over the targets.
    """

    columns = COLUMNS
    advice = "that baseline is the better model"

    targets: list[str]
    truth: np.ndarray
    predictions: dict[str, np.ndarray]
    names: dict[str, str]
    part: str = "the test set"
    scores: dict[str, dict[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        scores = {name: score(self.truth, predicted) for name, predicted in self.predictions.items()}
        object.__setattr__(self, "scores", scores)  # derived: the dataclass is frozen for everybody else

    def __len__(self) -> int:
        return len(self.truth)

    def by_target(self) -> list[dict[str, Any]]:
        """Return the model's scores of each target."""
        model = self.predictions["model"]
        return [{"target": name, **score(self.truth[:, [j]], model[:, [j]])} for j, name in enumerate(self.targets)]

    def to_dict(self) -> dict[str, Any]:
        by_target = [{k: None if v != v else v for k, v in row.items()} for row in self.by_target()]
        return super().to_dict() | {"part": self.part, "sequences": len(self), "by_target": by_target}

    def _figures(self, best: str, outcome: str) -> str:
        mine, other = self.metrics["rmse"], self.scores[best]["rmse"]
        return f"on {self.part} its RMSE is {readable(mine)}, against {readable(other)} for “{self.names[best]}”."


def score(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return RMSE, MAE and R² as scikit-learn defines them, averaged over the targets; R² of one sequence is NaN.

    Args:
        truth, predicted: shape (samples, targets).
    """
    error = predicted - truth
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (error**2).sum(axis=0) / spread
    # scikit-learn's rule for constant targets: 1 for a perfect prediction, else 0
    r2 = np.where(spread > 0, 1 - share, np.where((error == 0).all(axis=0), 1.0, 0.0))
    return {
        "rmse": float(np.sqrt((error**2).mean(axis=0)).mean()),
        "mae": float(np.abs(error).mean()),
        "r2": float(r2.mean()) if len(truth) > 1 else float("nan"),
    }
