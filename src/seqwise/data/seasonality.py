"""The seasonal period of a series, for baselines and for MASE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def seasonal_period(values: np.ndarray, candidates: Sequence[int]) -> int:
    """Return the seasonal period m that fits best, or 1 where the series has no season.

    A season of m rows shows when values m rows apart are closer than values m/2 rows apart: in a trend they never are,
    in a random walk rarely, in a cycle always. The series must hold more than two whole cycles.

    Args:
        values: the target's training rows, shape (rows,); NaN where missing.
        candidates: periods to try; if empty (a numbered series), every period from 2 to 400.
    """
    periods = list(candidates) or range(2, 401)
    change = {m: _change(values, m) for m in periods if 2 * m < len(values)}
    seasons = [m for m in change if change[m] < _change(values, max(m // 2, 1))]
    return min(seasons, key=change.__getitem__, default=1)


def _change(values: np.ndarray, lag: int) -> float:
    """Return the mean absolute change over `lag` rows."""
    change = np.abs(values[lag:] - values[:-lag])
    return float("nan") if np.isnan(change).all() else float(np.nanmean(change))
