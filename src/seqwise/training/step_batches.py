"""Batches of sequences with a target at every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqwise.backend import Array
from seqwise.data import Sequences
from seqwise.training.batches import Batch
from seqwise.training.sequence_batches import BucketedBatches, StepArrays, model_inputs


class LabelledSteps(NamedTuple):
    """Sequences, a target for each of their steps, and float32 weights of the samples, (samples,), or None."""

    sequences: StepArrays
    targets: StepArrays
    weights: Array | None


@dataclass(frozen=True)
class StepBatches(BucketedBatches[LabelledSteps]):
    """Sequences with a whole number to learn at each of their steps; padding weighs nothing.

    Attributes:
        sequences: scaled, float32; or token ids, int32, of one feature.
        targets: int32, one for each step, of one feature; as long as the sequences.
        weights: float32, shape (samples,): the weight of each step of a sequence in the loss; None if all weigh 1.
    """

    sequences: Sequences
    targets: Sequences
    weights: np.ndarray | None = None

    @property
    def timesteps(self) -> np.ndarray:
        return self.sequences.lengths

    @property
    def arrays(self) -> LabelledSteps:
        return LabelledSteps(StepArrays.of(self.sequences), StepArrays.of(self.targets), self.weights)

    def select(self, arrays: LabelledSteps, chosen: Array, bucket: int = 0) -> Batch:
        length = int(self.lengths[bucket])
        values, mask = arrays.sequences.padded(chosen, length)
        targets, _ = arrays.targets.padded(chosen, length)
        weights = mask.astype(np.float32)
        if arrays.weights is not None:
            weights = weights * arrays.weights[chosen, None]
        return Batch(model_inputs(values, mask), targets[..., 0], weights)
