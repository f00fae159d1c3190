"""Batches of pairs of sequences for an encoder and a decoder that is taught by the right answer so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqwise.data import Sequences
from seqwise.data.padding import pad_joined
from seqwise.training.sequence_batches import BucketedBatches


@dataclass(frozen=True)
class PairBatches(BucketedBatches):
    """Pairs of token sequences as a translation model takes them: ``[source, decoder input]``.

    The decoder reads a target without its last token and learns the target without its first one (teacher forcing,
    Williams & Zipser 1989); padding weighs nothing. A batch's pairs are alike in the longer of their two lengths.

    Attributes:
        sources: token ids, int32, one feature; 0 is padding and stands in no sequence.
        targets: the same, each with a start token before and an end token after it.
    """

    sources: Sequences
    targets: Sequences

    @property
    def timesteps(self) -> np.ndarray:
        return np.maximum(self.sources.lengths, self.targets.lengths - 1)

    @cached_property
    def sides(self) -> list[tuple[int, int]]:
        """Timesteps of source and of target in each bucket's batches."""
        return [
            (int(self.sources.lengths[mine].max()), int(self.targets.lengths[mine].max()) - 1)
            for mine in (self.bucket == b for b in range(len(self.lengths)))
        ]

    def gather(self, chosen: np.ndarray, bucket: int = 0) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Return (model inputs, targets, weights of their steps) of the pairs `chosen`, as long as their bucket."""
        source_steps, target_steps = self.sides[bucket]
        source = pad_joined(self.sources.take(chosen), length=source_steps).values[..., 0]
        target = pad_joined(self.targets.take(chosen), length=target_steps + 1).values[..., 0]
        learned = target[:, 1:]
        real = learned != 0
        return [source, np.where(real, target[:, :-1], 0)], learned, real.astype(np.float32)
