"""How good a regressor is: its errors beside the mean's and a simple model's, on the same sequences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.evaluation.classification import CHOSEN, VALIDATION

METRICS = ("rmse", "mae", "r2")
TITLES = {"rmse": "RMSE", "mae": "MAE", "r2": "R²"}
SMALLER = {"rmse", "mae"}  # is better


@dataclass(frozen=True)
class Regression:
    """A regressor's numbers for sequences whose targets are known, beside the baselines'.

    Attributes:
        targets: their names.
        truth: shape (samples, targets).
        predictions: ``"model"``, ``"simple"`` and ``"mean"``: shape as `truth`.
        names: what the table calls each of them.
        part: what the sequences are: ``"the test part"``, ``"the validation part"``, a file.
        scores: for each of `predictions`, ``{"rmse": …, "mae": …, "r2": …}``, of several targets their mean.
    """

    targets: list[str]
    truth: np.ndarray
    predictions: dict[str, np.ndarray]
    names: dict[str, str]
    part: str = "the test part"
    scores: dict[str, dict[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        scores = {name: score(self.truth, found) for name, found in self.predictions.items()}
        object.__setattr__(self, "scores", scores)  # derived: the dataclass is frozen for everybody else

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def metrics(self) -> dict[str, float]:
        """The model's own scores."""
        return self.scores["model"]

    def by_target(self) -> list[dict[str, Any]]:
        """Return the model's scores of each target."""
        model = self.predictions["model"]
        return [{"target": name, **score(self.truth[:, [j]], model[:, [j]])} for j, name in enumerate(self.targets)]

    def to_dict(self) -> dict[str, Any]:
        scores = {
            name: {m: v if np.isfinite(v) else None for m, v in values.items()} for name, values in self.scores.items()
        }
        return {
            "test": scores.pop("model"),
            "baselines": scores,
            "part": self.part,
            "sequences": len(self),
            "by_target": [{k: None if v != v else v for k, v in row.items()} for row in self.by_target()],
        }

    def __str__(self) -> str:
        width = max(24, *(len(name) + 2 for name in self.names.values()))
        lines = [" " * width + "".join(f"{TITLES[m]:>11}" for m in METRICS)]
        for name in self.scores:
            cells = "".join(f"{v:>11.4g}" if np.isfinite(v) else f"{'–':>11}" for v in self.scores[name].values())
            lines.append(f"{self.names[name]:{width}}{cells}")
        return "\n".join([*lines, *self.remarks()])

    def remarks(self) -> list[str]:
        """Return what has to be known to read the scores."""
        return [CHOSEN] if self.part == VALIDATION else []


def score(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Return RMSE, MAE and R², of several targets their mean over the targets, as scikit-learn has them.

    Args:
        truth, found: shape (samples, targets).

    Returns:
        R² is NaN of fewer than two sequences.
    """
    error = found - truth
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
