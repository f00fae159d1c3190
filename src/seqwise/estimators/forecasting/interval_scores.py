"""How good intervals are: their coverage, and the score of the distribution that they describe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

STATED = (80.0, 95.0)  # levels whose coverage a report states
QUANTILE_LEVELS = (*map(float, range(10, 100, 10)), 95.0)  # of the intervals that are scored
MOST_SCORED = 1_000  # windows


def evenly(count: int) -> np.ndarray:
    """Return which of `count` windows intervals are scored on: at most `MOST_SCORED`, evenly drawn."""
    return np.linspace(0, count - 1, min(count, MOST_SCORED)).round().astype(int)


def interval_scores(truth: np.ndarray, forecast: np.ndarray, bounds: Sequence[np.ndarray]) -> dict[str, Any]:
    """Score intervals, and the distribution that they describe, where truth was observed.

    Args:
        truth, forecast: of one shape. bounds: of `QUANTILE_LEVELS`, as `bound_names` orders them.

    Returns:
        ``coverage``: the share of values within the interval of each stated level, in percent; ``crps``: the continuous
        ranked probability score, twice the integral of the pinball loss over the quantiles, in steps of 5 %.
    """
    seen = np.isfinite(truth)
    count = len(QUANTILE_LEVELS)
    low, high = (
        dict(zip(reversed(QUANTILE_LEVELS), bounds, strict=False)),
        dict(zip(QUANTILE_LEVELS, bounds[count:], strict=True)),
    )
    inside = {
        f"{level:g}": float(100 * ((truth >= low[level]) & (truth <= high[level]))[seen].mean()) for level in STATED
    }
    losses: list[float] = []
    for level in QUANTILE_LEVELS:
        for quantile, bound in ((50 - level / 2, low[level]), (50 + level / 2, high[level])):
            if level != 95:  # its quantiles are not multiples of 5 %
                losses.append(_pinball(truth[seen], bound[seen], quantile / 100))
    losses.append(_pinball(truth[seen], forecast[seen], 0.5))
    return {"coverage": inside, "crps": 2 * 0.05 * float(np.sum(losses))}  # an integral, its ends left out


def _pinball(truth: np.ndarray, quantile: np.ndarray, share: float) -> float:
    error = truth - quantile
    return float(np.maximum(share * error, (share - 1) * error).mean())
