"""Baselines of a series. They forecast from the same origins and the same past as the model."""

from __future__ import annotations

import warnings
from typing import Any, Protocol, Self

import numpy as np

LONGEST_ETS_HISTORY = 1500  # rows; a longer past hardly changes the estimates but takes much longer
SHORTEST_ETS_HISTORY = 10  # statsmodels' own limit; a shorter past is continued with its last value
LONGEST_ETS_SEASON = 60  # longer seasons have too many states to estimate


class SeriesBaseline(Protocol):
    """A learner that forecasts a series without a network.

    Args:
        horizon: steps of a forecast. season: period in rows, 1 for none.
    """

    name: str  # in a table

    def __init__(self, horizon: int, season: int) -> None: ...

    def fit(self, past: np.ndarray) -> Self:
        """Learn from the rows before the part that is scored, shape (rows, targets), without NaN."""
        ...

    def predict(self, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Forecast from each origin, seeing all rows before it.

        Args:
            values: the whole series, shape (rows, targets), without NaN; it begins with the rows of `fit`.
            origins: ascending rows at which forecasts start, shape (samples,).

        Returns:
            shape (samples, horizon, targets).
        """
        ...


class LastSeason:
    """Repeat the last season; where a series is younger than a season, the last value."""

    name = "last season"

    def __init__(self, horizon: int, season: int) -> None:
        self.horizon, self.season = horizon, season

    def fit(self, past: np.ndarray) -> Self:
        """There is nothing to learn."""
        return self

    def predict(self, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Forecast from each origin; see `SeriesBaseline.predict`."""
        rows = origins[:, None] - self.season + np.arange(self.horizon) % self.season
        return values[np.where(rows < 0, origins[:, None] - 1, rows)]


class LastValue(LastSeason):
    """Repeat the last value: a season of one row."""

    name = "last value"

    def __init__(self, horizon: int, season: int = 1) -> None:
        super().__init__(horizon, 1)


class ExponentialSmoothing:
    """Exponential smoothing (statsmodels' ETSModel): fitted once, then carried forward.

    Among no trend, a trend and a damped trend, each with and without a season, the form with the smallest AIC is taken.
    Where all values are positive and at least double, their logarithm is smoothed (a multiplicative model). At every
    origin the states hold all rows before it, so each forecast uses the same past as the model's.
    """

    name = "exponential smoothing"

    def __init__(self, horizon: int, season: int) -> None:
        self.horizon, self.season = horizon, season

    def fit(self, past: np.ndarray) -> ExponentialSmoothing:
        """Keep the number of rows; `predict` fits, because the choice of the logarithm depends on later rows, too."""
        self.rows = len(past)
        return self

    def predict(self, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Forecast from each origin; see `SeriesBaseline.predict`."""
        return np.stack([self._one_target(values[:, j], origins) for j in range(values.shape[1])], axis=-1)

    def _one_target(self, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        horizon, season = self.horizon, self.season
        first = max(0, self.rows - max(LONGEST_ETS_HISTORY, 3 * season))
        past, whole = series[first : self.rows], series[first : int(origins[-1])]
        if len(past) < SHORTEST_ETS_HISTORY:
            return LastValue(horizon).predict(series[:, None], origins)[..., 0]
        # the least that statsmodels' heuristic initial states need
        seasonal = 1 < season <= LONGEST_ETS_SEASON and len(past) >= max(2 * season, 10 + 2 * (season // 2))
        # smoothing the logarithm is the multiplicative model with closed-form forecasts
        logged = past.min() > 0 and whole.min() > 0 and past.max() > 2 * past.min()
        if logged:
            past, whole = np.log(past), np.log(whole)
        forms = [
            {
                "trend": trend,
                "damped_trend": damped,
                "seasonal": "add" if s else None,
                "seasonal_periods": season if s else None,
            }
            for trend, damped in ((None, False), ("add", False), ("add", True))
            for s in ([False, True] if seasonal else [False])
        ]
        best: Any = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence messages: the AIC decides
            for form in forms:
                fitted: Any = ETSModel(past, error="add", initialization_method="heuristic", **form).fit(disp=False)
                if np.isfinite(fitted.aic) and (best is None or fitted.aic < best[1].aic):
                    best = (form, fitted)
            form, fitted = best
            # heuristic initial states read the first rows only, so they are the same for the longer series
            states: Any = ETSModel(whole, error="add", initialization_method="heuristic", **form).smooth(fitted.params)
        at = origins - first - 1  # the state after the last row that the forecast may see
        steps = np.arange(1, horizon + 1)
        forecast = np.repeat(np.asarray(states.level)[at][:, None], horizon, axis=1)
        if form["trend"]:
            damping = np.cumsum(float(fitted.damping_trend) ** steps) if form["damped_trend"] else steps
            forecast = forecast + np.asarray(states.slope)[at][:, None] * damping
        if form["seasonal"]:
            cycle = at[:, None] - season + 1 + (steps - 1) % season
            forecast = forecast + np.asarray(states.season)[np.maximum(cycle, 0)]
        return np.exp(forecast) if logged else forecast


# by their key in a comparison
BASELINES: dict[str, type[SeriesBaseline]] = {
    "naive": LastValue,
    "seasonal_naive": LastSeason,
    "ets": ExponentialSmoothing,
}
