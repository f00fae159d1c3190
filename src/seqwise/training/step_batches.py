"""Batches of sequences with a target at every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.data import Sequences
from seqwise.data.padding import pad_joined
from seqwise.training.sequence_batches import BucketedBatches, model_inputs


@dataclass(frozen=True)
class StepBatches(BucketedBatches):
    """Sequences with a whole number to learn at each of their steps; padding weighs nothing.

    Attributes:
        sequences: scaled, float32; or token ids, int32, of one feature.
        targets: int32, one for each step, of one feature; as long as the sequences.
        weights: float32, shape (samples,): what each step of a sequence weighs in the loss; None where all weigh 1.
    """

    sequences: Sequences
    targets: Sequences
    weights: np.ndarray | None = None

    @property
    def timesteps(self) -> np.ndarray:
        return self.sequences.lengths

    def gather(self, chosen: np.ndarray, bucket: int = 0) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return (model inputs, targets (samples, timesteps), their weights) of the samples `chosen`."""
        length = int(self.lengths[bucket])
        batch = pad_joined(self.sequences.take(chosen), length=length)
        targets = pad_joined(self.targets.take(chosen), length=length).values[..., 0]
        each = batch.mask.astype(np.float32) if self.weights is None else batch.mask * self.weights[chosen, None]
        return model_inputs(*batch), targets, each
