"""Forecasts of a distribution in place of a number: what a network's outputs mean, and their quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from seqwise.errors import DataError

SHARES = (0.75, 0.9, 0.95, 0.975)  # quantiles above the median that are learned; those below mirror them


@dataclass(frozen=True)
class Distribution:
    """What a network gives for each step of each target; the first number is the forecast.

    Attributes:
        kind, scaling: see `seqwise.training.distribution_loss.DistributionLoss`. parameters: how many numbers.
    """

    kind: str
    parameters: int
    scaling: tuple[tuple[float, ...], ...] = ()

    def loss(self) -> Any:
        """Return the Keras loss that it is trained by."""
        from seqwise.training.distribution_loss import DistributionLoss  # imports Keras

        return DistributionLoss(self.kind, SHARES if self.kind == "quantile" else (), self.scaling)

    def quantile(self, outputs: np.ndarray, share: Any) -> np.ndarray:
        """Return a quantile, shape (…, targets), of outputs, shape (…, targets · parameters).

        The share is one number for all, or an array of the quantiles' shape.

        With ``"quantile"``, those between two that were learned lie on the line between them, and those beyond the
        outermost are the outermost.
        """
        raw = outputs.astype(np.float64).reshape(*outputs.shape[:-1], -1, self.parameters)
        middle = raw[..., 0]
        if self.kind == "quantile":
            count = len(SHARES)
            steps = np.logaddexp(raw[..., 1:], 0)
            up = middle[..., None] + np.cumsum(steps[..., :count], axis=-1)
            down = middle[..., None] - np.cumsum(steps[..., count:], axis=-1)
            known = np.concatenate([down[..., ::-1], middle[..., None], up], axis=-1)
            places = [*(1 - s for s in reversed(SHARES)), 0.5, *SHARES]
            place = np.asarray(np.interp(share, places, np.arange(len(places), dtype=np.int64)), np.float64)
            place = np.broadcast_to(place, middle.shape)[..., None]
            low = np.floor(place).astype(int)
            below, above = (np.take_along_axis(known, at, -1) for at in (low, np.ceil(place).astype(int)))
            return (below + (place - low) * (above - below))[..., 0]
        from seqwise.training.distribution_loss import SMALLEST

        if self.counts:
            shape = 1 / (SMALLEST + np.logaddexp(raw[..., 1], 0))
            mean = self._mean_count(middle)
            return self._scaled(_count_quantile(share, shape, mean))
        stats: Any = import_module("scipy.stats")
        scale = SMALLEST + np.logaddexp(raw[..., 1], 0)
        if self.kind == "gaussian":
            return middle + scale * stats.norm.ppf(share)
        return middle + scale * stats.t.ppf(share, 2 + np.logaddexp(raw[..., 2], 0))

    @property
    def counts(self) -> bool:
        """Whether it is one of whole numbers from 0 on."""
        return self.kind == "negative-binomial"

    def forecast(self, outputs: np.ndarray) -> np.ndarray:
        """Return the number to forecast, shape (…, targets), of outputs: the median or mean."""
        middle = outputs[..., :: self.parameters]
        return self._scaled(self._mean_count(middle.astype(np.float64))) if self.counts else middle

    def _mean_count(self, middle: np.ndarray) -> np.ndarray:
        from seqwise.training.distribution_loss import BEND

        offset, scale = (np.array(numbers) for numbers in self.scaling) if self.scaling else (0, 1)
        mean = middle * scale + offset
        return (mean + np.sqrt(mean**2 + BEND**2)) / 2

    def _scaled(self, counts: np.ndarray) -> np.ndarray:
        offset, scale = (np.array(numbers) for numbers in self.scaling) if self.scaling else (0, 1)
        return (counts - offset) / scale

    def bounds(
        self, outputs: np.ndarray, past: np.ndarray, levels: Sequence[float], rows: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Return the bounds of intervals; see `Intervals.bounds`."""
        low = [self.quantile(outputs, 0.5 - level / 200) for level in reversed(levels)]
        return [*low, *(self.quantile(outputs, 0.5 + level / 200) for level in levels)]


# by the word of `loss`
DISTRIBUTIONS = {
    "quantile": Distribution("quantile", 1 + 2 * len(SHARES)),
    "gaussian": Distribution("gaussian", 2),
    "student-t": Distribution("student-t", 3),
    "negative-binomial": Distribution("negative-binomial", 2),
}


def _count_quantile(share: Any, shape: np.ndarray, mean: np.ndarray) -> np.ndarray:
    stats: Any = import_module("scipy.stats")
    return stats.nbinom.ppf(share, shape, shape / (shape + mean))


def distribution_of(loss: Any, scaling: tuple[tuple[float, ...], ...] = ()) -> Distribution | None:
    """Return the distribution that a `loss` means; None where a number is forecast.

    Args:
        scaling: offset and scale of each target, of which a distribution of counts knows.
    """
    known = DISTRIBUTIONS.get(loss) if isinstance(loss, str) else None
    return replace(known, scaling=scaling) if known is not None and known.counts else known


def is_of_counts(loss: Any) -> bool:
    """Tell whether a `loss` means a distribution of whole numbers from 0 on."""
    known = distribution_of(loss)
    return known is not None and known.counts


def check_counts(values: np.ndarray, names: Sequence[str], label: str) -> None:
    """Raise `DataError` unless all targets, shape (rows, targets), NaN where missing, are counts."""
    wrong = ~np.isnan(values) & ((values < 0) | (values != np.round(values)))
    if wrong.any():
        row, j = np.argwhere(wrong)[0].tolist()
        raise DataError(
            f"{label}: {names[j]!r} is {values[row, j]:g} in row {row + 1:,}, but loss='negative-binomial' forecasts "
            "counts: whole numbers from 0 on. Choose another loss, for example loss='quantile'."
        )
