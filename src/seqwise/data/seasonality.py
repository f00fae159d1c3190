"""The seasonal period of a series, for baselines and for MASE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def seasonal_period(values: np.ndarray, candidates: Sequence[int]) -> int:
    """Return the period m that repeats best, or 1 where none does.

    A season of m is there when values m rows apart are more alike than values m/2 rows apart: of a trend they never
    are, of a random walk seldom, of a cycle always. More than two whole cycles must be seen.

    Args:
        values: the target's training rows, shape (rows,); NaN where missing.
        candidates: periods to try; with none (a numbered series), every period from 2 to 400.
    """
    tried = list(candidates) or range(2, 401)
    change = {m: _change(values, m) for m in tried if 2 * m < len(values)}
    found = {m: c for m, c in change.items() if c < _change(values, max(m // 2, 1))}
    return min(found, key=lambda m: found[m]) if found else 1


def _change(values: np.ndarray, lag: int) -> float:
    change = np.abs(values[lag:] - values[:-lag])
    return float("nan") if np.isnan(change).all() else float(np.nanmean(change))
