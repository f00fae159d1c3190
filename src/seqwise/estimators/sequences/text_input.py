"""What a sequence estimator knows of its inputs, where they are texts: the vocabulary, and pretrained vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from seqwise.artifact import write_json
from seqwise.artifact.reading import read_vocabulary
from seqwise.data import Sequences, Tokenizer, Vectors, read_vectors
from seqwise.data.spelling import PARTS, Speller
from seqwise.data.texts import Texts
from seqwise.errors import SettingError
from seqwise.estimators.parts import Input, InputDescription, Tensor

VOCABULARY = "vocabulary.json"


class TextInput(Input):
    """The texts of an estimator as token ids.

    Args:
        tokenizing: settings of the `seqwise.data.Tokenizer`; None for its defaults.
        vectors_file: of pretrained vectors; None for none. seed: of the vectors of tokens that the file does not have.

    Attributes:
        tokenizer: fitted on the training set. vectors: the file's, in the order of the tokenizer's tokens; None after
            `load`, for they are in the model's weights.
    """

    kind = "texts"
    features = 1

    def __init__(
        self, tokenizing: Mapping[str, Any] | None = None, vectors_file: str | None = None, seed: int = 0
    ) -> None:
        self.tokenizing, self.vectors_file, self.seed = dict(tokenizing or {}), vectors_file, seed
        self.vectors: Vectors | None = None

    @property
    def tokens(self) -> int:
        """Size of the vocabulary."""
        return len(self.tokenizer)

    def fit(self, raw: Texts, train: np.ndarray) -> list[str]:
        """Learn the vocabulary from the training set, and read its vectors. Returns notes, one sentence each.

        Args:
            train: numbers of its texts.
        """
        texts = raw.values[train]
        self.tokenizer = Tokenizer(**self._tokenizer_settings()).fit(texts)
        encoded = self.tokenizer.encode(texts)
        notes = [f"The vocabulary holds {len(self.tokenizer):,} tokens.", *self.tokenizer.warnings(texts, encoded)]
        if self.vectors_file is not None:
            if self.tokenizer.kind == "bpe":
                raise SettingError("vectors are of whole words, but tokenizer={'kind': 'bpe'} splits them. Drop one.")
            self.vectors = read_vectors(self.vectors_file, self.tokenizer.tokens_)
            notes += self.vectors.warnings(encoded)
        return notes

    def _tokenizer_settings(self) -> dict[str, Any]:
        return self.tokenizing

    def prepare(self, raw: Texts) -> Sequences:
        """Return the texts as the network takes them: token ids, int32, of one feature."""
        return self.tokenizer.encode(raw.values)

    def describe(self) -> InputDescription:
        """Describe the token ids, and the vectors to start from."""
        table = None if self.vectors is None else self.vectors.table(self.seed)
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


class TokenInput(TextInput):
    """Lists of tokens as ids, one for each token: none is split, and no list is cut."""

    kind = "tokens"

    def fit(self, raw: Texts, train: np.ndarray) -> list[str]:
        for name in ("kind", "max_length", "ends"):
            if self.tokenizing.get(name) not in (None, False, "tokens"):
                raise SettingError(
                    f"tokenizer sets {name}={self.tokenizing[name]!r}, but a Tagger takes tokens as they come: each "
                    "has its tag. Leave it out."
                )
        return super().fit(raw, train)

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

    def fit(self, raw: Texts, train: np.ndarray) -> list[str]:
        notes = super().fit(raw, train)
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
