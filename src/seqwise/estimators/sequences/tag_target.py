"""A tag for every step on its way into a network, and the probabilities on their way out."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences
from seqwise.data.classes import Classes, find_classes, read_labels
from seqwise.data.sequences import split_by_lengths
from seqwise.errors import DataError
from seqwise.estimators.parts import TargetDescription, Tensor


class TagTarget:
    """The tags of a training, and what the network, its loss and its outputs have to be for them."""

    title = "Tags of the steps"  # of the report

    kind = "tags"
    loss_in_words = "cross-entropy"  # of the report

    def __init__(self, classes: Classes) -> None:
        self.classes = classes

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

    @property
    def outputs(self) -> int:
        return len(self.classes)

    @staticmethod
    def strata(codes: np.ndarray) -> None:
        """The parts are drawn from all sequences alike."""

    def fit(self, codes: np.ndarray) -> list[str]:
        """There is nothing to learn from the training part. Returns notes, one sentence each."""
        return self.classes.unlearned(np.bincount(np.concatenate(codes), minlength=len(self.classes)))

    def encode(self, codes: np.ndarray) -> Sequences:
        """Return the codes as sequences of one feature, int32."""
        lengths = np.array([len(one) for one in codes], dtype=np.int64)
        return Sequences(np.concatenate(codes).astype(np.int32)[:, None], lengths, ["tag"])

    def summarise(self, codes: np.ndarray) -> tuple[str, dict[str, int]]:
        """Return what the model gives, in words, and how many steps have each tag."""
        counts = np.bincount(np.concatenate(codes), minlength=len(self.classes))
        named = dict(zip(map(str, self.classes.values.tolist()), counts.tolist(), strict=True))
        return f"one of {len(self.classes)} tags for each step", named

    def describe(self) -> TargetDescription:
        """Describe the network's outputs, before the softmax."""
        names = tuple(map(str, self.classes.values.tolist()))
        return TargetDescription(Tensor("logits", {"timesteps": None, "tags": len(names)}), names, "softmax")

    def save(self) -> dict[str, Any]:
        """Return what `load` needs, as JSON."""
        return {"kind": self.kind} | self.classes.to_dict()

    @classmethod
    def load(cls, saved: dict[str, Any]) -> TagTarget:
        """Undo `save`."""
        return cls(Classes.from_dict(saved))

    @staticmethod
    def finish(outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each tag, float64, shape (steps, tags)."""
        outputs = outputs.astype(np.float64)
        return outputs / outputs.sum(axis=1, keepdims=True)

    @staticmethod
    def finished_loss() -> str:
        """Return the loss of probabilities."""
        return "sparse_categorical_crossentropy"

    @staticmethod
    def loss() -> Any:
        from seqwise.training.token_loss import TokenCrossentropy  # imports Keras

        return TokenCrossentropy()

    @staticmethod
    def trained_model(network: Any) -> Any:
        return network

    @staticmethod
    def finished_model(network: Any) -> Any:
        """Return the model that is kept: the same layers, and probabilities, shape (samples, timesteps, tags)."""
        keras = import_keras()
        probabilities = keras.layers.Activation("softmax", name="probabilities")(network.output)
        model = keras.Model(network.input, probabilities, name="tagger")
        model.compile(loss="sparse_categorical_crossentropy")
        return model

    @staticmethod
    def metrics() -> list[Any]:
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
    rows = []
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
