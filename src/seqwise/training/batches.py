"""What a fit loop reads: scaled windows, their masks and weights, in batches by origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.data import Windows


@dataclass(frozen=True)
class Batches:
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

    def gather(self, origins: np.ndarray) -> tuple[object, np.ndarray, np.ndarray | None]:
        """Return (model inputs, targets, sample weights) of the windows that start at `origins`."""
        inputs, targets = self.windows.gather(origins)
        weights = None if self.weights is None else self.weights[self.windows.target_rows(origins)]
        if self.visible is None:
            return inputs, targets, weights
        back = origins[:, None] + np.arange(-self.windows.window, 0)
        return [inputs, self.visible[back]], targets, weights
