"""What the fit loop trains on: samples, and how an epoch of them is cut into batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np

from seqwise.backend import Array

Inputs: TypeAlias = "Array | list[Array]"
Arrays = TypeVar("Arrays")


class Batch(NamedTuple):
    """One batch, as Keras's `train_on_batch` takes it.

    Attributes:
        inputs: the model's input, or a list of them, each (samples, …).
        targets: shape (samples, …).
        weights: float32, shape (samples,) or (samples, …): the share of each target in the loss; None where all
            weigh 1.
    """

    inputs: Inputs
    targets: Array
    weights: Array | None


class Cut(NamedTuple):
    """The batches of an epoch, or some of them.

    Attributes:
        rows: int32, shape (batches, batch size): samples of each batch; a short one is filled up with repeats.
        real: int or float32, shape (batches,): how many samples of each batch count; they come first.
        buckets: int32, shape (batches,): the bucket of each batch, which says how long it is.
    """

    rows: Array
    real: Array
    buckets: Array


class Batches(ABC, Generic[Arrays]):
    """Samples that can be cut into batches.

    The samples lie in a few arrays. `select` takes a batch from them with the operations that NumPy and JAX share, so
    the same code runs on the host and inside a compiled program whose arrays stay on the device.
    """

    @property
    @abstractmethod
    def arrays(self) -> Arrays:
        """The arrays that the samples lie in: a tuple, possibly nested, of NumPy arrays and None."""

    @property
    @abstractmethod
    def indices(self) -> np.ndarray:
        """The samples of this split, int32, shape (samples,): what an epoch shuffles."""

    @abstractmethod
    def sizes(self, batch_size: int) -> list[int]:
        """Return the samples of a batch in each bucket."""

    @abstractmethod
    def cut(self, order: np.ndarray, batch_size: int) -> Cut:
        """Cut `order`, a permutation of `indices`, into batches. Each keeps to one bucket."""

    @abstractmethod
    def select(self, arrays: Arrays, chosen: Array, bucket: int = 0) -> Batch:
        """Take a batch.

        Args:
            arrays: those of `arrays`, of NumPy or of JAX.
            chosen: some of `indices`, int, shape (samples,).
            bucket: the bucket that all of them are in.
        """

    def __len__(self) -> int:
        return len(self.indices)

    def batches_per_epoch(self, batch_size: int) -> int:
        return len(self.cut(self.indices, batch_size).real)
