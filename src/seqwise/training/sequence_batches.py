"""Batches of sequences of similar length: shuffled, every sample once an epoch, and never without their mask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from seqwise.data import Sequences
from seqwise.data.padding import pad_joined
from seqwise.training.buckets import bucket_lengths
from seqwise.training.window_batches import Cut


@dataclass(frozen=True)
class BucketedBatches:
    """Samples of unequal lengths, cut into batches of like lengths.

    Attributes:
        ids: int32: the samples of this part; None for all. The parts share everything else, the buckets too.
        bucketing: batches of like lengths; False pads every batch to the longest sample.
    """

    ids: np.ndarray | None = field(default=None, kw_only=True)
    bucketing: bool = field(default=True, kw_only=True)

    @property
    def timesteps(self) -> np.ndarray:
        """Of each sample, int, shape (samples,)."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def origins(self) -> np.ndarray:
        """What an epoch shuffles: the samples' numbers, int32, shape (samples,)."""
        return np.arange(len(self.timesteps), dtype=np.int32) if self.ids is None else self.ids

    def part(self, ids: np.ndarray) -> Self:
        """Return the batches of some of the samples, on the same buckets."""
        return replace(self, ids=ids.astype(np.int32))

    @cached_property
    def lengths(self) -> np.ndarray:
        """Timesteps of each bucket's batches, ascending."""
        return bucket_lengths(self.timesteps) if self.bucketing else self.timesteps.max(keepdims=True)

    @cached_property
    def bucket(self) -> np.ndarray:
        """The bucket of each sample, shape (samples,)."""
        return np.searchsorted(self.lengths, self.timesteps)

    def sizes(self, batch_size: int) -> list[int]:
        """Samples of each bucket's batches: `batch_size`, but no more than a power of two that holds the bucket.

        So a single outlier of 100,000 steps is a batch of one.
        """
        counts = np.bincount(self.bucket, minlength=len(self.lengths))
        return [int(min(batch_size, 2 ** np.ceil(np.log2(max(count, 1))))) for count in counts]

    def cut(self, order: np.ndarray, batch_size: int) -> Cut:
        """Cut samples, in the order given, into batches of one bucket each.

        The samples of a bucket keep their order; the batches stand in the order of their first samples. So both
        follow from `order` alone: where that is shuffled by a seed, they are too.
        """
        rows, real, buckets, first = [], [], [], []
        places = np.arange(len(order))
        for b, size in enumerate(self.sizes(batch_size)):
            mine = self.bucket[order] == b
            samples, at = order[mine], places[mine]
            for start in range(0, len(samples), size):
                chosen = samples[start : start + size]
                rows.append(np.resize(np.resize(chosen, size), batch_size))
                real.append(len(chosen))
                buckets.append(b)
                first.append(at[start])
        turn = np.argsort(first)
        return Cut(np.array(rows, np.int32)[turn], np.array(real)[turn], np.array(buckets, np.int32)[turn])

    def gather(self, chosen: np.ndarray, bucket: int = 0) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """Return (model inputs, targets, sample weights) of the samples `chosen`, as long as their bucket."""
        raise NotImplementedError


@dataclass(frozen=True)
class SequenceBatches(BucketedBatches):
    """Sequences with a target each, as a Keras model takes them (see `model_inputs`).

    Attributes:
        sequences: scaled, float32; or token ids, int32, of one feature.
        targets: shape (samples, …).
        weights: float32, shape (samples,): what each sample weighs in the loss; None where all weigh 1.
    """

    sequences: Sequences
    targets: np.ndarray
    weights: np.ndarray | None = None

    @property
    def timesteps(self) -> np.ndarray:
        return self.sequences.lengths

    def gather(self, chosen: np.ndarray, bucket: int = 0) -> tuple[Any, np.ndarray, np.ndarray | None]:
        batch = pad_joined(self.sequences.take(chosen), length=int(self.lengths[bucket]))
        weights = None if self.weights is None else self.weights[chosen]
        return model_inputs(*batch), self.targets[chosen], weights


def model_inputs(values: Any, mask: Any) -> Any:
    """Return what a model takes of padded sequences.

    Args:
        values: shape (samples, timesteps, features), zero at padding; an array of NumPy or JAX.
        mask: bool, shape (samples, timesteps).

    Returns:
        ``[values, mask]``; of token ids (whole numbers) the ids alone, (samples, timesteps): id 0 is padding, and the
        model's `Embedding(mask_zero=True)` knows it.
    """
    return values[..., 0] if values.dtype.kind in "iu" else [values, mask]
