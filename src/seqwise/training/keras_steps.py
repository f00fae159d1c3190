"""Training and validation by Keras's own steps, one call a batch; on the backends that have no compiled loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.training.batches import Batches

if TYPE_CHECKING:
    import keras

Logs = dict[str, float]


class KerasSteps:
    """As `seqwise.training.jax_steps.JaxSteps`, by `train_on_batch` and `test_on_batch`.

    The metrics are means over the batches: Keras resets them at every such call.
    """

    def __init__(self, model: keras.Model, batches: Batches[Any], batch_size: int) -> None:
        self.model, self.batch_size, self._batches = model, batch_size, batches
        self._arrays = batches.arrays

    def train(self, indices: np.ndarray) -> Iterator[tuple[int, Logs]]:
        """Run one epoch over `indices` in their order; yields (batches done, mean loss and metrics so far)."""
        return self._each_batch(self.model.train_on_batch, indices)

    def validate(self, indices: np.ndarray) -> Logs:
        """Return the mean loss and metrics over `indices`, without dropout."""
        *_, (_, logs) = self._each_batch(self.model.test_on_batch, indices)
        return logs

    def _each_batch(self, call: Callable[..., Any], indices: np.ndarray) -> Iterator[tuple[int, Logs]]:
        totals: Logs = {}
        count = 0
        cut = self._batches.cut(indices, self.batch_size)
        for done, (row, real, bucket) in enumerate(zip(*cut, strict=True), 1):
            inputs, targets, weights = self._batches.select(self._arrays, row[:real], bucket)
            count += int(real)
            for name, value in call(inputs, targets, sample_weight=weights, return_dict=True).items():
                totals[name] = totals.get(name, 0.0) + float(value) * int(real)
            yield done, {name: total / count for name, total in totals.items()}
