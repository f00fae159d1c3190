"""Pairs of texts as a translation network takes them: divided, their vocabularies learned, as token ids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.artifact import write_json
from seqwise.artifact.reading import read_vocabulary
from seqwise.backend import import_keras
from seqwise.data import Sequences, TextPairs, Tokenizer
from seqwise.estimators.parts import Input, InputDescription, Target, TargetDescription, Tensor
from seqwise.estimators.translation.summary import PairSummary
from seqwise.training import PairBatches

VOCABULARY = "vocabulary.json"


class PairInput(Input):
    """Texts and the translations so far, as token ids of two vocabularies.

    Args:
        kind_of_tokens: ``"words"`` or ``"bpe"``. sizes: of both tokenizers, see `seqwise.data.Tokenizer`.

    Attributes:
        source, target: the two tokenizers, learned on the training set.
    """

    kind = "pairs"

    def __init__(self, kind_of_tokens: str = "bpe", **sizes: Any) -> None:
        self.source = Tokenizer(kind_of_tokens, **sizes)
        self.target = Tokenizer(kind_of_tokens, **sizes, lowercase=False, ends=True)

    def fit(self, raw: TextPairs, train: np.ndarray) -> list[str]:
        """Learn both vocabularies from the training set; its notes depend on the pairs that are left out later."""
        pairs = raw.take(train)
        self.source.fit(pairs.sources)
        self.target.fit(pairs.targets)
        return []

    def prepare(self, raw: TextPairs) -> tuple[Sequences, Sequences]:
        """Return sources and targets as token ids."""
        return self.source.encode(raw.sources), self.target.encode(raw.targets)

    def describe(self) -> InputDescription:
        """Describe the source, and the target up to the step before."""
        tensors = tuple(Tensor(name, {"timesteps": None}, "int32") for name in ("source", "decoder_input"))
        return InputDescription(tensors, tokens={"source": len(self.source), "decoder_input": len(self.target)})

    def save(self, folder: Path) -> dict[str, Any]:
        write_json(folder / VOCABULARY, {"source": self.source.to_dict(), "target": self.target.to_dict()})
        return {"kind": self.kind, "tokens": [len(self.source), len(self.target)]}

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> PairInput:
        loaded, path, (source, target) = cls(), folder / VOCABULARY, saved["tokens"]
        loaded.source = Tokenizer.from_dict(read_vocabulary(path, source, "source"))
        loaded.target = Tokenizer.from_dict(read_vocabulary(path, target, "target"))
        return loaded

    @staticmethod
    def files() -> tuple[str, ...]:
        return (VOCABULARY,)


class TokenTarget(Target):
    """The next token of the translation, at each step.

    Attributes:
        tokenizer: of the translations.
    """

    loss_in_words = "the cross-entropy of a token, with smoothed labels"

    def __init__(self, tokenizer: Tokenizer, label_smoothing: float = 0.0) -> None:
        self.tokenizer, self.label_smoothing = tokenizer, label_smoothing

    def describe(self) -> TargetDescription:
        """Describe the logits of all tokens."""
        return TargetDescription(Tensor("logits", {"timesteps": None, "tokens": len(self.tokenizer)}))

    def loss(self) -> Any:
        """Return the cross-entropy of a token, with smoothed labels."""
        from seqwise.training.token_loss import TokenCrossentropy  # imports Keras

        return TokenCrossentropy(self.label_smoothing)

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return logits, float64."""
        return outputs.astype(np.float64)

    def save(self) -> dict[str, Any]:
        return {"kind": "tokens"}

    @classmethod
    def load(cls, saved: dict[str, Any], inputs: PairInput) -> TokenTarget:
        return cls(inputs.target)


def plain_model(model: Any) -> Any:
    """Return the model on the same layers, without its loss, which is ours, and its optimizer."""
    return import_keras().Model(model.inputs, model.outputs, name="translator")


@dataclass(frozen=True)
class PairData:
    """Pairs before anything is trained.

    Attributes:
        parts: numbers of the pairs of each part, without those that are too long to learn from.
        sources, targets: all pairs as token ids.
        too_long: what is to be said of pairs that were left out of the training and validation sets.
        own_validation: the validation set came apart: it is behind all others.
    """

    pairs: TextPairs
    parts: dict[str, np.ndarray]
    input: PairInput
    target: TokenTarget
    sources: Sequences
    targets: Sequences
    too_long: list[str]
    path: str | None = None
    own_validation: bool = False

    @cached_property
    def learned(self) -> np.ndarray:
        """The pairs that are trained on or watched, ascending: those of `_batches`, in their order."""
        return np.sort(np.concatenate([self.parts["train"], self.parts["validation"]]))

    @cached_property
    def _batches(self) -> PairBatches:
        return PairBatches(self.sources.take(self.learned), self.targets.take(self.learned))

    def batches(self, part: str) -> PairBatches:
        """Return the batches of ``"train"`` or ``"validation"``."""
        return self._batches.subset(np.searchsorted(self.learned, self.parts[part]))

    def longest(self) -> tuple[int, int]:
        """Return the tokens of the longest source and target that are trained on."""
        train = self.parts["train"]
        return int(self.sources.lengths[train].max()), int(self.targets.lengths[train].max())

    def summary(self) -> PairSummary:
        """Return the shapes of all tensors."""
        return PairSummary(
            label=self.pairs.label,
            source_lengths=self.sources.lengths,
            target_lengths=self.targets.lengths,
            source_tokens=len(self.input.source),
            target_tokens=len(self.input.target),
            parts={name: len(part) for name, part in self.parts.items()},
            sides=self._batches.sides,
        )

    @property
    def notes(self) -> list[str]:
        """What was left out, and what the vocabularies do not know of the training set."""
        chosen = self.parts["train"]
        train, notes = self.pairs.take(chosen), [*self.pairs.warnings, *self.too_long]
        for side, ids, tokenizer in (
            ("sources", self.sources, self.input.source),
            ("targets", self.targets, self.input.target),
        ):
            size = f"{side}: {len(tokenizer):,} tokens in the vocabulary."
            notes += [f"{size} {note}" for note in tokenizer.warnings(getattr(train, side), ids.take(chosen))]
        return notes
