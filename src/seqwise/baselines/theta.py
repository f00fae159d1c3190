"""The Theta method, which won the M3 competition."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np

LONGEST_HISTORY = 1500  # rows that its numbers are estimated on


class Theta:
    """Exponential smoothing with half of the linear trend (Assimakopoulos & Nikolopoulos 2000).

    By Hyndman & Billah (2003) it is simple exponential smoothing with a drift. A season is taken out first, as
    statsmodels' ThetaModel does, which it equals at the end of the training rows; at later origins the level holds all
    rows before it.
    """

    name = "Theta"

    def __init__(self, horizon: int, season: int) -> None:
        self.horizon, self.season = horizon, season

    def fit(self, past: np.ndarray) -> Self:
        """Estimate seasonal factors, trend and smoothing of each target, shape (rows, targets)."""
        self.first = max(len(past) - LONGEST_HISTORY, 0)
        self._parts = [self._estimate(past[self.first :, j]) for j in range(past.shape[1])]
        return self

    def predict(self, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Forecast from each origin; see `SeriesBaseline.predict`."""
        return np.stack([self._forecast(part, values[:, j], origins) for j, part in enumerate(self._parts)], axis=-1)

    def _estimate(self, past: np.ndarray) -> Any:
        from statsmodels.tsa.forecasting.theta import ThetaModel
        from statsmodels.tsa.seasonal import seasonal_decompose

        seasonal = self.season > 1 and len(past) >= 2 * self.season
        if len(past) < 4 or np.ptp(past) == 0:
            return None
        method = "multiplicative" if past.min() > 0 else "additive"
        factors = np.full(1, 1.0 if method == "multiplicative" else 0.0)
        if seasonal:
            factors = np.asarray(seasonal_decompose(past, method, period=self.season).seasonal)[: self.season]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence messages
            adjusted = _without(past, factors, np.arange(len(past)), method)
            fitted: Any = ThetaModel(adjusted, period=1, deseasonalize=False).fit()
        return factors, method, float(fitted.params["b0"]), float(fitted.params["alpha"]), len(past)

    def _forecast(self, part: Any, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
        if part is None:
            return np.repeat(series[origins - 1][:, None], self.horizon, axis=1)
        factors, method, slope, alpha, _ = part
        rows = np.arange(self.first, int(origins[-1]))
        adjusted = _without(series[rows], factors, rows - self.first, method)
        levels = np.empty(len(rows))
        level = adjusted[0]
        for i, value in enumerate(adjusted):
            level += alpha * (value - level)
            levels[i] = level
        at = origins - self.first
        steps = np.arange(self.horizon)
        # the drift of Hyndman & Billah's equation, as statsmodels writes it
        drift = 0.5 * slope * (steps + 1 / alpha - ((1 - alpha) ** at[:, None]) / alpha)
        forecast = levels[at - 1][:, None] + drift
        phase = factors[(at[:, None] + steps) % len(factors)]
        return forecast * phase if method == "multiplicative" else forecast + phase


def _without(values: np.ndarray, factors: np.ndarray, rows: np.ndarray, method: str) -> np.ndarray:
    phase = factors[rows % len(factors)]
    return values / phase if method == "multiplicative" else values - phase
