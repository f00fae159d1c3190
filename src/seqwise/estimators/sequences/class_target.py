"""Labels on their way into a network and probabilities on their way out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.data.classes import Classes, find_classes, read_labels
from seqwise.errors import DataError, SettingError, nearest
from seqwise.estimators.parts import TargetDescription, Tensor
from seqwise.estimators.sequences.data import SequenceTarget
from seqwise.estimators.sequences.source import Raw


class LabelTarget(SequenceTarget):
    """The classes or tags of a training, and what the network, its loss and its outputs have to be for them.

    Attributes:
        temperatures: by which the trained network's logits were divided, so that its probabilities are calibrated; and
            those of the word pairs beside it. Empty if they are not.
    """

    loss_in_words = "cross-entropy"
    temperatures: Sequence[float] = ()
    model_name: ClassVar[str]  # of the model that is kept

    def __init__(self, classes: Classes, label_smoothing: float = 0.0) -> None:
        self.classes, self.label_smoothing = classes, label_smoothing

    @property
    def outputs(self) -> int:
        return len(self.classes)

    @abstractmethod
    def counts(self, encoded: np.ndarray) -> np.ndarray:
        """Return how many samples (or steps) each class has, shape (classes,)."""

    def fit(self, values: np.ndarray) -> list[str]:
        return self.classes.unlearned(self.counts(values)) + self.classes.look_alike()

    def finished_model(self, network: Any) -> Any:
        """Return the model that is kept: the same layers, and probabilities."""
        keras = import_keras()
        activation = keras.layers.Activation(self.describe().activation, name="probabilities")
        model = keras.Model(network.input, activation(network.output), name=self.model_name)
        model.compile(loss=self.finished_loss())
        return model

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float64, shape (samples or steps, classes)."""
        outputs = outputs.astype(np.float64)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def save(self) -> dict[str, Any]:
        return {"kind": self.kind} | self.classes.to_dict() | {"temperatures": list(self.temperatures)}

    @classmethod
    def load(cls, saved: dict[str, Any], inputs: Any) -> Self:
        loaded = cls(Classes.from_dict(saved))
        loaded.temperatures = saved.get("temperatures", ())
        return loaded


