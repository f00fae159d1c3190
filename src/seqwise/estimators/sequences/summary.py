"""What the tensors of a set of sequences will be, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.axes import format_shape

MOST_NAMED = 20  # features and classes


@dataclass(frozen=True)
class SequenceSummary:
    """The shapes of sequences with one target each; `str()` says them in words.

    Attributes:
        label: what the sequences came from.
        features: name of the column behind each feature, in order.
        lengths: timesteps of each sequence, shape (samples,).
        outcome: what the model gives for a sequence, in words: ``"one of 3 classes"``.
        outputs: how many numbers that takes.
        counts: how many sequences each class has; empty where there are no classes.
        parts: how many sequences each part has.
        buckets: timesteps of the batches, ascending.
        tokens: size of the vocabulary of texts; None for numbers.
        each_step: there is a target for each step, and `counts` counts steps.
        spelling: how many ids of its spelling stand beside each token's own.
    """

    label: str
    features: list[str]
    lengths: np.ndarray
    outcome: str
    outputs: int
    counts: dict[str, int]
    parts: dict[str, int]
    buckets: np.ndarray
    tokens: int | None = None
    each_step: bool = False
    spelling: int = 0

    @property
    def input_shape(self) -> tuple[None, int] | tuple[None]:
        """(timesteps, features), for texts (timesteps,); the timesteps differ from batch to batch."""
        return (None, len(self.features)) if self.tokens is None else (None,)

    @property
    def keras_input(self) -> str:
        if self.tokens is not None:
            beside = f", keras.Input(shape=(None, {self.spelling}), dtype='int32')" if self.spelling else ""
            return f"keras.Input(shape=(None,), dtype='int32'){beside}"
        return f"keras.Input(shape={self.input_shape}), keras.Input(shape=(None,), dtype='bool')"

    @property
    def padding(self) -> tuple[float, float]:
        """The share of a batch's steps that is padding: with batches of similar length, and if all were padded to the
        longest."""
        tops = self.buckets[np.searchsorted(self.buckets, self.lengths)]
        real = int(self.lengths.sum())
        return 1 - real / int(tops.sum()), 1 - real / (len(self.lengths) * int(self.lengths.max()))

    def __str__(self) -> str:
        least, most = int(self.lengths.min()), int(self.lengths.max())
        steps = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        output = {"samples": len(self.lengths)} | ({"timesteps": steps} if self.each_step else {})
        counted = "step" if self.each_step else "sequence"
        lines = [
            *(self._numbers(steps) if self.tokens is None else self._tokens(steps)),
            f"output y     {format_shape(**output, outputs=self.outputs)}",
            f"             {self.outcome}",
            *(f"             {name}: {count:,} {counted}(s)" for name, count in list(self.counts.items())[:MOST_NAMED]),
        ]
        if len(self.counts) > MOST_NAMED:
            lines.append(f"             … and {len(self.counts) - MOST_NAMED} more")
        lines += ["", *(f"{name}: {count:,} sequence(s)" for name, count in self.parts.items() if count), ""]
        if least == most:
            lines.append(f"batches   all of {most:,} steps, nothing is padded")
        else:
            with_buckets, without = self.padding
            listed = ", ".join(f"{n:,}" for n in self.buckets.tolist())
            lines.append(
                f"batches   of similar length, {listed} steps: {with_buckets:.0%} of them is padding ({without:.0%} if "
                "all were padded to the longest)"
            )
        lines.append(f"Keras     {self.keras_input}")
        return "\n".join(lines)

    def _numbers(self, steps: str) -> list[str]:
        lines = [
            f"input  x     {format_shape(samples=len(self.lengths), timesteps=steps, features=len(self.features))}",
            f"             each sample is one sequence of {self.label}, first step first",
        ]
        named = self.features != [str(i) for i in range(len(self.features))]
        if named:
            lines += [f"             feature {i}: {name}" for i, name in enumerate(self.features[:MOST_NAMED])]
        if named and len(self.features) > MOST_NAMED:
            lines.append(f"             … and {len(self.features) - MOST_NAMED} more")
        return [
            *lines,
            f"       mask  {format_shape(samples=len(self.lengths), timesteps=steps)}",
            "             True at a step of the sequence, False at padding",
        ]

    def _tokens(self, steps: str) -> list[str]:
        shape: dict[str, int | str] = {"samples": len(self.lengths), "timesteps": steps}
        lines = [
            f"input  x     {format_shape(**shape)}",
            f"             token ids of the texts of {self.label}, below {self.tokens:,}; 0 is padding, and masked",
        ]
        if self.spelling:
            lines += [
                f"    spelling {format_shape(**shape, parts=self.spelling)}",
                "             ids of each token's first and last letters and of its shape",
            ]
        return lines
