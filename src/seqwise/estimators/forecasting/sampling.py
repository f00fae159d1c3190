"""Sample paths: what may come, step by step, as errors so far hang together from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data import TimeSeries
from seqwise.data.panels import Panel
from seqwise.errors import SettingError
from seqwise.estimators.forecasting.distributions import Distribution
from seqwise.estimators.forecasting.intervals import Intervals
from seqwise.estimators.memory import machine_memory

BYTES_A_NUMBER, BYTES_A_PATH = 32, 400  # of paths, while they are drawn and laid into a table


@dataclass(frozen=True)
class SamplePaths:
    """Paths that may come, each from the errors of one window on which the model was not trained.

    Where the network forecasts a number, a path is the forecast and these errors, at the size that is usual now: a
    bootstrap of whole windows, by which errors that last from step to step do so in the path. Where it forecasts a
    distribution, a path takes from each step's distribution the quantile that has the error's rank among all (the
    Schaake shuffle, Clark et al. 2004).

    Attributes:
        errors: so far. distribution: that is forecast; None for a number.
    """

    errors: Intervals
    distribution: Distribution | None
    rng: np.random.Generator

    def bounds(
        self, outputs: np.ndarray, past: np.ndarray, levels: Sequence[float], rows: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Return a path for each of `levels`, in the place of intervals' bounds; see `Intervals.bounds`."""
        scores = self.errors.scores
        chosen = self.errors.draw(len(levels) * len(past), self.rng).reshape(len(levels), len(past))
        if self.distribution is None:
            sizes = self.errors.usual_error(past) * self.errors.level(np.array([0]))[0]
            return [outputs + self.errors.relative[own] * sizes for own in chosen]
        ranks = np.argsort(np.argsort(scores, axis=0), axis=0)  # NaN last; no path takes a window that has one
        shares = (ranks + self.rng.random(ranks.shape)) / np.maximum((~np.isnan(scores)).sum(axis=0), 1)
        shares = np.clip(shares, 1e-6, 1 - 1e-6)
        return [self.distribution.quantile(outputs, shares[own]) for own in chosen]


def check_paths(num_samples: int, numbers: int) -> None:
    """Raise `SettingError` for more paths than the machine's memory holds.

    Args:
        numbers: of each path: of all series, steps and targets.
    """
    memory, needed = machine_memory(), num_samples * (numbers * BYTES_A_NUMBER + BYTES_A_PATH)
    if memory is not None and needed > memory:
        raise SettingError(
            f"num_samples={num_samples:,} paths of {numbers:,} numbers each take {needed / 1e9:,.1f} GB, and this "
            f"machine has {memory / 1e9:,.1f} GB. Draw fewer."
        )


def path_columns(known: TimeSeries | Panel, times: np.ndarray, paths: NDArray[Any]) -> dict[str, np.ndarray]:
    """Return paths, shape (paths, series, horizon, targets), as columns of a long table."""
    count, series, horizon, targets = paths.shape
    names = known.target_names if isinstance(known, TimeSeries) else [known.target]
    columns: dict[str, np.ndarray] = {}
    if isinstance(known, Panel):
        columns[known.series] = np.tile(np.repeat(known.names, horizon), count)
    time = known.time if isinstance(known.time, str) else "step" if known.time is None else "time"
    columns[time] = np.tile(known.time_index.with_zone(times.ravel()), count)
    samples = np.arange(count, dtype=np.int64)
    columns["sample"] = np.repeat(samples, series * horizon)
    return columns | {name: paths[..., j].ravel() for j, name in enumerate(names[:targets])}
