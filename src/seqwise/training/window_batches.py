"""What a fit loop reads: scaled windows, their masks and weights, in batches by origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqwise.data import Windows


class Cut(NamedTuple):
    """The batches of an epoch.

    Attributes:
        rows: int32, shape (batches, batch size): samples of each batch; a short one is filled up with repeats.
        real: shape (batches,): how many samples of each batch count; they come first.
        buckets: int32, shape (batches,): the bucket of each batch, which says how long it is.
    """

    rows: np.ndarray
    real: np.ndarray
    buckets: np.ndarray


@dataclass(frozen=True)
class WindowBatches:
    """Windows of a scaled series as a Keras model takes them.

    Attributes:
        windows: views on the scaled values, float32.
        visible: bool, shape (rows,): steps that the LSTM may see; None where the model takes no mask.
        weights: float32, shape (rows,): 0 where a target is missing, else 1; None where all count.
    """

    windows: Windows
    visible: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def origins(self) -> np.ndarray:
        """Origin rows, int32, shape (samples,)."""
        origins = self.windows.origins
        if isinstance(origins, range):
            return np.arange(origins.start, origins.stop, dtype=np.int32)
        return origins.astype(np.int32)

    def sizes(self, batch_size: int) -> list[int]:
        """Samples of a batch, in each bucket: windows are all in one."""
        return [batch_size]

    def cut(self, order: np.ndarray, batch_size: int) -> Cut:
        """Cut origins, in the order given, into batches."""
        count = -(-len(order) // batch_size)
        rows = np.resize(order, (count, batch_size)).astype(np.int32)
        real = np.clip(len(order) - np.arange(count) * batch_size, 0, batch_size)
        return Cut(rows, real, np.zeros(count, np.int32))

    def gather(self, origins: np.ndarray, bucket: int = 0) -> tuple[object, np.ndarray, np.ndarray | None]:
        """Return (model inputs, targets, sample weights) of the windows that start at `origins`."""
        inputs, targets = self.windows.gather(origins)
        weights = None if self.weights is None else self.weights[self.windows.target_rows(origins)]
        if self.visible is None:
            return inputs, targets, weights
        back = origins[:, None] + np.arange(-self.windows.window, 0)
        return [inputs, self.visible[back]], targets, weights
