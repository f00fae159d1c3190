"""Recipes and baselines on the same windows, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqwise.baselines.lags import BoostedLags, LinearLags
from seqwise.baselines.series import SeriesBaseline
from seqwise.baselines.theta import Theta
from seqwise.data import TimeSeries
from seqwise.data.panels import Panel
from seqwise.errors import DataError
from seqwise.estimators.forecasting.recipes import RECIPES
from seqwise.evaluation import ForecastComparison
from seqwise.evaluation.metrics import naive_scale, score
from seqwise.evaluation.ranking import Ranking, rank

FURTHER: dict[str, type[SeriesBaseline]] = {"theta": Theta, "linear": LinearLags, "boosting": BoostedLags}


def compare_recipes(
    known: TimeSeries | Panel, recipes: Sequence[str], train: Callable[[str], Any], metric: str
) -> Ranking:
    """Score recipes and baselines on the windows of the test set.

    Args:
        train: given a recipe, returns a Forecaster trained on `known`.

    Raises:
        DataError: nothing was held back.
    """
    forecasts: dict[str, np.ndarray] = {}
    scores: dict[str, dict[str, float]] = {}
    names: dict[str, str] = {}
    notes: list[str] = []
    comparison: ForecastComparison | None = None
    for recipe in recipes:
        fitted = train(recipe)
        scored: ForecastComparison = fitted.evaluate()
        forecasts[recipe], scores[recipe] = scored.forecasts["model"], scored.metrics
        comparison = scored
        names[recipe] = f"LSTM, recipe {recipe}"
        training = fitted.training_
        notes.append(f"{names[recipe]}: best epoch {training.best_epoch}, {training.seconds:.1f} s.")
    if comparison is None:
        raise DataError(f"There is no recipe to compare: recipes={tuple(RECIPES)!r}.")
    forecasts |= {key: values for key, values in comparison.forecasts.items() if key != comparison.model}
    scores |= comparison.baselines
    names |= {key: comparison.names[key] for key in comparison.baselines}
    if isinstance(known, TimeSeries):
        rows, horizon = int(comparison.origins[0]), comparison.truth.shape[1]
        values, scale = known.values[:, : known.targets], naive_scale(known.truth()[:rows], comparison.season)
        for key, kind in FURTHER.items():
            forecast = kind(horizon, comparison.season).fit(values[:rows]).predict(values, comparison.origins)
            forecasts[key], scores[key], names[key] = forecast, score(comparison.truth, forecast, scale), kind.name
    return rank(
        comparison.truth, forecasts, scores, names, metric=metric, series=comparison.series or None, notes=notes
    )
