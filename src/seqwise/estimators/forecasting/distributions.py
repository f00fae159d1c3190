"""Forecasts of a distribution in place of a number: what a network's outputs mean, and their quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

SHARES = (0.75, 0.9, 0.95, 0.975)  # quantiles above the median that are learned; those below mirror them


@dataclass(frozen=True)
class Distribution:
    """What a network gives for each step of each target; the first number is the forecast.

    Attributes:
        kind: see `seqwise.training.distribution_loss.DistributionLoss`. parameters: how many numbers.
    """

    kind: str
    parameters: int

    def loss(self) -> Any:
        """Return the Keras loss that it is trained by."""
        from seqwise.training.distribution_loss import DistributionLoss  # imports Keras

        return DistributionLoss(self.kind, SHARES if self.kind == "quantile" else ())

    def quantile(self, outputs: np.ndarray, share: float) -> np.ndarray:
        """Return a quantile, shape (…, targets), of outputs, shape (…, targets · parameters).

        Of ``"quantile"`` those between two that were learned lie on the line between them, and those beyond the
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
            place = float(np.interp(share, places, np.arange(len(places))))
            low, high = int(np.floor(place)), int(np.ceil(place))
            return known[..., low] + (place - low) * (known[..., high] - known[..., low])
        from seqwise.training.distribution_loss import SMALLEST

        stats: Any = import_module("scipy.stats")
        scale = SMALLEST + np.logaddexp(raw[..., 1], 0)
        if self.kind == "gaussian":
            return middle + scale * float(stats.norm.ppf(share))
        return middle + scale * stats.t.ppf(share, 2 + np.logaddexp(raw[..., 2], 0))

    def bounds(
        self, outputs: np.ndarray, past: np.ndarray, levels: Sequence[float], rows: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Return the bounds of intervals; see `Intervals.bounds`."""
        low = [self.quantile(outputs, 0.5 - level / 200) for level in reversed(levels)]
        return [*low, *(self.quantile(outputs, 0.5 + level / 200) for level in levels)]

    def save(self) -> dict[str, np.ndarray]:
        """Return nothing: the network's outputs say it all."""
        return {}


# by the word of `loss`
DISTRIBUTIONS = {
    "quantile": Distribution("quantile", 1 + 2 * len(SHARES)),
    "gaussian": Distribution("gaussian", 2),
    "student-t": Distribution("student-t", 3),
}


def distribution_of(loss: Any) -> Distribution | None:
    """Return the distribution that a `loss` means; None where a number is forecast."""
    return DISTRIBUTIONS.get(loss) if isinstance(loss, str) else None
