"""Baselines of a series that regress the rows to come on the rows before: a linear map, and boosted trees."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

LEAST_LAGS, MOST_LAGS = 12, 200
MOST_WINDOWS = 10_000  # that are learned from, evenly drawn
MOST_ROWS = 10_000  # of a table for the trees: windows times steps ahead


class LinearLags:
    """Ridge regression of all steps to come on the last values; its strength is chosen by leave-one-out errors.

    It reads two seasons or two horizons, at least 12 rows, relative to the last value; one regression for each target.
    """

    name = "linear regression on lags"

    def __init__(self, horizon: int, season: int) -> None:
        self.horizon, self.season = horizon, season

    def fit(self, past: np.ndarray) -> Self:
        """Learn from all windows of the past, shape (rows, targets)."""
        wanted = max(2 * self.season if self.season > 1 else 0, 2 * self.horizon, LEAST_LAGS)
        self.lags = max(min(wanted, MOST_LAGS, (len(past) - self.horizon) // 3), 1)
        origins = np.arange(self.lags, len(past) - self.horizon + 1)
        if len(origins) > MOST_WINDOWS:
            origins = origins[np.linspace(0, len(origins) - 1, MOST_WINDOWS).astype(int)]
        self._models = [self._learn(past[:, j], origins) for j in range(past.shape[1])]
        return self

    def predict(self, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Forecast from each origin; see `SeriesBaseline.predict`."""
        forecasts = [self._forecast(model, values[:, j], origins) for j, model in enumerate(self._models)]
        return np.stack(forecasts, axis=-1)

    def _learn(self, series: np.ndarray, origins: np.ndarray) -> Any:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if not len(origins):
            return None
        model: Any = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 7)))
        changes = series[origins[:, None] + np.arange(self.horizon)] - series[origins - 1][:, None]
        return model.fit(self._windows(series, origins), changes)

    def _forecast(self, model: Any, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
        last = series[origins - 1][:, None]
        return np.repeat(last, self.horizon, axis=1) if model is None else last + self._changes(model, series, origins)

    def _changes(self, model: Any, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Return the forecast changes from the last value, shape (origins, horizon)."""
        return np.asarray(model.predict(self._windows(series, origins))).reshape(len(origins), self.horizon)

    def _windows(self, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Return the last values relative to the last one, shape (origins, lags)."""
        rows = np.maximum(origins[:, None] + np.arange(-self.lags, 0), 0)
        return series[rows] - series[origins - 1][:, None]


class BoostedLags(LinearLags):
    """Boosted trees on the last values, on the value of the last season, and on how far ahead a step is.

    They are scikit-learn's HistGradientBoostingRegressor with its defaults.
    """

    name = "gradient boosting on lags"

    def _learn(self, series: np.ndarray, origins: np.ndarray) -> Any:
        from sklearn.ensemble import HistGradientBoostingRegressor

        if not len(origins):
            return None
        pairs = len(origins) * self.horizon
        chosen = np.linspace(0, pairs - 1, min(pairs, MOST_ROWS)).astype(np.int64)
        origins, ahead = origins[chosen // self.horizon], chosen % self.horizon
        table = self._table(series, origins, ahead)
        return HistGradientBoostingRegressor(random_state=0).fit(table, series[origins + ahead] - series[origins - 1])

    def _changes(self, model: Any, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
        steps = range(self.horizon)
        return np.stack([model.predict(self._table(series, origins, np.full(len(origins), k))) for k in steps], axis=1)

    def _table(self, series: np.ndarray, origins: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        season = max(self.season, 1)
        before = np.maximum(origins + ahead - season * (1 + ahead // season), 0)  # the same place of the last season
        at_season = series[before] - series[origins - 1]
        return np.column_stack([self._windows(series, origins), at_season, ahead])
