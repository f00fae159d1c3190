"""The seasonal period of a series, for baselines and for MASE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST = 3  # a cycle that is searched for must be there so often
CLEAR = 0.3  # autocorrelation: of a cycle, and of how far it rises above the trough before it


def seasonal_period(values: np.ndarray, candidates: Sequence[int]) -> int:
    """Return the seasonal period m that fits best, or 1 where the series has no season.

    A season of m rows shows when values m rows apart are closer than values m/2 rows apart: in a trend they never are,
    in a random walk rarely, in a cycle always. The series must hold more than two whole cycles.

    Args:
        values: the target's training rows, shape (rows,); NaN where missing.
        candidates: periods to try; if empty, any period is searched for that the series holds three times.
    """
    if not len(candidates):
        return _search(values)
    change = {m: _change(values, m) for m in candidates if 2 * m < len(values)}
    seasons = [m for m in change if change[m] < _change(values, max(m // 2, 1))]
    return min(seasons, key=change.__getitem__, default=1)


def _search(values: np.ndarray) -> int:
    """Return the period of a cycle that shows in the autocorrelation, or 1.

    The first of its high peaks is refined to the lag of the least change, for cycles are not whole numbers of rows. It
    is a cycle if it is clearly above the trough before it, and rises again after twice the period: noise and random
    walks have peaks, too, but no second one.
    """
    rows, seen = len(values), ~np.isnan(values)
    last = rows // MOST
    if last < 2 or not seen.any():
        return 1
    steps = np.arange(rows)
    whole = np.interp(steps, steps[seen], values[seen])
    whole = whole - np.polyval(np.polyfit(steps, whole, 1), steps)
    if np.abs(whole).max() <= 1e-9 * np.abs(values[seen]).max():
        return 1  # a straight line
    power = np.abs(np.fft.rfft(whole, 2 * rows)) ** 2
    again = np.fft.irfft(power)[:rows]
    again /= again[0]
    lags = np.arange(2, last + 1)
    trough = np.minimum.accumulate(again)[lags - 1]
    high = (again[lags] > max(CLEAR, 4 / np.sqrt(rows))) & (again[lags] - trough > CLEAR)  # 4 times what noise has
    peaks = lags[high & (again[lags] >= again[lags - 1]) & (again[lags] > again[lags + 1])]
    if not peaks.size:
        return 1
    first = int(peaks[again[peaks] >= 0.8 * again[peaks].max()][0])
    near = range(max(first - first // 8, 2), min(first + first // 8, last) + 1)
    period = min(near, key=lambda lag: _change(values, lag))

    def around(lag: int) -> np.ndarray:
        return again[max(lag - period // 8, 1) : lag + period // 8 + 1]

    repeats = around(2 * period).max() > around(period + period // 2).min() + 0.1
    return period if repeats else 1


def _change(values: np.ndarray, lag: int) -> float:
    """Return the mean absolute change over `lag` rows."""
    change = np.abs(values[lag:] - values[:-lag])
    return float("nan") if np.isnan(change).all() else float(np.nanmean(change))
