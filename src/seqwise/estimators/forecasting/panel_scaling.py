"""Scaling many series: each by its own training rows, or their logarithms by one scale for all."""

from __future__ import annotations

from typing import Self

import numpy as np

from seqwise.data.panels import Panel, blocks
from seqwise.errors import DataError

SMALLEST = 1e-8  # a scale, relative to the largest value of its series: a constant series is left as it is


class PanelScaler:
    """Bring every series to a common scale.

    Without a logarithm, each series' columns have mean 0 and standard deviation 1 in its training rows (``"standard"``)
    or lie between 0 and 1 there (``"minmax"``); with ``"none"`` they stay as they are. Changes of a logarithm
    are relative and comparable from series to series: only its mean is each series' own; the scale is one for all.
    Counts are divided by one number for all, so that 0 stays 0.
    A series that was not there in training is scaled by all of its rows.

    Static columns have one scale for all series; columns of 0 and 1, and those of the calendar, stay as they are.

    Args:
        kind: ``"standard"``, ``"minmax"`` or ``"none"``.
        log: take the logarithm of the target. counts: the target is a number of things.

    Attributes:
        common_: the scale of all logarithms, or of all counts: 1 and their mean.
        offset_, scale_: float64, shape (series, columns). names_: of the series, shape (series,).
    """

    def __init__(self, kind: str = "standard", log: bool = False, counts: bool = False) -> None:
        self.kind, self.log, self.counts = kind, log, counts

    def fit(self, panel: Panel, rows: np.ndarray) -> Self:
        """Learn from the first `rows` rows of each series, int64, shape (series,), at least 1."""
        self.common_ = 1.0
        offset, scale = self._moments(panel, rows)
        if self.log and self.kind != "none":
            self.common_ = float(np.sqrt(np.mean(scale[:, 0] ** 2))) or 1.0
            scale[:, 0] = self.common_
        if self.counts:
            self.common_ = 1 + float(panel.values[panel.first_rows(rows), 0].mean())
            offset[:, 0], scale[:, 0] = 0.0, self.common_
        shared = _shared(panel)
        offset[:, shared], scale[:, shared] = 0.0, 1.0
        for j in (panel.columns.index(name) for name in panel.covariates.static if name in panel.columns):
            each = panel.values[panel.starts[:-1], j]
            if self.kind != "none" and each.std() > SMALLEST * np.abs(each).max():
                offset[:, j], scale[:, j] = each.mean(), each.std()
        self.offset_, self.scale_, self.names_ = offset, scale, panel.names
        return self

    def of(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Return offset and scale of each series, both (series, columns): of known ones as they were learned."""
        if panel.names is self.names_ or np.array_equal(panel.names, self.names_):
            return self.offset_, self.scale_
        place = {name: i for i, name in enumerate(self.names_.tolist())}
        known = np.array([place.get(name, -1) for name in panel.names.tolist()])
        offset, scale = self._moments(panel, panel.lengths)
        if self.log and self.kind != "none":
            scale[:, 0] = self.common_
        if self.counts:
            offset[:, 0], scale[:, 0] = 0.0, self.common_
        shared = _shared(panel)
        offset[:, shared], scale[:, shared] = self.offset_[0, shared], self.scale_[0, shared]
        seen = known >= 0
        offset[seen], scale[seen] = self.offset_[known[seen]], self.scale_[known[seen]]
        return offset, scale

    def transform(self, panel: Panel) -> np.ndarray:
        """Return the values scaled, float32, shape (rows, columns)."""
        offset, scale = self.of(panel)
        scaled = np.empty(panel.values.shape, np.float32)
        numbers = np.arange(len(panel))
        for part, rows in blocks(panel.starts):
            number = np.repeat(numbers[part], panel.lengths[part])
            scaled[rows] = (self._logged(panel, rows) - offset[number]) / scale[number]
        return scaled

    def inverse(self, scaled: np.ndarray, panel: Panel, series: np.ndarray) -> np.ndarray:
        """Undo `transform` for the target.

        Args:
            scaled: shape (samples, …). series: the number of each sample's series, shape (samples,).
        """
        offset, scale = self.of(panel)
        shape = (-1,) + (1,) * (scaled.ndim - 1)
        values = scaled.astype(np.float64) * scale[series, 0].reshape(shape) + offset[series, 0].reshape(shape)
        return np.exp(np.minimum(values, 700)) if self.log else values

    def _logged(self, panel: Panel, rows: slice) -> np.ndarray:
        """Return some rows, with the logarithm of the target where it is taken."""
        values = panel.values[rows]
        if not self.log:
            return values
        values = values.copy()
        if (values[:, 0] <= 0).any():
            row = rows.start + int(np.flatnonzero(values[:, 0] <= 0)[0])
            name = panel.names[np.searchsorted(panel.starts, row, side="right") - 1]
            raise DataError(
                f"{panel.target!r} of the series {str(name)!r} holds {panel.values[row, 0]:g}, but its logarithm is "
                "taken and needs values above 0. Train with log=False."
            )
        values[:, 0] = np.log(values[:, 0])
        return values

    def _moments(self, panel: Panel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return offset and scale of the first `rows` rows of each series."""
        offset, scale = (make((len(rows), panel.values.shape[1])) for make in (np.zeros, np.ones))
        for part, within in blocks(panel.starts):
            values = self._logged(panel, within)
            if self.kind != "none":
                first = panel.starts[part] - within.start
                offset[part], scale[part] = self._moments_of(values, first, panel.lengths[part], rows[part])
        if self.kind == "none":
            return offset, scale
        return offset, np.where(scale > SMALLEST * np.maximum(np.abs(offset), 1e-12), scale, 1.0)

    def _moments_of(
        self, values: np.ndarray, first: np.ndarray, lengths: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        edges = np.stack([first, first + rows], axis=1).ravel()  # reduceat: the rows that count, then the others

        def reduced(ufunc: np.ufunc, of: np.ndarray) -> np.ndarray:
            return ufunc.reduceat(np.vstack([of, of[-1:]]), edges)[::2]

        if self.kind == "minmax":
            offset = reduced(np.minimum, values)
            return offset, reduced(np.maximum, values) - offset
        offset = reduced(np.add, values) / rows[:, None]
        deviation = (values - np.repeat(offset, lengths, axis=0)) ** 2
        return offset, np.sqrt(reduced(np.add, deviation) / rows[:, None])


def _shared(panel: Panel) -> list[int]:
    """Return the columns that have one scale for all series."""
    covariates = panel.covariates
    return [panel.columns.index(name) for name in {*covariates.unscaled, *covariates.expanded(covariates.static)}]
