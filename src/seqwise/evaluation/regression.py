"""How good a regressor is: its errors beside the mean's and a simple model's, on the same sequences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.evaluation.comparison import Comparison, Metric
from seqwise.evaluation.figures import readable
from seqwise.evaluation.held_back import held_back_remarks

COLUMNS = (Metric("rmse", "RMSE", True), Metric("mae", "MAE", True), Metric("r2", "R²"))
LEVEL = 0.005  # a difference in RMSE below half a percent does not count


@dataclass(frozen=True)
class NumberComparison(Comparison):
    """A regressor's numbers for sequences whose targets are known, beside the baselines'.

    Attributes:
        targets: their names.
        truth: shape (samples, targets).
        predictions: ``"model"``, ``"simple"`` and ``"mean"``: shape as `truth`.
        names: what the table calls each of them.
        part: what the sequences are: ``"the test part"``, ``"the validation part"``, a file.
        scores: for each of `predictions`, ``{"rmse": …, "mae": …, "r2": …}``, of several targets their mean.
    """

    columns = COLUMNS
    advice = "that baseline is the better model"

    targets: list[str]
    truth: np.ndarray
    predictions: dict[str, np.ndarray]
    names: dict[str, str]
    part: str = "the test part"
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

    def _outcome(self, best: str) -> str:
        mine, other = self.metrics["rmse"], self.scores[best]["rmse"]
        if abs(mine - other) <= LEVEL * other:
            return "level"
        return "win" if mine < other else "loss"

    def _figures(self, best: str, outcome: str) -> str:
        mine, other = self.metrics["rmse"], self.scores[best]["rmse"]
        return f"on {self.part} its RMSE is {readable(mine)}, that of “{self.names[best]}” {readable(other)}."

    def remarks(self) -> list[str]:
        return held_back_remarks(self.part)


def score(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return RMSE, MAE and R², of several targets their mean over the targets, as scikit-learn has them.

    Args:
        truth, predicted: shape (samples, targets).

    Returns:
        R² is NaN of fewer than two sequences.
    """
    error = predicted - truth
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (error**2).sum(axis=0) / spread
    # scikit-learn's rule for targets that are all alike: 1 where they are met, else 0
    r2 = np.where(spread > 0, 1 - share, np.where((error == 0).all(axis=0), 1.0, 0.0))
    return {
        "rmse": float(np.sqrt((error**2).mean(axis=0)).mean()),
        "mae": float(np.abs(error).mean()),
        "r2": float(r2.mean()) if len(truth) > 1 else float("nan"),
    }
