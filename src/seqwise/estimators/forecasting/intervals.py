"""Intervals of a forecast from its errors in validation: split conformal prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from seqwise.errors import SettingError
from seqwise.training import WindowBatches, predict_windows

LEVELS = np.arange(0.5, 100, 0.5)  # percent, whose widths are kept; others lie between
STATED = (80.0, 95.0)  # levels whose coverage a report states
QUANTILE_LEVELS = (*map(float, range(10, 100, 10)), 95.0)  # of the intervals that are scored
MOST_SCORED = 1_000  # windows
MOST_WINDOWS = 5_000  # in validation
FLOOR = 0.1  # of a window's spread, relative to the mean one: a flat window is no promise


class Intervals:
    """How far truth lay from forecast in validation, by level, step ahead and target.

    An error is taken relative to the spread of the window that the forecast was made from, so that calm and agitated
    parts of a series, or series of a panel, get intervals of their own widths. The width of a level is the quantile of
    split conformal prediction (Lei et al. 2018, "Distribution-Free Predictive Inference for Regression", with locally
    weighted residuals): of n errors the one of rank ⌈(n + 1) · level⌉, the largest where n is too small for that.

    Attributes:
        widths: float64, shape (levels, horizon, targets). mean_spread: of the windows in validation.
    """

    def __init__(self, widths: np.ndarray, mean_spread: float) -> None:
        self.widths, self.mean_spread = widths, mean_spread

    @classmethod
    def fit(cls, truth: np.ndarray, forecast: np.ndarray, past: np.ndarray, weights: np.ndarray | None) -> Intervals:
        """Learn from validation, all in scaled units.

        Args:
            truth, forecast: shape (samples, horizon, targets).
            past: the windows' targets, shape (samples, window, targets).
            weights: 0 where a target is missing, shape (samples, horizon); None where all were observed.
        """
        spread = past.std(axis=1)
        mean = float(spread.mean()) or 1.0
        errors = np.abs(truth - forecast) / (spread + FLOOR * mean)[:, None]
        if weights is not None:
            errors = np.where(weights[..., None] > 0, errors, np.nan)
        counts = (~np.isnan(errors)).sum(axis=0)  # (horizon, targets)
        ordered = np.sort(errors, axis=0)  # NaN last
        ranks = np.ceil((counts + 1) * LEVELS[:, None, None] / 100).astype(np.int64) - 1
        chosen = np.clip(ranks, 0, np.maximum(counts - 1, 0))
        return cls(np.take_along_axis(ordered, chosen, axis=0).astype(np.float64), mean)

    def half_width(self, past: np.ndarray, level: float) -> np.ndarray:
        """Return half of an interval's width, scaled, shape (samples, horizon, targets).

        Args:
            past: as in `fit`. level: in percent.
        """
        spread = past.std(axis=1) + FLOOR * self.mean_spread
        place = np.interp(level, LEVELS, np.arange(len(LEVELS)))
        low, high = int(np.floor(place)), int(np.ceil(place))
        widths = self.widths[low] + (place - low) * (self.widths[high] - self.widths[low])
        return spread[:, None] * widths

    def bounds(self, outputs: np.ndarray, past: np.ndarray, levels: Sequence[float]) -> list[np.ndarray]:
        """Return the bounds of intervals, scaled, each (samples, horizon, targets).

        Args:
            outputs: of the network, shape (samples, horizon, targets). past: as in `fit`.
            levels: in percent, ascending.

        Returns:
            the lower bounds, widest level first, then the upper ones.
        """
        halves = [self.half_width(past, level) for level in levels]
        return [*(outputs - half for half in reversed(halves)), *(outputs + half for half in halves)]

    def save(self) -> dict[str, np.ndarray]:
        return {"interval_widths": self.widths, "mean_spread": np.array([self.mean_spread])}

    @classmethod
    def load(cls, arrays: dict[str, np.ndarray]) -> Intervals | None:
        if "interval_widths" not in arrays:
            return None
        return cls(arrays["interval_widths"], float(arrays["mean_spread"][0]))


def measure(model: Any, weights: list[np.ndarray], batches: WindowBatches, every_step: bool) -> Intervals:
    """Learn from the windows in validation, with the weights of the model that was not trained on them.

    Args:
        model: of the forecaster; it keeps its own weights.
        batches: the windows; at most `MOST_WINDOWS` of them, evenly drawn, are used.
        every_step: the model forecasts at each timestep; the last one counts.
    """
    indices = batches.indices
    chosen = indices[np.linspace(0, len(indices) - 1, min(len(indices), MOST_WINDOWS)).round().astype(int)]
    own = model.get_weights()
    model.set_weights(weights)
    try:
        forecast = predict_windows(model, batches, chosen)
    finally:
        model.set_weights(own)
    batch = batches.select(batches.arrays, chosen)
    inputs: Any = batch.inputs[0] if isinstance(batch.inputs, list) else batch.inputs
    truth, seen = np.asarray(batch.targets), None if batch.weights is None else np.asarray(batch.weights)
    if every_step:
        truth, forecast, seen = truth[:, -1], forecast[:, -1], None if seen is None else seen[:, -1]
    return Intervals.fit(truth, forecast, np.asarray(inputs)[..., : truth.shape[-1]], seen)


def check_levels(level: Any) -> list[float]:
    """Return levels in percent, ascending: of one number or several.

    Raises:
        SettingError: one is not between 0 and 100.
    """
    levels: list[Any] = list(cast(Any, level)) if isinstance(level, (Sequence, np.ndarray)) else [level]
    for one in levels:
        if isinstance(one, (bool, str)) or not 0 < one < 100:
            raise SettingError(f"level={one!r}: expected percent between 0 and 100, for example level=[80, 95].")
    return sorted(set(levels))


def bound_names(target: str, levels: Sequence[float]) -> list[str]:
    """Return the columns of the bounds, as Nixtla's tables have them: ``y-lo-95, y-lo-80, y-hi-80, y-hi-95``."""
    low = [f"{target}-lo-{level:g}" for level in reversed(levels)]
    return [*low, *(f"{target}-hi-{level:g}" for level in levels)]


