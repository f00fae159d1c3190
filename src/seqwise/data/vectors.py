"""Pretrained word vectors: read as a stream, and only the rows of the vocabulary are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqwise.data.files import existing_file
from seqwise.data.sequences import Sequences
from seqwise.data.tokenizer import PADDING
from seqwise.data.vector_files import vector_rows
from seqwise.errors import DataError


@dataclass(frozen=True)
class Vectors:
    """The vectors of a vocabulary's words.

    Attributes:
        values: float32, shape (tokens, dims): a row for each token, zeros where the file has none.
        found: bool, shape (tokens,): whether the file has the token.
        label: the file's name.
    """

    values: np.ndarray
    found: np.ndarray
    label: str

    @property
    def coverage(self) -> float:
        """The share of the vocabulary's words that the file has, special tokens aside."""
        words = max(len(self.found) - 2, 1)
        return float(self.found[2:].sum() / words)

    def table(self, seed: int) -> np.ndarray:
        """Return the rows as an `Embedding` starts with them, float32, shape (tokens, dims).

        A token without a vector starts at random, with the mean and the spread of those that have one. Padding is zero.
        """
        known = self.values[self.found]
        drawn = np.random.default_rng(seed).normal(known.mean(axis=0), known.std(axis=0), self.values.shape)
        table = np.where(self.found[:, None], self.values, drawn).astype(np.float32)
        table[PADDING] = 0
        return table

    def notes(self, encoded: Sequences) -> list[str]:
        """Tell the coverage, of the vocabulary and of the running words in `encoded`."""
        words = len(self.found) - 2
        running = self.found[encoded.values].mean()
        return [
            f"{self.label} has vectors for {int(self.found[2:].sum()):,} of the vocabulary's {words:,} words "
            f"({self.coverage:.1%}), which are {running:.1%} of the words in the training texts; the others start at "
            "random."
        ]


def read_vectors(path: str | Path, tokens: Sequence[str]) -> Vectors:
    """Read the vectors of a vocabulary from a file of pretrained ones.

    Formats, told apart by their first bytes, each also compressed by gzip: GloVe's text (a word and its values a line);
    word2vec's and fastText's text (the same after a line ``words dims``); word2vec's binary (that line, then each word,
    a space, and float32 values). The file is read as a stream; memory holds the vocabulary's rows alone.

    A word that the file spells only with capitals serves a token in lower case (the first such line wins); an exact
    match goes before it, and of two equal words the first counts. Rows of no use are counted, but their values are not
    read.

    Args:
        tokens: the vocabulary, for example ``tokenizer.tokens_``.

    Raises:
        DataError: there is no such file, it is damaged or does not keep to what its first line says, or it has none of
            the words; names the line, or in a binary file the word and the byte.
    """
    path = existing_file(Path(path).expanduser(), "vector")
    places = {token.encode(): i for i, token in enumerate(tokens) if i != PADDING}
    match = np.zeros(len(tokens), np.int8)  # 1: by its lower case, 2: exactly
    with vector_rows(path) as rows:
        values = np.zeros((len(tokens), rows.dims), np.float32)
        for row in rows:
            place, rank = places.get(row.word), 2
            if place is None:
                place, rank = places.get(row.word.decode("utf-8", "ignore").lower().encode()), 1
            if place is not None and match[place] < rank:
                match[place], values[place] = rank, rows.values(row)
    if not match[2:].any():
        raise DataError(
            f"{path.name} has none of the vocabulary's {len(tokens) - 2:,} words. Are its words of the texts' "
            "language, and in UTF-8?"
        )
    return Vectors(values, match > 0, path.name)
