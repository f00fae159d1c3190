"""One evaluation: a model's forecasts and the baselines' on exactly the same windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.baselines import series as baselines
from seqwise.data import TimeSeries
from seqwise.evaluation.metrics import METRICS, error_by_step, naive_scale, score

NAMES = {
    "naive": "last value",
    "seasonal_naive": "last season",
    "ets": "exponential smoothing",
    "model": "this model",
}


@dataclass(frozen=True)
class Evaluation:
    """Forecasts from every origin of a part, beside the truth and the baselines.

    Attributes:
        origins: row at which each forecast starts, shape (samples,).
        times: each forecast value's time, shape (samples, horizon).
        truth: shape (samples, horizon, targets), NaN where nothing was observed.
        forecasts: ``"model"``, ``"naive"``, ``"seasonal_naive"`` and ``"ets"``: shape as `truth`.
        scores: for each of them ``{"mae": …, "rmse": …, "mase": …, "smape": …}``.
        targets: the targets' names. season: period in rows, 1 for none.
    """

    origins: np.ndarray
    times: np.ndarray
    truth: np.ndarray
    forecasts: dict[str, np.ndarray]
    scores: dict[str, dict[str, float]]
    targets: list[str]
    season: int

    @property
    def metrics(self) -> dict[str, float]:
        """The model's own scores."""
        return self.scores["model"]

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        return {name: s for name, s in self.scores.items() if name != "model"}

    def by_step(self) -> dict[str, np.ndarray]:
        """MAE of each step ahead, shape (horizon,), for the model and each baseline."""
        return {name: error_by_step(self.truth, f) for name, f in self.forecasts.items()}

    def to_dict(self) -> dict[str, Any]:
        scores = plain_scores(self.scores)
        return {"test": scores.pop("model"), "baselines": scores, "windows": len(self.origins)}

    def __str__(self) -> str:
        return format_scores(self.scores)


def evaluate(
    series: TimeSeries, origins: np.ndarray, forecast: np.ndarray, *, season: int, fit_rows: int
) -> Evaluation:
    """Score a model's forecasts and the baselines' from the same `origins`.

    Args:
        series: the whole series, in the data's own units.
        origins: rows at which the forecasts start, ascending, shape (samples,).
        forecast: the model's, shape (samples, horizon, targets), in the data's own units.
        season: period in rows, 1 for none.
        fit_rows: baselines and MASE's scale learn from rows before this one only.
    """
    horizon = forecast.shape[1]
    filled, truth = series.values[:, : series.targets], series.truth()
    rows = origins[:, None] + np.arange(horizon)
    forecasts = {
        "model": forecast,
        "naive": baselines.naive(filled, origins, horizon),
        "seasonal_naive": baselines.seasonal_naive(filled, origins, horizon, season),
        "ets": baselines.ets(filled, origins, horizon, season, fit_rows),
    }
    scale = naive_scale(truth[:fit_rows], season)
    scores = {name: score(truth[rows], f, scale) for name, f in forecasts.items()}
    return Evaluation(
        origins, series.time_index.at(rows.ravel()).reshape(rows.shape), truth[rows], forecasts, scores,
        series.target_names, season,
    )  # fmt: skip


def mean_scores(evaluations: list[Evaluation]) -> dict[str, dict[str, float]]:
    """Average each score over folds."""
    names = evaluations[0].scores
    return {name: {m: float(np.mean([e.scores[name][m] for e in evaluations])) for m in METRICS} for name in names}


def plain_scores(scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """Return scores as JSON can hold them: None for NaN, where a target was never observed."""
    return {name: {m: v if np.isfinite(v) else None for m, v in values.items()} for name, values in scores.items()}


def format_scores(scores: dict[str, dict[str, float]]) -> str:
    """Return the scores as an aligned table in text, the model first."""
    lines = [f"{'':24}" + "".join(f"{name:>11}" for name in ("MAE", "RMSE", "MASE", "sMAPE %"))]
    for name, values in sorted(scores.items(), key=lambda item: item[0] != "model"):
        lines.append(f"{NAMES[name]:24}" + "".join(f"{values[m]:>11.4g}" for m in METRICS))
    return "\n".join(lines)
