"""The forecasts that a model has to beat, from the same origins with the same past."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

LONGEST_ETS_HISTORY = 1500  # rows; a longer past changes the estimates little and the time a lot
SHORTEST_ETS_HISTORY = 10  # statsmodels' own limit; a shorter past is carried on as it ended
LONGEST_ETS_SEASON = 60  # beyond it the seasonal states outnumber what the data can say


def naive(values: np.ndarray, origins: np.ndarray, horizon: int) -> np.ndarray:
    """Repeat the last value. Shapes: values (rows, targets), result (samples, horizon, targets)."""
    return np.repeat(values[origins - 1][:, None], horizon, axis=1)


def seasonal_naive(values: np.ndarray, origins: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Repeat the last season; where a series is younger than a season, the last value.

    Shapes as in `naive`. `season`: period in rows.
    """
    rows = origins[:, None] - season + np.arange(horizon) % season
    return values[np.where(rows < 0, origins[:, None] - 1, rows)]


def ets(values: np.ndarray, origins: np.ndarray, horizon: int, season: int, fit_rows: int) -> np.ndarray:
    """Exponential smoothing (statsmodels' ETSModel): fitted once before `fit_rows`, then carried forward.

    Of no trend, a trend and a damped one, each with and without a season, the form with the smallest AIC is
    taken. Where all values are positive and at least double, their logarithm is smoothed (a multiplicative model).
    At every origin the states hold all rows before it, so each forecast uses the same past as the model's.

    Args:
        values: shape (rows, targets), without NaN. origins: ascending rows at which forecasts start.
        season: period in rows, 1 for none.
        fit_rows: the parameters see rows before this one only.

    Returns:
        shape (samples, horizon, targets).
    """
    columns = [_ets_one(values[:, j], origins, horizon, season, fit_rows) for j in range(values.shape[1])]
    return np.stack(columns, axis=-1)


def _ets_one(series: np.ndarray, origins: np.ndarray, horizon: int, season: int, fit_rows: int) -> np.ndarray:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    first = max(0, fit_rows - max(LONGEST_ETS_HISTORY, 3 * season))
    past, whole = series[first:fit_rows], series[first : int(origins[-1])]
    if len(past) < SHORTEST_ETS_HISTORY:
        return naive(series[:, None], origins, horizon)[..., 0]
    # at the least what statsmodels' heuristic initial states are computed from
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
