"""The bounds of a translation: how long a text is read, and how many hypotheses are followed."""

from __future__ import annotations

import warnings

from seqwise.data.sequences import Sequences, cut_sequences

MOST_HYPOTHESES = 1_000
MOST_LENGTHS = 10  # how many times as long a text may be as those that were trained on


def cut_sources(sources: Sequences, max_length: int, longest: int) -> Sequences:
    """Cut token ids that are to be translated at ten times `max_length`, with a warning.

    A search takes the product of both lengths, so a text of millions of tokens would never end.

    Args:
        longest: tokens of the longest source that was trained on.
    """
    most = MOST_LENGTHS * max(max_length, longest)
    long = sources.lengths > most
    if long.any():
        warnings.warn(
            f"{long.sum():,} of the {len(sources):,} text(s) have more than {most:,} tokens, the longest "
            f"{sources.lengths.max():,}: translated up to there. Cut texts into sentences.",
            stacklevel=3,
        )
    return cut_sequences(sources, most)
