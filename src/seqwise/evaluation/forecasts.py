"""A model's forecasts beside the baselines', on exactly the same windows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.baselines.series import BASELINES
from seqwise.data import TimeSeries
from seqwise.errors import DataError, SettingError, nearest
from seqwise.evaluation.comparison import Comparison, Metric
from seqwise.evaluation.figures import percent, readable
from seqwise.evaluation.forecast_names import NAMES
from seqwise.evaluation.forecast_plots import forecast_plot
from seqwise.evaluation.metrics import error_by_step, naive_scale, score

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = (
    Metric("mae", "MAE", True), Metric("rmse", "RMSE", True), Metric("mase", "MASE", True),
    Metric("smape", "sMAPE %", True),
)  # fmt: skip
WORDS = {"mae": "mean absolute error", "rmse": "root mean squared error", "mase": "MASE", "smape": "sMAPE in percent"}


@dataclass(frozen=True)
class ForecastComparison(Comparison):
    """Forecasts from every origin of a part, beside the truth and the baselines.

    Attributes:
        origins: row at which each forecast starts, shape (samples,); with many series counted from its series' first.
        times: each forecast value's time, shape (samples, horizon); in a time zone what its clocks show.
        truth: shape (samples, horizon, targets), NaN where nothing was observed.
        forecasts: ``"model"`` and the baselines, ``"naive"``, ``"ets"`` and, with a season,
            ``"seasonal_naive"``: shape as `truth`.
        scores: for each of them ``{"mae": …, "rmse": …, "mase": …, "smape": …, "mse": …, "pooled_rmse": …}``.
        targets: the targets' names. season: period in rows, 1 for none.
        intervals: how good the model's intervals are: ``coverage`` in percent by level, and ``crps``; empty without.
        series: with many series, the name of each sample's; else empty.
        metric: that decides who is better: one of ``"mae"``, ``"rmse"``, ``"mase"``, ``"smape"``.
        known: what was forecast, a `TimeSeries` or a `Panel`; for pictures.
        bands: by level in percent the lower and upper bounds of the forecasts that are drawn (`forecast_plots.tiles`),
            each (drawn, horizon, targets); empty without.
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
    part: str = "the test set"
    series: list[Any] = field(default_factory=list[Any])
    intervals: dict[str, Any] = field(default_factory=dict[str, Any])
    names: dict[str, str] = field(default_factory=lambda: NAMES)
    metric: str = "mae"
    known: Any = None
    bands: dict[float, tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict[float, tuple[np.ndarray, np.ndarray]]
    )

    @property
    def deciding(self) -> Metric:
        """The metric that decides whether the model or a baseline is better."""
        return next(column for column in self.columns if column.name == self.metric)

    def of_series(self, name: Any) -> ForecastComparison:
        """Return the samples of one of many series; of None the first one's.

        Raises:
            DataError: there is no such series, or it has no test set.
        """
        number = self.known.number(name if name is not None else self.series[0])
        series = self.known.one(number)
        own = np.flatnonzero(np.array(self.series, dtype=object) == self.known.names[number])
        if not own.size:
            raise DataError(f"The series {series.label!r} has no test set: nothing of it was forecast.")
        return replace(
            self, origins=self.origins[own], times=self.times[own], truth=self.truth[own],
            forecasts={key: values[own] for key, values in self.forecasts.items()}, known=series, series=[], bands={},
        )  # fmt: skip

    def plot(self, *, target: str | None = None, series: Any = None) -> Figure:
        """Draw the last forecasts that do not overlap, with history, truth, intervals and the baselines.

        Args:
            target: the name of one of several targets; None for the first.
            series: the name of one of many series; None for the first that was scored.

        Returns:
            A matplotlib figure.

        Raises:
            SettingError: there is no such target.
        """
        if self.known is None:
            raise SettingError("This comparison does not keep the series that it was made on: evaluate() again.")
        if self.series:
            return self.of_series(series).plot(target=target)
        if target is not None and target not in self.targets:
            raise SettingError(f"target={target!r}: expected one of {self.targets}.{nearest(target, self.targets)}")
        j = 0 if target is None else self.targets.index(target)
        return forecast_plot(self, j, series=self.known, every=True)

    def __len__(self) -> int:
        return len(self.origins)

    def by_step(self) -> dict[str, np.ndarray]:
        """MAE of each step ahead, shape (horizon,), for the model and each baseline."""
        return {name: error_by_step(self.truth, forecast) for name, forecast in self.forecasts.items()}

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"windows": len(self)} | ({"intervals": self.intervals} if self.intervals else {})

    def about_intervals(self) -> list[str]:
        """Say how many values the intervals cover, where there are any."""
        if not self.intervals:
            return []
        shares = " and ".join(
            f"the {level} % intervals cover {share:.1f} %" for level, share in self.intervals["coverage"].items()
        )
        return [
            f"On {self.part}, {shares} of the values. The continuous ranked probability score is "
            f"{readable(self.intervals['crps'])}."
        ]

    def _figures(self, best: str, outcome: str) -> str:
        mine, other = self.metrics[self.metric], self.scores[best][self.metric]
        of = f"of the best baseline, “{self.names[best]}”"
        begin = f"on {self.part} its {WORDS[self.metric]} is {readable(mine)}"
        if outcome == "level":
            return f"{begin}, beside the {readable(other)} {of}."
        difference = f", {percent(abs(mine - other) / other)} %" if other else ","
        return f"{begin}{difference} {'less' if outcome == 'win' else 'more'} than the {readable(other)} {of}."

    def _unknown(self) -> str:
        broken = not np.isfinite(self.forecasts["model"]).all()
        why = "its forecasts hold NaN or infinity" if broken else "a target has no observed value there"
        return f"The model cannot be judged on {self.part}: {why}."


def compare_forecasts(
    series: TimeSeries, origins: np.ndarray, forecast: np.ndarray, *, season: int, fit_rows: int, metric: str = "mae"
) -> ForecastComparison:
    """Score a model's forecasts and the baselines' from the same `origins`.

    Args:
        series: the whole series, in the data's own units.
        origins: rows at which the forecasts start, ascending, shape (samples,).
        forecast: the model's, shape (samples, horizon, targets), in the data's own units.
        season: period in rows, 1 for none.
        fit_rows: baselines and MASE's scale learn from rows before this one only.
        metric: that decides who is better.
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
    times = series.time_index.on_clocks(series.time_index.at(rows.ravel())).reshape(rows.shape)
    return ForecastComparison(
        origins, times, truth[rows], forecasts, scores, series.target_names, season, metric=metric, known=series
    )
