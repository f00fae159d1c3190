"""Splitting texts into words in plain Python, exactly as the tokenizers library does."""

from __future__ import annotations

import re
import string
import unicodedata

# Unicode's property White_Space; Python's `isspace` has other control characters, too
WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def normalized(text: str, lowercase: bool) -> str:
    """Return a text with its characters composed (NFC), and each in lower case where that is asked for."""
    text = unicodedata.normalize("NFC", text)
    return "".join(character.lower() for character in text) if lowercase else text  # a final Σ becomes σ, too


def split_words(text: str) -> list[str]:
    """Split at white space and around each punctuation mark.

    >>> split_words("don't go!")
    ['don', "'", 't', 'go', '!']
    """
    words: list[str] = []
    for part in WHITE_SPACE.split(text):
        start = 0
        for i, character in enumerate(part):
            if character in string.punctuation or unicodedata.category(character).startswith("P"):
                words += [part[start:i], character] if i > start else [character]
                start = i + 1
        words += [part[start:]] if start < len(part) else []
    return words
