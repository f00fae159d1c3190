"""What a sequence estimator knows of its inputs, where they are texts: the vocabulary, and pretrained vectors."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.artifact import write_json
from seqwise.baselines.bag_of_words import BagOfWords
from seqwise.data import Sequences, Tokenizer, Vectors, read_vectors
from seqwise.data.texts import Texts
from seqwise.errors import SettingError, nearest
from seqwise.estimators.sequences.number_input import pooling_of
from seqwise.estimators.sequences.recipes import setting
from seqwise.estimators.sequences.text_network import build_text_network
from seqwise.estimators.settings import is_whole

VOCABULARY = "vocabulary.json"


def check_text_settings(settings: Any) -> None:
    """Raise `SettingError` for the first of the settings of texts that is out of range."""
    given = settings.tokenizer
    if given is not None and not isinstance(given, Mapping):
        raise SettingError(f"tokenizer={given!r}: expected a Tokenizer's settings, for example {{'kind': 'bpe'}}.")
    known = list(inspect.signature(Tokenizer).parameters)
    for name in given or {}:
        if name not in known:
            raise SettingError(f"tokenizer names {name!r}, which is no setting of a Tokenizer.{nearest(name, known)}")
    if not is_whole(settings.embedding, 1):
        raise SettingError(f"embedding={settings.embedding!r}: expected the width of a word's vector, at least 1.")
    if not isinstance(settings.frozen, bool):
        raise SettingError(f"frozen={settings.frozen!r}: expected True or False.")
    if settings.frozen and settings.vectors is None:
        raise SettingError("frozen=True without vectors would keep random ones. Name a file: vectors='glove….txt'.")


class TextInput:
    """The texts of an estimator as token ids.

    Args:
        settings: the estimator, whose settings say how texts are split and read.
    """

    kind = "texts"
    features = 1

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @property
    def tokens(self) -> int:
        """Of the vocabulary."""
        return len(self.tokenizer)

    def fit(self, raw: Texts, train: np.ndarray) -> list[str]:
        """Learn the vocabulary from the training part, and read its vectors. Returns notes, one sentence each.

        Args:
            train: numbers of its texts.
        """
        settings = self.settings
        texts = raw.values[train]
        self.tokenizer = Tokenizer(**self._settings()).fit(texts)
        encoded = self.tokenizer.encode(texts)
        notes = [f"The vocabulary holds {len(self.tokenizer):,} tokens.", *self.tokenizer.warnings(texts, encoded)]
        self.vectors: Vectors | None = None
        if settings.vectors is not None:
            if self.tokenizer.kind == "bpe":
                raise SettingError("vectors are of whole words, but tokenizer={'kind': 'bpe'} splits them. Drop one.")
            self.vectors = read_vectors(settings.vectors, self.tokenizer.tokens_)
            notes += self.vectors.warnings(encoded)
        return notes

    def _settings(self) -> dict[str, Any]:
        return dict(self.settings.tokenizer or {})

    def prepare(self, raw: Texts) -> Sequences:
        """Return the texts as the network takes them: token ids, int32, of one feature."""
        return self.tokenizer.encode(raw.values)

    def network(self, outputs: int) -> Any:
        """Return the network, from token ids to (samples, outputs)."""
        settings, vectors = self.settings, self.vectors
        return build_text_network(
            tokens=len(self.tokenizer),
            outputs=outputs,
            embedding=settings.embedding,
            units=tuple(settings.units),
            bidirectional=settings.bidirectional,
            pooling=pooling_of(setting(settings, "pooling", self.kind)),
            dropout=setting(settings, "dropout", self.kind),
            table=None if vectors is None else vectors.table(settings.seed),
            frozen=settings.frozen,
            seed=settings.seed,
        )

    def baseline_features(self) -> BagOfWords:
        """Return what the simple model that stands beside this one reads."""
        return BagOfWords()

    def save(self, folder: Path) -> dict[str, Any]:
        """Return what `load` needs, as JSON; the vocabulary goes to a file in `folder`."""
        write_json(folder / VOCABULARY, self.tokenizer.to_dict())
        return {"kind": self.kind}

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any], settings: Any) -> TextInput:
        """Undo `save`."""
        found = cls(settings)
        found.tokenizer = Tokenizer.from_dict(json.loads((folder / VOCABULARY).read_text(encoding="utf-8")))
        found.vectors = None  # they are in the model's weights
        return found

    @staticmethod
    def files() -> tuple[str, ...]:
        """Names of the files that `save` wrote."""
        return (VOCABULARY,)
