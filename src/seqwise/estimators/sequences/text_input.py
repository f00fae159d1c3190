"""What a sequence estimator knows of its inputs, where they are texts: the vocabulary, and vectors to start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from seqwise.artifact import write_json
from seqwise.artifact.reading import read_vocabulary
from seqwise.data import Sequences, Tokenizer, Vectors, read_vectors
from seqwise.data.sequences import object_array
from seqwise.data.spelling import PARTS, Speller
from seqwise.data.texts import Texts
from seqwise.data.word_vectors import learn_vectors
from seqwise.errors import SettingError
from seqwise.estimators.parts import Input, InputDescription, Tensor

VOCABULARY = "vocabulary.json"
LEARNED_SIZE = 2.0  # length of a word's vector that was learned from texts without labels, where training starts
MANY_MORE = 4  # times as many texts without labels: with fewer the labels say more of a word than its company does


class TextInput(Input):
    """The texts of an estimator as token ids.

    Args:
        tokenizing: settings of the `seqwise.data.Tokenizer`; None for its defaults.
        vectors_file: of pretrained vectors; None for none. seed: of the vectors of tokens that the file does not have.
        width: of vectors that are learned from texts without labels.

    Attributes:
        tokenizer: fitted on the training set, and on the texts without labels.
        vectors: the file's, in the order of the tokenizer's tokens; None after `load`, for they are in the model's
            weights. learned: those from texts without labels, of length 1. starts: whether training starts from them.
    """

    kind = "texts"
    features = 1
    near = 5  # words on each side that are a word's company

    def __init__(
        self,
        tokenizing: Mapping[str, Any] | None = None,
        vectors_file: str | None = None,
        seed: int = 0,
        width: int = 64,
    ) -> None:
        self.tokenizing, self.vectors_file, self.seed = dict(tokenizing or {}), vectors_file, seed
        self.width = width
        self.vectors: Vectors | None = None
        self.learned: Vectors | None = None
        self.starts = False

    @property
    def tokens(self) -> int:
        """Size of the vocabulary."""
        return len(self.tokenizer)

    def fit(self, raw: Texts, train: np.ndarray, more: Texts | None = None) -> list[str]:
        """Learn the vocabulary from the training set, and read its vectors. Returns notes, one sentence each.

        Args:
            train: numbers of its texts.
            more: texts without labels, of which the vocabulary and the words' vectors are learned, too.
        """
        texts = raw.values[train]
        others = _others(texts, more)
        everything = np.concatenate([texts, others])
        self.tokenizer = Tokenizer(**self._tokenizer_settings()).fit(everything)
        encoded = self.tokenizer.encode(texts)
        notes = [f"The vocabulary holds {len(self.tokenizer):,} tokens.", *self.tokenizer.warnings(texts, encoded)]
        if self.vectors_file is not None:
            if self.tokenizer.kind == "bpe":
                raise SettingError("vectors are of whole words, but tokenizer={'kind': 'bpe'} splits them. Drop one.")
            self.vectors = read_vectors(self.vectors_file, self.tokenizer.tokens_)
            notes += self.vectors.warnings(encoded)
        if more is not None:
            self.learned = learn_vectors(self.tokenizer.encode(everything), self.tokens, self.width, self.near)
            self.starts = len(others) >= MANY_MORE * len(texts) and bool(self.learned.known.any())
            then = f"which are too few for the network to start from: fewer than {MANY_MORE} for each with a label."
            known = int(self.learned.known.sum())
            notes.append(
                f"{known:,} words have vectors learned from {len(others):,} more texts without labels, "
                f"{'and the network starts from these.' if self.starts else then}"
            )
        return notes

    def _tokenizer_settings(self) -> dict[str, Any]:
        return self.tokenizing

    def prepare(self, raw: Texts) -> Sequences:
        """Return the texts as the network takes them: token ids, int32, of one feature."""
        return self.tokenizer.encode(raw.values)

    def describe(self) -> InputDescription:
        """Describe the token ids, and the vectors to start from."""
        table = None if self.vectors is None else self.vectors.table(self.seed)
        if self.learned is not None and self.starts:
            table = LEARNED_SIZE * self.learned.table(self.seed)
        ids = Tensor("tokens", {"timesteps": None}, "int32")
        return InputDescription((ids,), tokens={ids.name: self.tokens}, vectors=table)

    def save(self, folder: Path) -> dict[str, Any]:
        write_json(folder / VOCABULARY, self.tokenizer.to_dict())
        return {"kind": self.kind, "tokens": len(self.tokenizer)}

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> Self:
        loaded = cls()
        loaded.tokenizer = Tokenizer.from_dict(read_vocabulary(folder / VOCABULARY, saved["tokens"]))
        return loaded

    @staticmethod
    def files() -> tuple[str, ...]:
        return (VOCABULARY,)


def _others(texts: np.ndarray, more: Texts | None) -> np.ndarray:
    """Return the texts without labels that are not among `texts`: their words would count twice."""
    if more is None:
        return texts[:0]

    def hashable(text: str | list[str]) -> str | tuple[str, ...]:
        return text if isinstance(text, str) else tuple(text)

    known = set(map(hashable, texts))
    return object_array([text for text in more.values if hashable(text) not in known])


class TokenInput(TextInput):
    """Lists of tokens as ids, one for each token: none is split, and no list is cut."""

    kind = "tokens"
    near = 2

    def fit(self, raw: Texts, train: np.ndarray, more: Texts | None = None) -> list[str]:
        for name in ("kind", "max_length", "ends"):
            if self.tokenizing.get(name) not in (None, False, "tokens"):
                raise SettingError(
                    f"tokenizer sets {name}={self.tokenizing[name]!r}, but a Tagger takes tokens as they come: each "
                    "has its tag. Leave it out."
                )
        return super().fit(raw, train, more)

    def _tokenizer_settings(self) -> dict[str, Any]:
        return self.tokenizing | {"kind": "tokens"}


class SpelledInput(TokenInput):
    """Lists of tokens as ids, each beside the ids of the parts of its spelling.

    Attributes:
        speller: fitted on the training set.
    """

    kind = "spelled"

    @property
    def spellings(self) -> int:
        """Size of the vocabulary of spellings."""
        return len(self.speller)

    def fit(self, raw: Texts, train: np.ndarray, more: Texts | None = None) -> list[str]:
        notes = super().fit(raw, train, more)
        self.speller = Speller().fit(raw.values[train])
        return notes

    def prepare(self, raw: Texts) -> Sequences:
        """Return the tokens as the network takes them: int32, each one's id and then those of its spelling's parts."""
        words = super().prepare(raw)
        parts = self.speller.encode(raw.values)
        names = ["token", *(f"spelling {i + 1}" for i in range(PARTS))]
        return replace(words, values=np.concatenate([words.values, parts], axis=1), columns=names)

    def describe(self) -> InputDescription:
        """Describe the token ids, and the ids of their spelling."""
        words = super().describe()
        parts = Tensor("spelling", {"timesteps": None, "parts": PARTS}, "int32")
        return replace(words, tensors=(*words.tensors, parts), tokens={**words.tokens, parts.name: self.spellings})

    def save(self, folder: Path) -> dict[str, Any]:
        write_json(folder / VOCABULARY, {"tokens": self.tokenizer.to_dict(), "spelling": self.speller.to_dict()})
        return {"kind": self.kind, "tokens": self.tokens, "spellings": self.spellings}

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> Self:
        loaded, path = cls(), folder / VOCABULARY
        loaded.tokenizer = Tokenizer.from_dict(read_vocabulary(path, saved["tokens"], "tokens"))
        loaded.speller = Speller.from_dict(read_vocabulary(path, saved["spellings"], "spelling"))
        return loaded
