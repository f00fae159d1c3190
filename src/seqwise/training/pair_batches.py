"""Batches of pairs of sequences for an encoder and a decoder, trained with teacher forcing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from seqwise.backend import Array, namespace
from seqwise.data import Sequences
from seqwise.training.batches import Batch
from seqwise.training.sequence_batches import BucketedBatches, StepArrays


class PairArrays(NamedTuple):
    sources: StepArrays
    targets: StepArrays


@dataclass(frozen=True)
class PairBatches(BucketedBatches[PairArrays]):
    """Pairs of token sequences as a translation model takes them: ``[source, decoder input]``.

    The decoder input is a target without its last token, and the decoder learns the target without its first one
    (teacher forcing, Williams & Zipser 1989); padding weighs nothing. Pairs are batched by the longer of their two
    lengths.

    Attributes:
        sources: token ids, int32, one feature; 0 is padding and occurs in no sequence.
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
            (int(self.sources.lengths[members].max()), int(self.targets.lengths[members].max()) - 1)
            for members in (self.bucket == b for b in range(len(self.lengths)))
        ]

    @property
    def arrays(self) -> PairArrays:
        return PairArrays(StepArrays.of(self.sources), StepArrays.of(self.targets))

    def select(self, arrays: PairArrays, chosen: Array, bucket: int = 0) -> Batch:
        source_steps, target_steps = self.sides[bucket]
        source, _ = arrays.sources.padded(chosen, source_steps)
        target, mask = arrays.targets.padded(chosen, target_steps + 1)
        learned = mask[:, 1:]
        decoder_input = namespace(chosen).where(learned, target[:, :-1, 0], 0)  # all but the last token
        return Batch([source[..., 0], decoder_input], target[:, 1:, 0], learned.astype(np.float32))
