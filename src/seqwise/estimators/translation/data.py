"""Pairs of texts as a translation network takes them: divided, their vocabularies learned, as token ids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data import Sequences
from seqwise.data.text_pairs import TextPairs, split_pairs
from seqwise.data.tokenizer import Tokenizer
from seqwise.errors import DataError
from seqwise.estimators.translation.summary import PairSummary
from seqwise.training import PairBatches


@dataclass(frozen=True)
class ReadPairs:
    """Pairs before anything is trained.

    Attributes:
        parts: the pairs of each part; `tokenizers`: of sources and targets, learned on the training part.
        sources, targets: all pairs as token ids.
        too_long: what is to be said of pairs that were left out of the training and validation parts.
    """

    pairs: TextPairs
    parts: dict[str, np.ndarray]
    tokenizers: tuple[Tokenizer, Tokenizer]
    sources: Sequences
    targets: Sequences
    too_long: list[str]

    @cached_property
    def learned(self) -> np.ndarray:
        """The pairs that are trained on or watched, ascending: those of `batches`, in their order."""
        return np.sort(np.concatenate([self.parts["train"], self.parts["validation"]]))

    @cached_property
    def batches(self) -> PairBatches:
        return PairBatches(self.sources.take(self.learned), self.targets.take(self.learned))

    def part(self, name: str) -> PairBatches:
        """Return the batches of ``"train"`` or ``"validation"``."""
        return self.batches.subset(np.searchsorted(self.learned, self.parts[name]))

    def longest(self) -> tuple[int, int]:
        """Return the tokens of the longest source and target that are trained on."""
        train = self.parts["train"]
        return int(self.sources.lengths[train].max()), int(self.targets.lengths[train].max())

    def story(self) -> PairSummary:
        source, target = self.tokenizers
        return PairSummary(
            label=self.pairs.label,
            source_lengths=self.sources.lengths,
            target_lengths=self.targets.lengths,
            source_tokens=len(source),
            target_tokens=len(target),
            parts={name: len(part) for name, part in self.parts.items()},
            sides=self.batches.sides,
        )

    def notes(self) -> list[str]:
        """Tell what was left out, and what the vocabularies do not know of the training part."""
        chosen = self.parts["train"]
        train, found = self.pairs.take(chosen), [*self.pairs.warnings, *self.too_long]
        sides = (("sources", self.sources), ("targets", self.targets))
        for (side, ids), tokenizer in zip(sides, self.tokenizers, strict=True):
            told = tokenizer.warnings(getattr(train, side), ids.take(chosen))
            found += [f"{side}: {len(tokenizer):,} tokens in the vocabulary. {note}" for note in told]
        return found


def prepare_pairs(settings: Any, pairs: TextPairs) -> ReadPairs:
    """Divide pairs, learn the vocabularies of the training part, and encode.

    Pairs with a side of more than `max_length` tokens are neither trained on nor watched: attention holds source times
    target steps for each of a batch.

    Args:
        settings: a Translator's.

    Raises:
        DataError: no pair is left to train on.
    """
    parts = split_pairs(pairs.sources, validation=settings.validation, test=settings.test, seed=settings.seed)
    train = pairs.take(parts["train"])
    sizes: dict[str, Any] = {"size": settings.vocabulary, "min_count": settings.min_count}
    tokenizers = (
        Tokenizer(settings.tokens, **sizes).fit(train.sources),
        Tokenizer(settings.tokens, **sizes, lowercase=False, ends=True).fit(train.targets),
    )
    sources, targets = tokenizers[0].encode(pairs.sources), tokenizers[1].encode(pairs.targets)
    long = np.maximum(sources.lengths, targets.lengths) > settings.max_length
    learned = np.concatenate([parts["train"], parts["validation"]])
    notes = []
    if long[learned].any():
        first = learned[long[learned]].min()
        notes.append(
            f"{long[learned].sum():,} of the {len(learned):,} pairs to learn from have a side of more than "
            f"max_length={settings.max_length} tokens, first {pairs.sources[first][:40]!r}…: left out."
        )
        parts |= {name: parts[name][~long[parts[name]]] for name in ("train", "validation")}
    if not len(parts["train"]):
        raise DataError(
            f"Each of the {len(learned):,} pairs to learn from has a side of more than max_length="
            f"{settings.max_length} tokens. Cut the texts into sentences, or raise max_length."
        )
    return ReadPairs(pairs, parts, tokenizers, sources, targets, notes)