def levels_of(quantiles: Any) -> dict[float, float]:
    """Return the level of the interval, in percent, that each quantile bounds; 0 of the median.

    Raises:
        SettingError: one is not between 0 and 1.
    """
    shares: list[Any] = list(cast(Any, quantiles)) if isinstance(quantiles, (Sequence, np.ndarray)) else [quantiles]
    for one in shares:
        if isinstance(one, (bool, str)) or not 0 < one < 1:
            raise SettingError(f"quantiles={one!r}: expected shares between 0 and 1, for example quantiles=[0.1, 0.9].")
    return {one: round(abs(200 * one - 100), 9) for one in sorted(set(shares))}


def named_bounds(
    target: str,
    levels: Sequence[float],
    quantiles: Mapping[float, float],
    forecast: np.ndarray,
    bounds: Sequence[np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the columns of bounds and of quantiles, ``y-q-0.1``, that were asked for.

    Args:
        levels: asked for. quantiles: asked for, with their levels.
        forecast, bounds: of one shape; bounds of all of these levels, as `bound_names` orders them.
    """
    both = sorted({*levels, *quantiles.values()} - {0.0})
    known = dict(zip(bound_names("", both), bounds, strict=True)) | {"-hi-0": forecast}
    found = {target + name: known[name] for name in bound_names("", levels)}
    for share, level in quantiles.items():
        found[f"{target}-q-{share:g}"] = known[f"-{'lo' if share < 0.5 else 'hi'}-{level:g}"]
    return found


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
            if level != 95:  # its quantiles are no multiples of 5 %
                losses.append(_pinball(truth[seen], bound[seen], quantile / 100))
    losses.append(_pinball(truth[seen], forecast[seen], 0.5))
    return {"coverage": inside, "crps": 2 * 0.05 * float(np.sum(losses))}  # an integral, its ends left out


def _pinball(truth: np.ndarray, quantile: np.ndarray, share: float) -> float:
    error = truth - quantile
    return float(np.maximum(share * error, (share - 1) * error).mean())