class ClassTarget(LabelTarget):
    """One class, or several labels, for each sequence."""

    title = "Classes of the sequences"
    kind = "classes"
    model_name = "classifier"

    @classmethod
    def read(
        cls, y: Any, raw: Raw, names: list[str] | None = None, label_smoothing: float = 0.0
    ) -> tuple[ClassTarget, np.ndarray, list[str]]:
        """Return the classes of the labels `y`, their encoding (see `Classes.encode`), and notes, one sentence each.

        Args:
            names: what the columns of a 0/1 matrix are called; None for their numbers.

        Raises:
            DataError: a label is missing or no class, or all are alike.
        """
        labels, form = read_labels(y, raw.where)
        classes = find_classes(labels, form, names)
        encoded = classes.encode(labels)
        notes: list[str] = []
        if form == "single":
            if len(encoded) == 1:
                raise DataError("There is one sequence only. Bring others, and of another label, too.")
            if len(classes) == 1:
                raise DataError(
                    f"All {len(encoded):,} sequences have the label {classes.values.tolist()[0]!r}: there is nothing "
                    "to tell apart. Bring sequences of another label, too."
                )
            counts = np.bincount(encoded)
            for c in np.flatnonzero(counts == 1)[:5]:
                notes.append(
                    f"Only {raw.where(int(np.flatnonzero(encoded == c)[0]))} has the label "
                    f"{classes.values.tolist()[c]!r}: it stays in the training set, so how well this label is "
                    "recognised cannot be measured."
                )
        else:
            always = encoded.all(axis=0)
            if (always | ~encoded.any(axis=0)).all():
                raise DataError("All sequences have the same labels: there is nothing to tell apart.")
            if always.any():
                listed = ", ".join(repr(v) for v in classes.values[always][:5].tolist())
                notes.append(f"All sequences have the label(s) {listed}: nothing can be learned of them.")
            if (encoded.sum(axis=1) == 1).all():
                notes.append(
                    "Every sequence has exactly one label. If they exclude each other, pass one label for each "
                    "sequence, y.argmax(axis=1), and not a matrix."
                )
        return cls(classes, label_smoothing), encoded, notes

    @property
    def outputs(self) -> int:
        """Values of the network for each sequence: one for two classes, else one for each class or label."""
        return 1 if self.binary else len(self.classes)

    @property
    def binary(self) -> bool:
        return len(self.classes) == 2 and not self.classes.multilabel

    def strata(self, encoded: np.ndarray) -> np.ndarray:
        """Return the class, or the set of labels.

        The sets that one sequence alone has count as one: else each would keep its only member in the training set.
        """
        if encoded.ndim == 1:
            return encoded
        _, which, counts = np.unique(encoded, axis=0, return_inverse=True, return_counts=True)
        which = which.ravel()
        return np.where(counts[which] == 1, -1, which)

    def summarise(self, encoded: np.ndarray) -> tuple[str, dict[str, int]]:
        names = [repr(value) for value in self.classes.values.tolist()]
        if self.classes.multilabel:
            words = f"the probability of each of {len(self.classes)} labels"
        elif self.binary:
            words = f"the probability of {names[1]}"
        else:
            words = f"the probability of each of {len(self.classes)} classes"
        return words, dict(zip(names, self.counts(encoded).tolist(), strict=True))

    def counts(self, encoded: np.ndarray) -> np.ndarray:
        return encoded.sum(axis=0) if encoded.ndim == 2 else np.bincount(encoded, minlength=len(self.classes))

    def encode(self, encoded: np.ndarray) -> np.ndarray:
        """Return what the network is trained to say, float32: 0 or 1 for each class, shape (samples, outputs).

        Several labels for each sequence: (samples, labels, 1), so that each can weigh on its own.
        """
        if self.classes.multilabel:
            return encoded[..., None].astype(np.float32)
        if self.binary:
            return encoded[:, None].astype(np.float32)
        return np.eye(len(self.classes), dtype=np.float32)[encoded]

    def weights(self, class_weight: Any, encoded: np.ndarray, train: np.ndarray) -> np.ndarray | None:
        """Return what each sample weighs, shape (samples,), or each of its labels, (samples, labels); None for 1.

        Args:
            class_weight: None; ``"balanced"``, samples / (classes × samples of the class) in the training set, as
                scikit-learn has it (each of several labels is a problem of two classes); or a mapping from class to
                weight (1 where it names none; for several labels: what having the label weighs).
        """
        if class_weight is None:
            return None
        several = self.classes.multilabel
        if isinstance(class_weight, Mapping):
            by_class = cast(Mapping[Any, float], class_weight)
            self._check_weights(by_class)
            of_classes = np.array([float(by_class.get(value, 1)) for value in self.classes.values.tolist()])
            return (np.where(encoded, of_classes, 1) if several else of_classes[encoded]).astype(np.float32)
        seen: np.ndarray = encoded[train]
        if several:
            having = np.maximum(seen.sum(axis=0), 1)
            lacking = np.maximum(len(seen) - seen.sum(axis=0), 1)
            return np.asarray(len(seen) / 2 / np.where(encoded, having, lacking), np.float32)
        counts = np.bincount(seen, minlength=len(self.classes))
        return (len(seen) / len(self.classes) / np.maximum(counts, 1))[encoded].astype(np.float32)

    def _check_weights(self, weights: Mapping[Any, Any]) -> None:
        known = self.classes.values.tolist()
        for label, weight in weights.items():
            if label not in known:
                raise SettingError(f"class_weight names {label!r}, which is not a class.{nearest(label, known)}")
            if isinstance(weight, bool) or not isinstance(weight, (int, float, np.number)) or not 0 <= weight < np.inf:
                raise SettingError(f"class_weight={{{label!r}: {weight!r}}}: expected a number, at least 0.")

    def describe(self) -> TargetDescription:
        """Describe the network's outputs, before their activation."""
        names = tuple(map(str, self.classes.values.tolist()))
        several = self.classes.multilabel
        axis = {"labels" if several else "classes": self.outputs}
        activation = "sigmoid" if several or self.binary else "softmax"
        return TargetDescription(Tensor("logits", axis), names[1:] if self.binary else names, activation)

    def loss(self) -> Any:
        """Return Keras's cross-entropy, for outputs before their activation."""
        losses = import_keras().losses
        kind = losses.BinaryCrossentropy if self.binary or self.classes.multilabel else losses.CategoricalCrossentropy
        return kind(from_logits=True, label_smoothing=self.label_smoothing)

    def trained_model(self, network: Any) -> Any:
        """Return the model that is trained, whose outputs are as `encode` gives them, before their activation."""
        if not self.classes.multilabel:
            return network
        keras = import_keras()
        column = keras.layers.Reshape((self.outputs, 1), name="each_label")(network.output)
        return keras.Model(network.input, column, name="each_label")

    def finished_loss(self) -> str:
        """Return the loss of probabilities."""
        return "binary_crossentropy" if self.binary or self.classes.multilabel else "categorical_crossentropy"

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each class or label, float64, shape (samples, classes)."""
        if self.binary or self.classes.multilabel:
            outputs = outputs.astype(np.float64)
            return outputs if self.classes.multilabel else np.concatenate([1 - outputs, outputs], axis=1)
        return super().finish(outputs)

    def metrics(self) -> list[Any]:
        """Return Keras's accuracy, for outputs before their activation."""
        metrics = import_keras().metrics
        if self.binary or self.classes.multilabel:
            return [metrics.BinaryAccuracy(threshold=0.0, name="accuracy")]
        return [metrics.CategoricalAccuracy(name="accuracy")]
