"""Sliding windows over one array: views, never copies, so memory stays O(rows)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from seqwise.backend import Array
from seqwise.errors import DataError, SettingError, is_whole_number

CHUNK = 100_000


@dataclass(frozen=True)
class Windows:
    """The (input, target) pairs of a series, cut on demand.

    Window `i` reads rows ``origins[i] - window … origins[i] - 1`` and its targets are the ``horizon`` rows
    from ``origins[i]`` on: what comes after the window, never inside it. With `every_step` there are targets
    for each timestep t of the window: the ``horizon`` rows after t.

    Attributes:
        values: shape (rows, features); not copied. The first `targets` columns are the targets.
        window: timesteps of an input.
        horizon: steps to forecast.
        targets: number of target columns.
        first, last: only windows whose targets all lie in rows ``first … last - 1``; inputs may start before `first`,
            which is the past.
        usable: bool, shape (rows,): whether a forecast may start at that row; None where all may.
        every_step: targets for each timestep instead of for the last one only.
        chosen: int, shape (windows,): the rows at which forecasts start, ascending, where they are known; in place of
            `first`, `last` and `usable`.
    """

    values: np.ndarray
    window: int
    horizon: int
    targets: int = 1
    first: int = 0
    last: int | None = None
    usable: np.ndarray | None = None
    every_step: bool = False
    chosen: np.ndarray | None = None

    def __post_init__(self) -> None:
        check_sizes(self.window, self.horizon)
        if self.values.ndim != 2:
            raise DataError(
                f"Windows need values of shape (rows, features), got {self.values.shape}. A single series is "
                "one column: values[:, None]."
            )

    @cached_property
    def span(self) -> range:
        """Every row at which a forecast could start: the origins, but for `usable`."""
        last = len(self.values) if self.last is None else self.last
        return range(max(self.first, self.window), max(last - self.horizon, -1) + 1)

    @cached_property
    def origins(self) -> np.ndarray | range:
        """The row after each window's input, ascending; a range (no memory) where every row is usable."""
        if self.chosen is not None:
            return self.chosen
        if self.usable is None:
            return self.span
        usable = self.usable[self.span.start : self.span.stop]
        origins = np.empty(np.count_nonzero(usable), np.int32 if len(self.values) < 2**31 else np.int64)
        done = 0
        for start in range(0, len(usable), CHUNK):  # flatnonzero of the whole would take twice the memory
            rows = np.flatnonzero(usable[start : start + CHUNK])
            origins[done : done + len(rows)] = rows + (start + self.span.start)
            done += len(rows)
        return origins

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def inputs(self) -> np.ndarray:
        """Every possible input as a read-only view, shape (rows - window + 1, window, features)."""
        return sliding_window_view(self.values, self.window, axis=0).transpose(0, 2, 1)

    def batch(self, index: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        """Gather the windows at `index` (positions in ``origins``).

        Returns:
            inputs, shape (samples, window, features), and targets, shape (samples, horizon, targets), or
            (samples, window, horizon, targets) with `every_step`.
        """
        if isinstance(index, slice):
            index = np.arange(*index.indices(len(self)))
        index = np.where(np.asarray(index) < 0, np.asarray(index) + len(self), index)
        origins = self.span.start + index if isinstance(self.origins, range) else self.origins[index]
        return self.gather(origins)

    def gather(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Like `batch`, but by origin row; the targets must lie inside the series."""
        return self.values[self.input_rows(origins)], self.values[self.target_rows(origins), : self.targets]

    def input_rows(self, origins: Array) -> Array:
        """Rows of the inputs, shape (samples, window)."""
        return origins[:, None] + np.arange(-self.window, 0)

    def target_rows(self, origins: Array) -> Array:
        """Rows of the targets, shape (samples, horizon), or (samples, window, horizon) with `every_step`."""
        ahead = np.arange(self.horizon)
        if not self.every_step:
            return origins[:, None] + ahead
        return origins[:, None, None] + np.arange(1 - self.window, 1)[:, None] + ahead


def check_sizes(window: int, horizon: int) -> None:
    """Raise `SettingError` unless window and horizon are whole numbers of at least 1."""
    for name, value, meaning in (
        ("window", window, "timesteps that the model reads"),
        ("horizon", horizon, "steps to forecast"),
    ):
        if not is_whole_number(value, least=1):
            raise SettingError(f"{name}={value!r}: expected a whole number of {meaning}, at least 1.")
