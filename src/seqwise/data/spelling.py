"""How a token is spelled: its first and last letters and its shape, which say something of words never seen before."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Self

import numpy as np

from seqwise.data.tokenizer import SavedTokenizer, Tokenizer
from seqwise.data.words import normalized

FIRST, LAST = 3, 4  # letters from the beginning and from the end
PARTS = FIRST + LAST + 1
MANY = 100  # distinct tokens from which on a part must occur in two of them
LONGEST_RUN = 2  # of a shape: "Xxxxx" and "Xxx" are alike


def parts_of(token: str) -> list[str]:
    """Return the parts of a token's spelling: its first 1, 2 and 3 letters, its last 1 to 4, and its shape.

    The letters are in lower case; the shape has X for a capital letter, x for a small one and d for a digit. Each part
    begins with a mark of its own, for "a" may be the first letter or the last one. As spaCy's PREFIX, SUFFIX and SHAPE
    features, at several lengths.

    Example:
        >>> parts_of("Going")
        ['1<g', '2<go', '3<goi', '1>g', '2>ng', '3>ing', '4>oing', '=Xxx']
    """
    letters = normalized(token, lowercase=True)
    first = [f"{n}<{letters[:n]}" for n in range(1, FIRST + 1)]
    last = [f"{n}>{letters[-n:]}" for n in range(1, LAST + 1)]
    runs = groupby(map(_kind, unicodedata.normalize("NFC", token)))
    return [*first, *last, "=" + "".join(kind * min(len(list(run)), LONGEST_RUN) for kind, run in runs)]


def _kind(character: str) -> str:
    if "0" <= character <= "9":
        return "d"
    if character.lower() != character:
        return "X"
    return "x" if character.upper() != character else character


class Speller:
    """Turn tokens into the ids of the parts of their spelling.

    Attributes:
        tokenizer: of all parts together: a part's id is its position in the vocabulary, 1 an unknown one.
    """

    tokenizer: Tokenizer

    def __len__(self) -> int:
        return len(self.tokenizer)

    def fit(self, texts: Iterable[Iterable[str]]) -> Self:
        """Learn the parts of the training's tokens.

        A part that only one of many distinct tokens has says no more than the token itself: it is unknown.

        Args:
            texts: lists of tokens.
        """
        distinct = list(dict.fromkeys(token for tokens in texts for token in tokens))
        least = 2 if len(distinct) >= MANY else 1
        self.tokenizer = Tokenizer("tokens", size=50_000, min_count=least, lowercase=False)
        self.tokenizer.fit([parts_of(token) for token in distinct])
        return self

    def encode(self, texts: Iterable[Iterable[str]]) -> np.ndarray:
        """Return the ids of each token's parts, int32, shape (steps, 8), the texts one after another."""
        row: dict[str, int] = {}
        rows = [row.setdefault(token, len(row)) for tokens in texts for token in tokens]
        parts = [parts_of(token) for token in row]
        return self.tokenizer.encode(parts).values.reshape(-1, PARTS)[rows]

    def to_dict(self) -> SavedTokenizer:
        """Return the vocabulary as JSON."""
        return self.tokenizer.to_dict()

    @classmethod
    def from_dict(cls, saved: Any) -> Self:
        """Undo `to_dict`."""
        loaded = cls()
        loaded.tokenizer = Tokenizer.from_dict(saved)
        return loaded
