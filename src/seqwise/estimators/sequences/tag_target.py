"""A tag for every step on its way into a network, and the probabilities on their way out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences
from seqwise.data.classes import Classes, find_classes, read_labels
from seqwise.data.sequences import split_by_lengths
from seqwise.errors import DataError
from seqwise.estimators.parts import TargetDescription, Tensor
from seqwise.estimators.sequences.class_target import LabelTarget
from seqwise.estimators.sequences.source import Raw
from seqwise.ops.crf import Transitions, emissions_of, marginals, viterbi


class TagTarget(LabelTarget):
    """One tag for each step."""

    title = "Tags of the steps"
    kind = "tags"
    model_name = "tagger"
    transitions: Transitions | None = None  # that a CRF has learned
    _layer: Any = None  # that learns them, while the network is trained

    def __init__(self, classes: Classes, label_smoothing: float = 0.0, *, crf: bool = False) -> None:
        super().__init__(classes, label_smoothing)
        self.crf = crf

    @classmethod
    def read(cls, y: Any, raw: Raw, *, crf: bool = False) -> tuple[TagTarget, np.ndarray, list[str]]:
        """Return the tags of `y`, their encoding (for each sequence an array, int32), and notes.

        Raises:
            DataError: a sequence has not as many tags as steps, a tag is missing, or all are alike.
        """
        flat, counts = read_tags(y, raw)
        classes = find_classes(flat, "single")
        if len(classes) == 1:
            raise DataError(
                f"All {len(flat):,} steps have the tag {classes.values.tolist()[0]!r}: nothing to tell apart."
            )
        return cls(classes, crf=crf), split_by_lengths(classes.encode(flat), counts), []

    def counts(self, encoded: np.ndarray) -> np.ndarray:
        return np.bincount(np.concatenate(encoded), minlength=len(self.classes))

    def encode(self, encoded: np.ndarray) -> Sequences:
        """Return the encoded tags as sequences of one feature, int32."""
        lengths = np.array([len(tags) for tags in encoded], dtype=np.int64)
        return Sequences(np.concatenate(encoded).astype(np.int32)[:, None], lengths, ["tag"])

    def summarise(self, encoded: np.ndarray) -> tuple[str, dict[str, int]]:
        named = dict(zip(map(str, self.classes.values.tolist()), self.counts(encoded).tolist(), strict=True))
        return f"one of {len(self.classes)} tags for each step", named

    def describe(self) -> TargetDescription:
        """Describe the network's outputs, before the softmax."""
        names = tuple(map(str, self.classes.values.tolist()))
        return TargetDescription(Tensor("logits", {"timesteps": None, "tags": len(names)}), names, "softmax")

    def finished_loss(self) -> str:
        return "sparse_categorical_crossentropy"

    def loss(self) -> Any:
        if self.crf:
            from seqwise.training.crf_loss import ChainCrossentropy  # imports Keras

            return ChainCrossentropy()
        from seqwise.training.token_loss import TokenCrossentropy  # imports Keras

        return TokenCrossentropy()

    def metrics(self) -> list[Any]:
        # of a CRF the tag of a step depends on all of the sequence
        return [] if self.crf else [import_keras().metrics.SparseCategoricalAccuracy(name="accuracy")]

    def trained_model(self, network: Any) -> Any:
        """Return the network; for a CRF with the layer behind it that learns the transitions."""
        if not self.crf:
            return network
        from seqwise.training.crf_loss import TagTransitions  # imports Keras

        self._layer = TagTransitions(name="transitions")
        return import_keras().Model(network.inputs, self._layer(network.output))

    def finished_model(self, network: Any) -> Any:
        """Return the model that is kept: the same layers, and probabilities; a CRF's transitions stay here.

        The probabilities of a step sum to 1, which takes the same from the score of every possible tag: to a CRF they
        are as good as the logits.
        """
        if self._layer is not None:
            start, between = (table.astype(np.float64) for table in self._layer.get_weights())
            self.transitions, self._layer = Transitions(start, between), None
        return super().finished_model(network)

    def decode(self, probabilities: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what a CRF makes of the probabilities of single steps: those given the whole sequence, and the tags.

        Args:
            probabilities: as `finish` returns them, shape (steps, tags). lengths: of the sequences.

        Returns:
            float64, shape (steps, tags); and the index of each step's tag, int, shape (steps,): without a CRF the most
            probable one, with one those of the most probable sequence.
        """
        if self.transitions is None:
            return probabilities, probabilities.argmax(axis=1)
        sequences = split_by_lengths(emissions_of(probabilities), lengths)
        tags = [viterbi(emissions, self.transitions) for emissions in sequences]
        return np.concatenate([marginals(e, self.transitions) for e in sequences]), np.concatenate(tags)

    def save(self) -> dict[str, Any]:
        learned = self.transitions
        tables = {} if learned is None else {"start": learned.start.tolist(), "between": learned.between.tolist()}
        return super().save() | {"transitions": tables or None}

    @classmethod
    def load(cls, saved: dict[str, Any], inputs: Any) -> Self:
        loaded, tables = super().load(saved, inputs), saved.get("transitions")
        if tables is not None:
            loaded.crf = True
            loaded.transitions = Transitions(np.array(tables["start"]), np.array(tables["between"]))
        return loaded


def read_tags(y: Any, raw: Raw) -> tuple[np.ndarray, np.ndarray]:
    """Return the tags of all steps, one sequence after another, and how many each sequence has.

    Args:
        y: for each sequence its tags, a list or an array.
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
            fix = "tags[:, 0]" if shape[-1] == 1 else "tags.argmax(axis=-1)"
            raise DataError(
                f"The tags of {raw.where(i)} have shape {shape}; expected one for each step, ({steps[i]},): "
                f"[{fix} for tags in y]."
            )
    which = np.repeat(np.arange(len(steps)), steps)
    first = np.cumsum(steps) - steps
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    flat, form = read_labels(array, lambda step: f"step {step - first[which[step]]} of {raw.where(int(which[step]))}")
    assert form == "single"
    return flat, steps
