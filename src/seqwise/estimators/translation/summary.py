"""What the tensors of pairs of texts will be, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.axes import format_shape


@dataclass(frozen=True)
class PairSummary:
    """The shapes of texts and their translations; `str()` says them in words.

    Attributes:
        label: what the pairs came from.
        source_lengths, target_lengths: tokens of each text, shape (samples,); a target's start and end token count.
        source_tokens, target_tokens: tokens of each vocabulary.
        parts: how many pairs each part has.
        sides: tokens of source and of target in the batches of each bucket.
    """

    label: str
    source_lengths: np.ndarray
    target_lengths: np.ndarray
    source_tokens: int
    target_tokens: int
    parts: dict[str, int]
    sides: list[tuple[int, int]]

    @property
    def keras_input(self) -> str:
        return "keras.Input(shape=(None,), dtype='int32'), keras.Input(shape=(None,), dtype='int32')"

    def __str__(self) -> str:
        samples, target = len(self.source_lengths), self.target_lengths - 1
        listed = ", ".join(f"{source} and {target}" for source, target in self.sides)
        return "\n".join(
            [
                f"input  source  {format_shape(samples=samples, timesteps=_range(self.source_lengths))}",
                f"               token ids of {self.label}, below {self.source_tokens:,}; 0 is padding, and masked",
                f"       decoder {format_shape(samples=samples, timesteps=_range(target))}",
                "               in training the translation up to the step before; then what was translated so far",
                f"output logits  {format_shape(samples=samples, timesteps=_range(target), tokens=self.target_tokens)}",
                "               the next token of the translation, at each step",
                "",
                *(f"{name}: {count:,} pair(s)" for name, count in self.parts.items() if count),
                "",
                f"batches   of similar length, source and target: {listed} tokens",
                f"Keras     {self.keras_input}",
            ]
        )


def _range(lengths: np.ndarray) -> str:
    least, most = int(lengths.min()), int(lengths.max())
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
