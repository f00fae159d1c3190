"""Sequences with their targets, read and divided: what a sequence estimator trains on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from seqwise.data import Sequences
from seqwise.data.random_split import RandomSplit
from seqwise.data.texts import Texts
from seqwise.estimators.parts import Target
from seqwise.estimators.sequences.source import Source
from seqwise.estimators.sequences.summary import SequenceSummary
from seqwise.training.buckets import bucket_lengths
from seqwise.training.sequence_batches import BucketedBatches

# (steps, targets as the network learns them, weights, bucketing=…) → batches of all samples
MakeBatches = Callable[..., BucketedBatches[Any]]


class SequenceTarget(Target):
    """The targets of sequences, or of their steps.

    Attributes:
        kind: the word by which a run folder knows it. title: of the report. outputs: values of the network for each
            sequence (or step).
    """

    kind: ClassVar[str]
    title: Any
    outputs: Any

    def strata(self, encoded: np.ndarray, /) -> np.ndarray | None:
        """Return what the parts are to have alike; None where they are drawn from all sequences alike."""
        return None

    @abstractmethod
    def encode(self, encoded: np.ndarray, /) -> Any:
        """Return what the network is trained to say."""

    @abstractmethod
    def summarise(self, encoded: np.ndarray, /) -> tuple[str, dict[str, int]]:
        """Return what the model gives, in words, and how many sequences (or steps) each class has, if any."""


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
        own_validation: the validation set is `fit`'s `validation_data`.
    """

    source: Source
    raw: Sequences | Texts
    input: Any
    target: SequenceTarget
    encoded: np.ndarray
    weights: np.ndarray | None
    split: RandomSplit
    notes: list[str]
    make_batches: MakeBatches
    bucketing: bool
    each_step: bool
    own_validation: bool = False

    @property
    def path(self) -> str | None:
        """The file that they were read from; None for data in memory."""
        return self.source.path

    @cached_property
    def steps(self) -> Sequences:
        """The sequences as the network takes them."""
        return self.input.prepare(self.raw)

    @cached_property
    def _batches(self) -> BucketedBatches[Any]:
        targets = self.target.encode(self.encoded)
        return self.make_batches(self.steps, targets, self.weights, bucketing=self.bucketing)

    def batches(self, part: str) -> BucketedBatches[Any]:
        """Return the batches of ``"train"`` or ``"validation"``; or of ``"refit"``, both together."""
        if part == "refit":
            return self._batches.subset(np.concatenate([self.split.train, self.split.validation]))
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
            spelling=0 if self.input.tokens is None else len(self.steps.columns) - 1,
        )
