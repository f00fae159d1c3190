"""Splitting by time: train, then validation, then test, with no row of one part a target of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.data.random_split import check_part_size
from seqwise.data.series import TimeSeries
from seqwise.data.windows import check_sizes
from seqwise.errors import DataError, SettingError


@dataclass(frozen=True)
class Split:
    """The rows at which the parts end: train is ``[0, train)``, validation ``[train, validation)``, test the rest."""

    train: int
    validation: int
    rows: int

    def bounds(self, part: str) -> tuple[int, int]:
        """Return (first, last) rows of a part; `last` is not included.

        Args:
            part: ``"train"``, ``"validation"``, ``"test"``; or ``"refit"``, the first two together.
        """
        return {
            "train": (0, self.train),
            "validation": (self.train, self.validation),
            "test": (self.validation, self.rows),
            "refit": (0, self.validation),
        }[part]


def part_rows(size: float, rows: int, horizon: int, name: str) -> int:
    """Return the number of rows in a part.

    Args:
        size: a whole number of rows, or a share between 0 and 1, which is rounded down to whole horizons
            (at least one).

    Raises:
        SettingError: `size` is negative, not a number, or shorter than a horizon.
    """
    check_part_size(size, name, "rows", example=12)
    if size == 0:
        return 0
    if size < 1:
        return max(int(rows * size) // horizon, 1) * horizon
    if size < horizon:
        raise SettingError(
            f"{name}={int(size)} rows cannot hold one forecast of horizon={horizon}: give at least {horizon}."
        )
    return int(size)


def split_by_time(
    rows: int, *, window: int, horizon: int, validation: float = 0.2, test: float = 0.1, label: str = "the series"
) -> Split:
    """Cut `rows` rows into train, validation and test, the latest rows last.

    Raises:
        DataError: the training set cannot hold one window and its horizon.
    """
    check_sizes(window, horizon)
    if rows < window + horizon:
        raise DataError(
            f"{label} has {rows:,} rows, too short for one window of {window} and its horizon of {horizon}: "
            f"{window + horizon} rows are needed at least. Shorten them, for example window={max(rows // 4, 1)}, "
            f"horizon={max(min(horizon, rows // 8), 1)}, or bring more rows."
        )
    test_rows = part_rows(test, rows, horizon, "test")
    validation_rows = part_rows(validation, rows, horizon, "validation")
    train = rows - test_rows - validation_rows
    if train < window + horizon:
        raise DataError(
            f"{label} has {rows:,} rows; {test_rows} for test and {validation_rows} for validation leave "
            f"{max(train, 0)} to train on, fewer than one window of {window} and its horizon of {horizon}. Shorten the "
            "window or horizon, or hold back less: validation=0, test=0."
        )
    return Split(train, rows - test_rows, rows)


def usable_origins(series: TimeSeries, window: int, horizon: int, every_step: bool = False) -> np.ndarray | None:
    """Return at which rows a forecast may start, bool, shape (rows,); None where it may start at every row.

    A window must not end in an interpolated row: the straight line leads to a value from its own future. With
    `every_step` each timestep is such an end, so no row of the window may be interpolated. At least one of its targets
    must be observed, and (with ``gaps="mask"``) at least one of its steps.
    """
    if series.observed is None:
        return None
    seen = series.observed.min(axis=1)
    known = series.observed[:, : series.targets].max(axis=1)
    ahead = np.append(np.cumsum(known), np.full(horizon, known.sum()))
    until = np.concatenate([[0], ahead])
    usable = until[horizon : horizon + len(known)] > until[: len(known)]
    steps = np.concatenate([[0], np.cumsum(seen)])
    visible = steps[window:-1] - steps[: -window - 1]  # observed rows in the window before each origin
    if series.gaps == "mask":
        usable[window:] &= visible > 0
    elif every_step:
        usable[window:] &= visible == window
    else:
        usable[1:] &= seen[:-1]
    return usable
