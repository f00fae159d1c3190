"""Sequences with their targets, read and divided: what a sequence estimator trains on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data import Sequences
from seqwise.data.random_split import RandomSplit
from seqwise.estimators.sequences.source import Source
from seqwise.estimators.sequences.summary import SequenceSummary
from seqwise.training.buckets import bucket_lengths
from seqwise.training.sequence_batches import BucketedBatches

# (steps, targets as the network learns them, weights, bucketing=…) → batches of all samples
MakeBatches = Callable[..., BucketedBatches[Any]]


@dataclass(frozen=True)
class SequenceData:
    """Sequences with their targets.

    Attributes:
        source: the names that they were read with. raw: the sequences or texts, as they came.
        encoded: the targets: class numbers, values or tags. weights: of each sequence, or of each of its labels; None
            where all weigh 1.
        split: numbers of the sequences of each part.
        notes: what was found in the data, one sentence each.
        make_batches: of prepared sequences. each_step: there is a target for each step.
    """

    source: Source
    raw: Any
    input: Any
    target: Any
    encoded: np.ndarray
    weights: np.ndarray | None
    split: RandomSplit
    notes: list[str]
    make_batches: MakeBatches
    bucketing: bool
    each_step: bool

    @cached_property
    def steps(self) -> Sequences:
        """The sequences as the network takes them."""
        return self.input.prepare(self.raw)

    @cached_property
    def _batches(self) -> BucketedBatches[Any]:
        targets = self.target.encode(self.encoded)
        return self.make_batches(self.steps, targets, self.weights, bucketing=self.bucketing)

    def batches(self, part: str) -> BucketedBatches[Any]:
        """Return the batches of ``"train"`` or ``"validation"``."""
        return self._batches.subset(getattr(self.split, part))

    @property
    def counts(self) -> dict[str, int]:
        """How many sequences each part has."""
        return {name: len(chosen) for name, chosen in self.split.__dict__.items()}

    def summary(self) -> SequenceSummary:
        """Return the shapes of all tensors."""
        words, counts = self.target.summarise(self.encoded)
        lengths = self.steps.lengths
        return SequenceSummary(
            self.raw.label,
            self.steps.columns,
            lengths,
            words,
            self.target.outputs,
            counts,
            self.counts,
            bucket_lengths(lengths) if self.bucketing else lengths.max(keepdims=True),
            tokens=self.input.tokens,
            each_step=self.each_step,
        )
