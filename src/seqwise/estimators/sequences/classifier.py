"""Classifying sequences: from arrays or a table to a trained model, its probabilities and its honest error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqwise.backend import deferred_imports
from seqwise.baselines.linear import LinearBaseline
from seqwise.data.classes import read_labels
from seqwise.errors import SettingError
from seqwise.estimators.sequences.alignment import column_names, in_order
from seqwise.estimators.sequences.base import SequenceEstimator
from seqwise.estimators.sequences.class_target import ClassTarget
from seqwise.estimators.sequences.source import Source, sequence_names
from seqwise.estimators.settings import check_share
from seqwise.evaluation.classification import Classification, decide, majority

with deferred_imports():
    from sklearn.base import ClassifierMixin


class Classifier(ClassifierMixin, SequenceEstimator):
    """Say which class a sequence belongs to, or which labels it has, with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end in
    ``_`` are what it learned; `cross_val_score` and `clone` work. Sequences may have any lengths.

    Args:
        units: width of each stacked LSTM layer, for example ``(128, 64)``.
        bidirectional: read each sequence in both directions.
        pooling: what is passed on of the LSTM's states: ``"last"``, the ``"mean"`` or the ``"max"`` over the steps, or
            several joined, ``"last+max"``; ``"auto"`` takes the mean of numbers and the maximum of texts.
        dropout: share of each LSTM layer's outputs (and of the words' vectors) dropped in training, 0 to 1; ``"auto"``
            takes 0.3 for numbers and 0.5 for texts.
        label_smoothing: share of a label's certainty that is spread over all classes in training.
        class_weight: None; ``"balanced"`` (scikit-learn's rule, counted in the training part); or a mapping from class
            to weight.
        scaler: ``"standard"``, ``"minmax"``, ``"robust"``, ``"none"``, or a mapping from a table's column to one of
            them; fitted on the steps of the training part.
        validation: share (0.1) or number of sequences held back to find the best epoch, drawn class by class; 0 trains
            on them all and keeps the epoch of the least training loss.
        test: share or number of sequences held back to score the model.
        optimizer: any of Keras's, by name or object.
        learning_rate: at the start, for an optimizer given by name; it falls to 0 along half a cosine. ``"auto"``
            takes 0.003 for numbers and 0.002 for texts.
        epochs: how many; ``"auto"`` takes 10 to 100, about 1,700 steps, for numbers, and 4 to 60, about 600 steps, for
            texts.
        patience: epochs without improvement that end the training; None trains them all.
        batch_size: sequences in a training step; ``"auto"`` takes 16 to 128 by their number.
        bucketing: batches hold sequences of like lengths, so that little is padded; False pads all to the longest.
        tokenizer: of texts: settings of the `seqwise.data.Tokenizer` that splits them, for example ``{"kind": "bpe",
            "size": 8000}``; None for words.
        embedding: of texts: width of a word's vector.
        vectors: of texts: a file of pretrained vectors to start from (see `seqwise.data.read_vectors`); their width
            then stands for `embedding`.
        frozen: keep the pretrained vectors as they are.
        seed: seeds weights, parts, shuffling and dropout; the same seed gives the same weights.

    Attributes:
        classes_: the classes, sorted, shape (classes,).
        model_: the Keras model. Takes [values (samples, timesteps, features), scaled; mask (samples, timesteps)], or
            of texts token ids (samples, timesteps), 0 at padding; gives probabilities, (samples, classes), or
            (samples, 1) for two classes: that of the second.
        training_: history, seconds, best epoch. parts_: numbers of the sequences of each part (None after `load`).
        notes_: what was found in the data, one sentence each. n_features_in_: features of a step.

    Example:
        >>> import numpy as np, seqwise as sw
        >>> rng = np.random.default_rng(0)
        >>> X = [rng.normal(size=(rng.integers(5, 15), 2)) + [i % 2, 0] for i in range(40)]
        >>> classifier = sw.Classifier(units=(8,), epochs=20).fit(X, ["low", "high"] * 20)
        >>> classifier.classes_.tolist(), classifier.predict_proba(X[:3]).shape
        (['high', 'low'], (3, 2))
    """

    target_: ClassTarget

    def __init__(
        self,
        units: Sequence[int] = (64,),
        *,
        bidirectional: bool = True,
        pooling: str = "auto",
        dropout: float | str = "auto",
        label_smoothing: float = 0.0,
        class_weight: str | Mapping[Any, float] | None = None,
        scaler: str | Mapping[str, str] = "standard",
        validation: float = 0.1,
        test: float = 0.0,
        optimizer: Any = "adam",
        learning_rate: float | str = "auto",
        epochs: int | str = "auto",
        patience: int | None = None,
        batch_size: int | str = "auto",
        bucketing: bool = True,
        tokenizer: Mapping[str, Any] | None = None,
        embedding: int = 64,
        vectors: str | None = None,
        frozen: bool = False,
        seed: int = 0,
    ) -> None:
        self.units = units
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.scaler = scaler
        self.validation = validation
        self.test = test
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.bucketing = bucketing
        self.tokenizer = tokenizer
        self.embedding = embedding
        self.vectors = vectors
        self.frozen = frozen
        self.seed = seed

    @property
    def classes_(self) -> np.ndarray:
        self._check_fitted()
        return self.target_.classes.values

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each sequence, shape (samples,), of the labels' own dtype.

        Of several labels a sequence: those of a probability above a half, in the form that `fit` was given: a 0/1
        matrix (samples, classes), or a list of tuples.
        """
        probabilities = self.predict_proba(X)
        return self.target_.classes.decode(decide(probabilities, self.target_.classes.multilabel))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, float64, shape (samples, classes), in the order of `classes_`.

        Of several labels a sequence each probability stands on its own; else they add up to 1.
        """
        return self._outputs(self._read_to_predict(X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy; of several labels a sequence, the share of which all are right."""
        from sklearn.metrics import accuracy_score

        raw, y = self._read_to_score(X, y)
        truth, _ = self._codes(y, raw)
        found = decide(self._outputs(raw), self.target_.classes.multilabel)
        return float(accuracy_score(truth, found, sample_weight=in_order(sample_weight, raw, "weights")))

    def evaluate(self, X: Any = None, y: Any = None) -> Classification:
        """Score the model beside the majority and logistic regression on a few numbers of each sequence.

        Args:
            X, y: other sequences with their labels; None for the part that was held back (the test part, or else the
                validation part). Labels that the training did not have count as mistakes.

        Raises:
            DataError: nothing was held back; or the training had none of the labels.
        """
        if X is None:
            part, chosen = self._part_to_score()
            assert self.answers_ is not None
            return self._compare(self.raw_.take(chosen), self.answers_[chosen], part, ())
        raw, y = self._read_to_score(X, y)
        truth, unknown = self._codes(y, raw)
        return self._compare(raw, truth, raw.label, unknown)

    def _compare(self, raw: Any, truth: np.ndarray, part: str, unknown: tuple[Any, ...]) -> Classification:
        classes = self.classes_
        found = {
            "model": self._outputs(raw),
            "simple": self.baseline_.predict(raw),
            "majority": np.repeat(self.prior_[None], len(raw), axis=0),
        }
        names = {"model": "this model", "simple": self.baseline_.name, "majority": "majority"}
        return Classification(classes, truth, found, names, part, unknown)

    def _find_prior(self, answers: np.ndarray) -> np.ndarray:
        return majority(answers, len(self.classes_))

    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns: the sequence, its label, the label's probability, and that of each
        class; of several labels a sequence all that are more probable than not, joined by commas."""
        raw = self._read_to_predict(X)
        probabilities = self._outputs(raw)
        several = self.target_.classes.multilabel
        found = decide(probabilities, several)
        columns: dict[str, Any] = {"sequence": sequence_names(raw)}
        if several:
            columns["labels"] = [", ".join(map(str, self.classes_[row])) for row in found]
        else:
            columns |= {"label": self.classes_[found], "probability": probabilities.max(axis=1)}
        return columns | {f"p({label})": probabilities[:, c] for c, label in enumerate(self.classes_.tolist())}

    def _coded(self, y: Any, raw: Any) -> np.ndarray:
        return self._codes(y, raw)[0]

    def _codes(self, y: Any, raw: Any) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Return the classes' numbers, -1 for labels that the training did not have, and those labels."""
        classes = self.target_.classes
        labels, form = read_labels(y, raw.where)
        if form != classes.form or (form == "indicator" and labels.shape[1] != len(classes)):
            forms = {"single": "one label for each sequence", "sets": "label sets"}
            wanted = forms.get(classes.form, f"a 0/1 matrix of shape (samples, {len(classes)})")
            raise SettingError(f"The model was trained on {wanted}; the labels given are of another form ({form}).")
        if form == "indicator":
            names, known = column_names(y, raw, self.source_.label), classes.values.tolist()
            if names is not None and isinstance(known[0], str) and names != known:
                raise SettingError(f"The labels' columns are {names}; expected those of the training, {known}.")
            return classes.encode(labels), ()
        flat = labels.tolist() if form == "single" else [item for row in labels for item in row]
        return classes.encode(labels), classes.unknown_in(flat)

    def _read_answers(self, y: Any, raw: Any, source: Source) -> tuple[Any, np.ndarray, list[str]]:
        return ClassTarget.read(y, raw, column_names(y, raw, source.label))

    def _loss(self, target: ClassTarget) -> Any:
        return target.loss(self.label_smoothing)

    def _sample_weights(
        self, target: ClassTarget, codes: np.ndarray, train: np.ndarray, given: np.ndarray | None
    ) -> np.ndarray | None:
        weights = target.weights(self.class_weight, codes, train)
        if given is None:
            return weights
        if codes.ndim == 2:  # each label weighs on its own
            given = np.repeat(given[:, None], codes.shape[1], axis=1)
        return given if weights is None else weights * given

    def empty_baseline(self) -> LinearBaseline:
        kind = "labels" if self.target_.classes.multilabel else "classes"
        return LinearBaseline(self.input_.baseline_features(), kind, len(self.classes_))

    def _check_settings(self) -> None:
        super()._check_settings()
        check_share(self, "label_smoothing")
        weight = self.class_weight
        if not (weight is None or weight == "balanced" or isinstance(weight, Mapping)):
            raise SettingError(
                f"class_weight={weight!r}: expected None, 'balanced', or a mapping from class to weight."
            )
