"""Pretrained word vectors, streamed from a file; only the vocabulary's rows are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqwise.data.files import existing_file
from seqwise.data.sequences import Sequences
from seqwise.data.tokenizer import PADDING
from seqwise.data.vector_files import vector_rows
from seqwise.errors import DataError, as_path


@dataclass(frozen=True)
class Vectors:
    """The vectors of a vocabulary's words.

    Attributes:
        values: float32, shape (tokens, dims): a row for each token, zeros where the file has none.
        known: bool, shape (tokens,): whether the file has the token.
        label: the file's name.
    """

    values: np.ndarray
    known: np.ndarray
    label: str

    @property
    def coverage(self) -> float:
        """The share of the vocabulary's words that the file has, special tokens aside."""
        words = max(len(self.known) - 2, 1)
        return float(self.known[2:].sum() / words)

    def table(self, seed: int) -> np.ndarray:
        """Return the initial weights of an `Embedding`, float32, shape (tokens, dims).

        A token without a vector starts at random, with the mean and standard deviation of the others. Padding is zero.
        """
        vectors = self.values[self.known]
        random = np.random.default_rng(seed).normal(vectors.mean(axis=0), vectors.std(axis=0), self.values.shape)
        table = np.where(self.known[:, None], self.values, random).astype(np.float32)
        table[PADDING] = 0
        return table

    def warnings(self, encoded: Sequences) -> list[str]:
        """Report the coverage of the vocabulary and of the running words in `encoded`."""
        words = len(self.known) - 2
        running = self.known[encoded.values].mean()
        return [
            f"{self.label} has vectors for {int(self.known[2:].sum()):,} of the vocabulary's {words:,} words "
            f"({self.coverage:.1%}), which are {running:.1%} of the words in the training texts; the others start at "
            "random."
        ]


def read_vectors(path: str | Path, tokens: Sequence[str]) -> Vectors:
    """Read the vectors of a vocabulary from a file of pretrained ones.

    Formats, recognized by their first bytes, also compressed by gzip: GloVe's text (each line a word and its values);
    word2vec's and fastText's text (the same after a line ``words dims``); word2vec's binary (that line, then each word,
    a space, and float32 values). The file is streamed; memory holds only the vocabulary's rows.

    A token in lower case matches a word that the file spells only with capitals (the first such line); an exact match
    takes precedence, and the first of equal words counts. The values of other rows are not parsed.

    Args:
        tokens: the vocabulary, for example ``tokenizer.tokens_``.

    Raises:
        DataError: there is no such file, it is damaged or contradicts its first line, or it has none of the words;
            names the line, or in a binary file the word and the byte.
    """
    path = existing_file(as_path(path, "a file of vectors"), "vector")
    places = {token.encode(): i for i, token in enumerate(tokens) if i != PADDING}
    match = np.zeros(len(tokens), np.int8)  # 1: by its lower case, 2: exactly
    with vector_rows(path) as rows:
        values = None  # as long as no row is whole: the file's first line may announce anything
        for row in rows:
            place, rank = places.get(row.word), 2
            if place is None:
                place, rank = places.get(row.word.decode("utf-8", "ignore").lower().encode()), 1
            if place is not None and match[place] < rank:
                match[place], vector = rank, rows.values(row)
                values = np.zeros((len(tokens), rows.dims), np.float32) if values is None else values
                values[place] = vector
    if values is None or not match[2:].any():
        raise DataError(
            f"{path.name} has none of the vocabulary's {len(tokens) - 2:,} words. Is it in the language of the texts, "
            "and in UTF-8?"
        )
    return Vectors(values, match > 0, path.name)
