"""Batches of sequences of similar length: shuffled, every sample once an epoch, and never without their mask."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Self, TypeVar

import numpy as np

from seqwise.backend import Array, namespace
from seqwise.data import Sequences
from seqwise.training.batches import Batch, Batches, Cut, Inputs
from seqwise.training.buckets import bucket_lengths

Arrays = TypeVar("Arrays")


class StepArrays(NamedTuple):
    """Concatenated sequences, as in `seqwise.data.Sequences`.

    Attributes:
        values: shape (steps, features).
        starts, lengths: int, shape (samples,).
    """

    values: Array
    starts: Array
    lengths: Array

    @classmethod
    def of(cls, sequences: Sequences) -> Self:
        return cls(sequences.values, sequences.starts, sequences.lengths)

    def padded(self, chosen: Array, timesteps: int) -> tuple[Array, Array]:
        """Return the chosen sequences as (samples, timesteps, features), zero at padding, and their mask, bool,
        (samples, timesteps)."""
        xp = namespace(chosen)
        steps = xp.arange(timesteps)
        mask = steps < self.lengths[chosen][:, None]
        rows = xp.where(mask, self.starts[chosen][:, None] + steps, 0)
        return xp.where(mask[..., None], self.values[rows], 0), mask


@dataclass(frozen=True)
class BucketedBatches(Batches[Arrays]):
    """Samples of unequal lengths, cut into batches of similar length; an index is a sample's number.

    Attributes:
        ids: int32: the samples of this split; None for all. The splits share everything else, the buckets too.
        bucketing: batches of similar length; False pads every batch to the longest sample.
    """

    ids: np.ndarray | None = field(default=None, kw_only=True)
    bucketing: bool = field(default=True, kw_only=True)

    @property
    @abstractmethod
    def timesteps(self) -> np.ndarray:
        """The length of each sample, int, shape (samples,)."""

    @property
    def indices(self) -> np.ndarray:
        return np.arange(len(self.timesteps), dtype=np.int32) if self.ids is None else self.ids

    def subset(self, ids: np.ndarray) -> Self:
        """Return the batches of some of the samples, in the same buckets."""
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
        """Return the samples of a batch in each bucket: `batch_size`, but at most a power of two that holds the bucket.

        A single outlier of 100,000 steps is thus a batch of one.
        """
        counts = np.bincount(self.bucket, minlength=len(self.lengths))
        return [int(min(batch_size, 2 ** np.ceil(np.log2(max(count, 1))))) for count in counts]

    def cut(self, order: np.ndarray, batch_size: int) -> Cut:
        """Cut samples, in their order, into batches of one bucket each.

        The samples of a bucket keep their order, and the batches are ordered by their first samples: both follow from
        `order` alone. The batches of a bucket are equally large, or differ by one sample: 36 samples in batches of 16
        are three of 12, since batch normalisation would learn little from a last one of 4.
        """
        rows, real, buckets, first = [], [], [], []
        places = np.arange(len(order))
        for b, size in enumerate(self.sizes(batch_size)):
            members = self.bucket[order] == b
            count = -(-int(members.sum()) // size)
            for chosen in np.array_split(places[members], count) if count else ():
                rows.append(np.resize(np.resize(order[chosen], size), batch_size))
                real.append(len(chosen))
                buckets.append(b)
                first.append(chosen[0])
        turn = np.argsort(first)
        return Cut(np.array(rows, np.int32)[turn], np.array(real)[turn], np.array(buckets, np.int32)[turn])


class LabelledArrays(NamedTuple):
    """Sequences with a target each. targets: shape (samples, …); weights: float32, shape (samples,), or None."""

    sequences: StepArrays
    targets: Array
    weights: Array | None


@dataclass(frozen=True)
class SequenceBatches(BucketedBatches[LabelledArrays]):
    """Sequences with a target each, as a Keras model takes them (see `model_inputs`).

    Attributes:
        sequences: scaled, float32; or token ids, int32, of one feature.
        targets: shape (samples, …).
        weights: float32, shape (samples,): the weight of each sample in the loss; None if all weigh 1.
    """

    sequences: Sequences
    targets: np.ndarray
    weights: np.ndarray | None = None

    @property
    def timesteps(self) -> np.ndarray:
        return self.sequences.lengths

    @property
    def arrays(self) -> LabelledArrays:
        return LabelledArrays(StepArrays.of(self.sequences), self.targets, self.weights)

    def select(self, arrays: LabelledArrays, chosen: Array, bucket: int = 0) -> Batch:
        inputs = model_inputs(*arrays.sequences.padded(chosen, int(self.lengths[bucket])))
        weights = None if arrays.weights is None else arrays.weights[chosen]
        return Batch(inputs, arrays.targets[chosen], weights)


def model_inputs(values: Array, mask: Array) -> Inputs:
    """Return a batch of padded sequences as a model takes it.

    Args:
        values: shape (samples, timesteps, features), zero at padding.
        mask: bool, shape (samples, timesteps).

    Returns:
        ``[values, mask]``; of token ids (whole numbers) the ids alone, (samples, timesteps): id 0 is padding, and the
        model's `Embedding(mask_zero=True)` knows it; where a step has further ids, ``[ids, further ids]``.
    """
    if values.dtype.kind not in "iu":
        return [values, mask]
    return values[..., 0] if values.shape[-1] == 1 else [values[..., 0], values[..., 1:]]
