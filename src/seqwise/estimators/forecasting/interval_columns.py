"""What intervals are asked for, by level or by quantile, and the columns of their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from seqwise.errors import SettingError


def check_levels(level: Any) -> list[float]:
    """Return one level or several in percent, ascending.

    Raises:
        SettingError: one is not between 0 and 100.
    """
    return _each_below("level", level, 100, "percent between 0 and 100, for example level=[80, 95]")


def bound_names(target: str, levels: Sequence[float]) -> list[str]:
    """Return the columns of the bounds, as Nixtla's tables have them: ``y-lo-95, y-lo-80, y-hi-80, y-hi-95``."""
    low = [f"{target}-lo-{level:g}" for level in reversed(levels)]
    return [*low, *(f"{target}-hi-{level:g}" for level in levels)]


def levels_of(quantiles: Any) -> dict[float, float]:
    """Return the level of the interval, in percent, that each quantile bounds; 0 of the median.

    Raises:
        SettingError: one is not between 0 and 1.
    """
    shares = _each_below("quantiles", quantiles, 1, "shares between 0 and 1, for example quantiles=[0.1, 0.9]")
    return {share: round(abs(200 * share - 100), 9) for share in shares}


def _each_below(name: str, value: Any, top: float, expected: str) -> list[float]:
    """Return the numbers of a setting, one or several, ascending; raise `SettingError` if one is not in (0, `top`)."""
    numbers: list[Any] = list(cast(Any, value)) if isinstance(value, (Sequence, np.ndarray)) else [value]
    for number in numbers:
        if isinstance(number, (bool, str)) or not 0 < number < top:
            raise SettingError(f"{name}={number!r}: expected {expected}.")
    return sorted(set(numbers))


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
    both = sorted({*levels, *quantiles.values()})
    if len(bounds) < 2 * len(both):
        both.remove(0.0)  # the median is the forecast
    known = {"-hi-0": forecast} | dict(zip(bound_names("", both), bounds, strict=True))
    columns = {target + name: known[name] for name in bound_names("", levels)}
    for share, level in quantiles.items():
        columns[f"{target}-q-{share:g}"] = known[f"-{'lo' if share < 0.5 else 'hi'}-{level:g}"]
    return columns
