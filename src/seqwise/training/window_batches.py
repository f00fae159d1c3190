"""Batches of windows of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqwise.backend import Array
from seqwise.data import Windows
from seqwise.training.batches import Batch, Batches, Cut, Inputs


class SeriesArrays(NamedTuple):
    """A series whose windows are trained on.

    Attributes:
        values: float32, shape (rows, features).
        visible: bool, shape (rows,), or None.
        weights: float32, shape (rows,), or None.
    """

    values: Array
    visible: Array | None
    weights: Array | None


@dataclass(frozen=True)
class WindowBatches(Batches[SeriesArrays]):
    """Windows of a scaled series as a Keras model takes them; an index is a window's origin row.

    Attributes:
        windows: views on the scaled values, float32.
        visible: bool, shape (rows,): steps that the LSTM may see; None where the model takes no mask.
        weights: float32, shape (rows,): 0 where a target is missing, else 1; None where all count.
        known: how many of the last features are known in advance: the model reads their rows to come, too, shape
            (samples, horizon, known).
    """

    windows: Windows
    visible: np.ndarray | None = None
    weights: np.ndarray | None = None
    known: int = 0

    @property
    def arrays(self) -> SeriesArrays:
        return SeriesArrays(self.windows.values, self.visible, self.weights)

    @property
    def indices(self) -> np.ndarray:
        origins = self.windows.origins
        if isinstance(origins, range):
            return np.arange(origins.start, origins.stop, dtype=np.int32)
        return origins.astype(np.int32, copy=False)

    def sizes(self, batch_size: int) -> list[int]:
        return [batch_size]  # windows are equally long: one bucket

    def cut(self, order: np.ndarray, batch_size: int) -> Cut:
        count = -(-len(order) // batch_size)
        rows = np.resize(order, (count, batch_size)).astype(np.int32)
        real = np.clip(len(order) - np.arange(count) * batch_size, 0, batch_size)
        return Cut(rows, real, np.zeros(count, np.int32))

    def select(self, arrays: SeriesArrays, chosen: Array, bucket: int = 0) -> Batch:
        ahead = self.windows.target_rows(chosen)
        weights = None if arrays.weights is None else arrays.weights[ahead]
        return Batch(self.select_inputs(arrays, chosen), arrays.values[ahead, : self.windows.targets], weights)

    def select_inputs(self, arrays: SeriesArrays, chosen: Array) -> Inputs:
        """Return the model's inputs alone: for the windows that end the series there are no targets yet."""
        rows = self.windows.input_rows(chosen)
        inputs = [arrays.values[rows]]
        if arrays.visible is not None:
            inputs.append(arrays.visible[rows])
        if self.known:
            inputs.append(arrays.values[self.windows.target_rows(chosen)][..., -self.known :])
        return inputs if len(inputs) > 1 else inputs[0]
