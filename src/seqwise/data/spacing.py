"""Detokenizing words: which punctuation marks stand without a space, learned from the training texts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tokenizers

MOST_TEXTS = 20_000  # enough to learn how a mark is written
QUOTE = '"'  # opens and closes alike: every second one closes


def learn_spacing(tokenizer: tokenizers.Tokenizer, texts: list[str]) -> dict[str, list[bool]]:
    """Return for each punctuation mark whether it usually clings to the word before it, and to the word after it.

    An English question mark clings to the word before it, a French one does not; an apostrophe clings on both sides.

    Args:
        tokenizer: a trained tokenizer of the tokenizers library.
        texts: the training texts.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])  # clings before, occurs before; the same after
    for encoding in tokenizer.encode_batch(texts[:MOST_TEXTS]):
        tokens, offsets = encoding.tokens, encoding.offsets
        for i, token in enumerate(tokens):
            if len(token) > 1 or token.isalnum():
                continue
            count = counts[token]
            if i:
                count[0] += offsets[i - 1][1] == offsets[i][0]
                count[1] += 1
            if i + 1 < len(tokens) and tokens[i + 1].isalnum():
                count[2] += offsets[i][1] == offsets[i + 1][0]
                count[3] += 1
    clings = {mark: [2 * n[0] > n[1], 2 * n[2] > n[3]] for mark, n in counts.items() if mark != QUOTE}
    return {mark: sides for mark, sides in sorted(clings.items()) if any(sides)}


def join_words(words: list[str], spacing: dict[str, list[bool]]) -> str:
    """Join words by spaces, except where a mark clings.

    >>> clings = {"'": [True, True], "!": [True, False]}
    >>> join_words(["don", "'", "t", '"', "go", '"', "!"], clings)
    'don\'t "go"!'
    """
    text, clings, quoted = "", True, False
    for word in words:
        before, after = spacing.get(word, (False, False))
        if word == QUOTE:
            before, after, quoted = quoted, not quoted, not quoted
        text += word if clings or before else " " + word
        clings = after
    return text
