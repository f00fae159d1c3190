"""A model's forecasts beside the baselines', on exactly the same windows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.baselines.series import BASELINES
from seqwise.data import TimeSeries
from seqwise.evaluation.comparison import Comparison, Metric
from seqwise.evaluation.figures import percent, readable
from seqwise.evaluation.metrics import error_by_step, naive_scale, score

COLUMNS = (
    Metric("mae", "MAE", True), Metric("rmse", "RMSE", True), Metric("mase", "MASE", True),
    Metric("smape", "sMAPE %", True),
)  # fmt: skip
NAMES = {"model": "this model"} | {kind: baseline.name for kind, baseline in BASELINES.items()}


@dataclass(frozen=True)
class ForecastComparison(Comparison):
    """Forecasts from every origin of a part, beside the truth and the baselines.

    Attributes:
        origins: row at which each forecast starts, shape (samples,).
        times: each forecast value's time, shape (samples, horizon).
        truth: shape (samples, horizon, targets), NaN where nothing was observed.
        forecasts: ``"model"`` and the baselines, ``"naive"``, ``"ets"`` and, of a season,
            ``"seasonal_naive"``: shape as `truth`.
        scores: for each of them ``{"mae": …, "rmse": …, "mase": …, "smape": …}``.
        targets: the targets' names. season: period in rows, 1 for none.
        intervals: how good the model's intervals are: ``coverage`` in percent by level, and ``crps``; empty without.
        series: of many series, the name of each sample's; else empty.
    """

    columns = COLUMNS
    advice = "that baseline is the better forecast"

    origins: np.ndarray
    times: np.ndarray
    truth: np.ndarray
    forecasts: dict[str, np.ndarray]
    scores: dict[str, dict[str, float]]
    targets: list[str]
    season: int
    part: str = "the test part"
    series: list[Any] = field(default_factory=list[Any])
    intervals: dict[str, Any] = field(default_factory=dict[str, Any])
    names: dict[str, str] = field(default_factory=lambda: NAMES)

    def __len__(self) -> int:
        return len(self.origins)

    def by_step(self) -> dict[str, np.ndarray]:
        """MAE of each step ahead, shape (horizon,), for the model and each baseline."""
        return {name: error_by_step(self.truth, forecast) for name, forecast in self.forecasts.items()}

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"windows": len(self)} | ({"intervals": self.intervals} if self.intervals else {})

    def about_intervals(self) -> list[str]:
        """Say how many values lie within the intervals, in a sentence, where there are any."""
        if not self.intervals:
            return []
        shares = " and ".join(
            f"{share:.1f} % within the intervals of {level} %" for level, share in self.intervals["coverage"].items()
        )
        return [
            f"Of the values in {self.part} lie {shares}. The continuous ranked probability score is "
            f"{readable(self.intervals['crps'])}."
        ]

    def _figures(self, best: str, outcome: str) -> str:
        mine, other = self.metrics["mae"], self.scores[best]["mae"]
        of = f"of the best baseline, “{self.names[best]}”"
        begin = f"on {self.part} its mean absolute error is {readable(mine)}"
        if outcome == "level":
            return f"{begin}, beside the {readable(other)} {of}."
        difference = f", {percent(abs(mine - other) / other)} %" if other else ","
        return f"{begin}{difference} {'less' if outcome == 'win' else 'more'} than the {readable(other)} {of}."

    def _unknown(self) -> str:
        broken = not np.isfinite(self.forecasts["model"]).all()
        why = "its forecasts hold NaN or infinity" if broken else "a target has no observed value there"
        return f"The model cannot be judged on {self.part}: {why}."


def compare_forecasts(
    series: TimeSeries, origins: np.ndarray, forecast: np.ndarray, *, season: int, fit_rows: int
) -> ForecastComparison:
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
    forecasts = {"model": forecast}
    for kind, baseline in BASELINES.items():
        if kind == "seasonal_naive" and season == 1:  # the same as the last value
            continue
        forecasts[kind] = baseline(horizon, season).fit(filled[:fit_rows]).predict(filled, origins)
    scale = naive_scale(truth[:fit_rows], season)
    scores = {name: score(truth[rows], values, scale) for name, values in forecasts.items()}
    times = series.time_index.at(rows.ravel()).reshape(rows.shape)
    return ForecastComparison(origins, times, truth[rows], forecasts, scores, series.target_names, season)
