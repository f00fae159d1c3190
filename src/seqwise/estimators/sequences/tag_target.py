"""A tag for every step on its way into a network, and the probabilities on their way out."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences
from seqwise.data.classes import find_classes, read_labels
from seqwise.data.sequences import split_by_lengths
from seqwise.errors import DataError
from seqwise.estimators.parts import TargetDescription, Tensor
from seqwise.estimators.sequences.class_target import LabelTarget


class TagTarget(LabelTarget):
    """Of each step one tag."""

    title = "Tags of the steps"
    kind = "tags"
    model_name = "tagger"

    @classmethod
    def read(cls, y: Any, raw: Any) -> tuple[TagTarget, np.ndarray, list[str]]:
        """Return the tags of `y`, their codes (of each sequence an array, int32), and notes.

        Raises:
            DataError: a sequence has not as many tags as steps, a tag is missing, or all are alike.
        """
        flat, counts = read_tags(y, raw)
        classes = find_classes(flat, "single")
        if len(classes) == 1:
            raise DataError(
                f"All {len(flat):,} steps have the tag {classes.values.tolist()[0]!r}: nothing to tell apart."
            )
        return cls(classes), split_by_lengths(classes.encode(flat), counts), []

    def counts(self, codes: np.ndarray) -> np.ndarray:
        return np.bincount(np.concatenate(codes), minlength=len(self.classes))

    def encode(self, codes: np.ndarray) -> Sequences:
        """Return the codes as sequences of one feature, int32."""
        lengths = np.array([len(one) for one in codes], dtype=np.int64)
        return Sequences(np.concatenate(codes).astype(np.int32)[:, None], lengths, ["tag"])

    def summarise(self, codes: np.ndarray) -> tuple[str, dict[str, int]]:
        named = dict(zip(map(str, self.classes.values.tolist()), self.counts(codes).tolist(), strict=True))
        return f"one of {len(self.classes)} tags for each step", named

    def describe(self) -> TargetDescription:
        """Describe the network's outputs, before the softmax."""
        names = tuple(map(str, self.classes.values.tolist()))
        return TargetDescription(Tensor("logits", {"timesteps": None, "tags": len(names)}), names, "softmax")

    def finished_loss(self) -> str:
        return "sparse_categorical_crossentropy"

    def loss(self) -> Any:
        from seqwise.training.token_loss import TokenCrossentropy  # imports Keras

        return TokenCrossentropy()

    def metrics(self) -> list[Any]:
        return [import_keras().metrics.SparseCategoricalAccuracy(name="accuracy")]


def read_tags(y: Any, raw: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the tags of all steps, one sequence after another, and how many each sequence has.

    Args:
        y: of each sequence its tags, a list or an array.
        raw: the sequences (or the tokens) that they are of.

    Raises:
        DataError: a sequence has not as many tags as steps, a tag is missing, or is itself an array.
    """
    steps = raw.lengths if isinstance(raw, Sequences) else np.array([len(tokens) for tokens in raw.values])
    rows: list[Any] = []
    for i, tags in enumerate(y):
        if isinstance(tags, (str, bytes)) or not hasattr(tags, "__len__"):
            raise DataError(f"The tags of {raw.where(i)} are {tags!r}; expected a list, one for each of its steps.")
        if len(tags) != steps[i]:
            raise DataError(
                f"{raw.where(i)[0].upper()}{raw.where(i)[1:]} has {steps[i]:,} steps, but {len(tags):,} tags: one is "
                "needed for each step."
            )
        rows += list(tags)
        last = rows[-1]  # no sequence is empty
        if hasattr(last, "__len__") and not isinstance(last, (str, bytes)):
            shape = (len(tags), *(getattr(last, "shape", None) or (len(last),)))
            mend = "tags[:, 0]" if shape[-1] == 1 else "tags.argmax(axis=-1)"
            raise DataError(
                f"The tags of {raw.where(i)} have shape {shape}; expected one for each step, ({steps[i]},): "
                f"[{mend} for tags in y]."
            )
    which = np.repeat(np.arange(len(steps)), steps)
    first = np.cumsum(steps) - steps
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    flat, form = read_labels(array, lambda step: f"step {step - first[which[step]]} of {raw.where(int(which[step]))}")
    assert form == "single"
    return flat, steps
