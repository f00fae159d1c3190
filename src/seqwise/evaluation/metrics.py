"""Errors in the data's own units, counted only where a value was observed."""

from __future__ import annotations

import numpy as np

METRICS = ("mae", "rmse", "mase", "smape")


def score(truth: np.ndarray, forecast: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    """Return MAE, RMSE, MASE, sMAPE and MSE over every observed value; with several targets, their mean: NaN
    where one of them was never observed. ``pooled_rmse`` is the root of the mean over all values of all targets.

    MASE is Hyndman & Koehler's (2006): MAE divided by `scale`. sMAPE is the M4 competition's, in percent:
    200 · |y - f| / (|y| + |f|).

    Args:
        truth, forecast: shape (samples, horizon, targets); NaN in `truth` where nothing was observed.
        scale: shape (targets,): see `naive_scale`.
    """
    seen = ~np.isnan(truth)
    error = np.where(seen, np.abs(np.where(seen, truth, 0) - forecast), 0)
    size = np.where(seen, np.abs(np.where(seen, truth, 0)) + np.abs(forecast), 0)
    relative = np.divide(error, size, out=np.zeros_like(error), where=size > 0)
    count = seen.sum(axis=(0, 1))
    count = np.where(count > 0, count, np.nan)
    mae = error.sum(axis=(0, 1)) / count
    squared = (error**2).sum(axis=(0, 1))
    return {
        "mae": float(mae.mean()),
        "rmse": float(np.sqrt(squared / count).mean()),
        "mase": float((mae / scale).mean()),
        "smape": float((200 * relative.sum(axis=(0, 1)) / count).mean()),
        "mse": float((squared / count).mean()),
        "pooled_rmse": float(np.sqrt(squared.sum() / count.sum())),
    }


def error_by_step(truth: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return the MAE of each step ahead, shape (horizon,): over samples, then over targets; NaN where none was seen."""
    seen = ~np.isnan(truth)
    error = np.where(seen, np.abs(np.where(seen, truth, 0) - forecast), 0).sum(axis=0)
    count = seen.sum(axis=0)
    return np.divide(error, count, out=np.full(error.shape, np.nan), where=count > 0).mean(axis=1)


def naive_scale(training: np.ndarray, season: int) -> np.ndarray:
    """Return MASE's denominator: the seasonal naive forecast's MAE within the training rows.

    Args:
        training: shape (rows, targets), NaN where missing. season: period in rows, 1 for none; rows fewer than
            a season are compared with the row before.

    Returns:
        shape (targets,); 1 where the training rows never change.
    """
    lag = season if season < len(training) else 1
    difference = np.abs(training[lag:] - training[:-lag])
    seen = ~np.isnan(difference)
    change = np.where(seen, difference, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.where(change > 0, change, 1.0)
