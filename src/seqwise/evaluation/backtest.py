"""Rolling-origin backtest: train on the past, score on what follows, move on, repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.errors import DataError, SettingError
from seqwise.evaluation.comparison import format_scores, plain
from seqwise.evaluation.forecast_names import NAMES
from seqwise.evaluation.forecasts import COLUMNS, ForecastComparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Backtest:
    """The comparisons of all folds, oldest first."""

    folds: list[ForecastComparison]

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Mean over the folds, for the model and each baseline."""
        # a fold in whose past no season was found lacks the last season
        first = {k: v for k, v in self.folds[0].scores.items() if all(k in fold.scores for fold in self.folds)}
        return {
            name: {metric: float(np.mean([fold.scores[name][metric] for fold in self.folds])) for metric in values}
            for name, values in first.items()
        }

    @property
    def metrics(self) -> dict[str, float]:
        """The model's own mean scores."""
        return self.scores["model"]

    def plot(self, *, target: str | None = None) -> Figure:
        """Draw the forecasts of the last folds, with history, truth and the baselines.

        Args:
            target: the name of one of several targets; None for the first.

        Returns:
            A matplotlib figure.
        """
        last = self.folds[-1]
        keys = [key for key in last.forecasts if all(key in fold.forecasts for fold in self.folds)]

        def joined(name: str) -> Any:
            return np.concatenate([getattr(fold, name) for fold in self.folds])

        forecasts = {key: np.concatenate([fold.forecasts[key] for fold in self.folds]) for key in keys}
        whole = replace(
            last, origins=joined("origins"), times=joined("times"), truth=joined("truth"), forecasts=forecasts,
            scores={key: self.scores[key] for key in keys}, bands={},
        )  # fmt: skip
        return whole.plot(target=target)

    def to_dict(self) -> dict[str, Any]:
        scores = plain(self.scores)
        return {
            "test": scores.pop("model"),
            "baselines": scores,
            "folds": [
                {"from": str(fold.times[0, 0]), "to": str(fold.times[-1, -1]), **fold.to_dict()} for fold in self.folds
            ],
        }

    def __str__(self) -> str:
        return f"mean of {len(self.folds)} folds\n{format_scores(self.scores, NAMES, COLUMNS)}"


def backtest(
    series: TimeSeries,
    *,
    folds: int,
    fold_rows: int,
    least_rows: int,
    train_and_score: Callable[[TimeSeries, int], ForecastComparison],
) -> Backtest:
    """Score the last `folds` blocks of `fold_rows` rows, each by a model trained on everything before it.

    Args:
        least_rows: rows that a training needs.
        train_and_score: given the series up to a fold's end and the fold's first row, trains afresh on the rows
            before it and returns the evaluation.
    """
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 1:
        raise SettingError(f"folds={folds!r}: expected a whole number, at least 1.")
    most = (len(series) - least_rows) // fold_rows
    if folds > most:
        raise DataError(
            f"{series.label} has {len(series):,} rows, enough for {max(most, 0)} fold(s) of {fold_rows} rows if "
            f"training needs {least_rows}, but folds={folds}. "
            + (f"Use folds={most}." if most > 0 else "Shorten the window, the horizon or the folds.")
        )
    starts = [len(series) - fold_rows * k for k in range(folds, 0, -1)]
    return Backtest([train_and_score(series.head(start + fold_rows), start) for start in starts])
