"""Classifying sequences: from arrays or a table to a trained model, its probabilities and its honest error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.backend import deferred_imports
from seqwise.baselines import Problem, Samples
from seqwise.data import Sequences
from seqwise.data.classes import read_labels
from seqwise.data.word_vectors import learn_vectors
from seqwise.errors import DataError, SettingError, nearest
from seqwise.estimators.sequences.alignment import column_names, in_order
from seqwise.estimators.sequences.class_target import ClassTarget
from seqwise.estimators.sequences.data import SequenceData
from seqwise.estimators.sequences.explanation import Explanation, explain
from seqwise.estimators.sequences.kernels import KernelWeights, draw_kernels, fit_kernels, with_kernels
from seqwise.estimators.sequences.pairs import COMPANY, MOST_SPELLED, PairWeights, fit_pairs, with_pairs
from seqwise.estimators.sequences.pooled import VALIDATION, PooledEstimator
from seqwise.estimators.sequences.report import explained, surest
from seqwise.estimators.sequences.source import Raw, Source, sequence_names
from seqwise.estimators.sequences.temperature import divide_logits, find_temperatures, logits_of, probabilities_of
from seqwise.estimators.settings import SEQUENCES, Option, estimator, learned, setting, share
from seqwise.evaluation.classification import ClassComparison, decide
from seqwise.training import Training, predict_sequences

with deferred_imports():
    from sklearn.base import ClassifierMixin  # pyright: ignore[reportMissingTypeStubs]

LEAST_EXPLAINED = 20  # sequences held back, of which the report explains one or two
MOST_CALIBRATED = 5_000  # sequences: more change a temperature by less than a hundredth


def _check_class_weight(name: str, value: Any) -> None:
    if not (value is None or (isinstance(value, str) and value == "balanced") or isinstance(value, Mapping)):
        raise SettingError(f"{name}={value!r}: expected None, 'balanced', or a mapping from class to weight.")


@estimator
class Classifier(ClassifierMixin, PooledEstimator[ClassComparison]):
    """Say which class a sequence belongs to, or which labels it has, with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end in
    ``_`` are what it learned; `cross_val_score` and `clone` work. Sequences may have any lengths.

    Args:
        {settings}

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

    label_smoothing: float = setting(
        default=0.0,
        help="share of a label's certainty that is spread over all classes in training.",
        check=share(),
        option=Option(SEQUENCES, float, help="Share of a label's (a token's) certainty spread over all."),
    )
    class_weight: str | Mapping[Any, float] | None = setting(
        default=None,
        help='None; ``"balanced"`` (scikit-learn\'s rule, counted in the training set); or a mapping from '
        "class to weight.",
        check=_check_class_weight,
        option=Option(SEQUENCES, str, help="balanced: rare classes weigh as much as frequent ones."),
    )

    target_type = ClassTarget
    _classifies = True
    target_: ClassTarget = learned()

    @property
    def classes_(self) -> np.ndarray:
        """The classes, sorted, shape (classes,)."""
        self._check_fitted()
        return self.target_.classes.values

    def predict(self, X: Any, *, abstain_below: float | None = None) -> Any:
        """Return the most probable class of each sequence, shape (samples,), of the labels' own dtype.

        If a sequence can have several labels: those with a probability above a half, in the form that `fit` was given:
        a 0/1 matrix (samples, classes), or a list of tuples.

        Args:
            X: sequences or texts, as `fit` takes them.
            abstain_below: return None where no class is as probable as that; the array then holds objects. The report
                shows what is gained by it.
        """
        probabilities = self.predict_proba(X)
        return self.target_.classes.most_probable(probabilities, abstain_below)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, float64, shape (samples, classes), in the order of `classes_`.

        If a sequence can have several labels, each probability stands on its own; else they add up to 1. They are
        calibrated on the validation set: its temperature (`seqwise.estimators.sequences.temperature`) is in the model's
        last layer.
        """
        return self._outputs(self._read_to_predict(X))

    def explain_prediction(self, x: Any, label: Any = None) -> Explanation:
        """Return what supports a class of one sequence or text: which steps, features and words, and how much.

        Args:
            x: an array (timesteps, features); a text; or what `predict` takes, with one sequence.
            label: the class; None for the one that is predicted (of several labels a sequence, the most probable).

        Returns:
            an `Explanation`: print it, or draw it with ``.plot()``.

        Raises:
            DataError: there are several sequences. SettingError: `label` is not a class.
        """
        raw = self._read_to_predict([x] if (isinstance(x, np.ndarray) and x.ndim == 2) or isinstance(x, str) else x)
        if len(raw) != 1:
            raise DataError(f"There are {len(raw):,} sequences; one prediction is explained at a time: pass X[0].")
        known = self.classes_.tolist()
        if label is not None and label not in known:
            raise SettingError(f"label={label!r} is not a class.{nearest(str(label), map(str, known))}")
        return self._explained(raw, None if label is None else known.index(label))

    def _explained(self, raw: Raw, code: int | None) -> Explanation:
        steps = self.input_.prepare(raw)
        probabilities = self._outputs(raw)[0]
        code = int(probabilities.argmax()) if code is None else code
        by_feature, odds, start = explain(self.model_, steps, code, single=not self.target_.classes.multilabel)
        words = self.input_.tokens is not None
        values = np.array(self.input_.tokenizer.tokens_, dtype=object)[steps.values] if words else raw.values
        return Explanation(
            self.classes_.tolist()[code], float(probabilities[code]), by_feature.sum(axis=1), by_feature, odds, start,
            values, list(raw.columns) if isinstance(raw, Sequences) else ["word"],
        )  # fmt: skip

    def _report(self, comparison: ClassComparison | None) -> dict[str, Any]:
        content = super()._report(comparison)
        if comparison is None or self._data is None or self.target_.classes.multilabel:
            return content
        raw, truth, part = self._held_back()
        if part == VALIDATION and self.training_.refit_epochs:  # the model that is explained has learned them since
            return content
        if len(truth) < LEAST_EXPLAINED or not np.array_equal(truth, comparison.truth):
            return content
        examples = {i: self._explained(raw.take(np.array([i])), None) for i in surest(comparison)}
        return content | {"sections": [*content["sections"], explained(examples, comparison)]}

    def _train(
        self, data: SequenceData, callbacks: Sequence[Any], verbose: bool | None, folder: Path | None
    ) -> tuple[Any, Training]:
        network, training = super()._train(data, callbacks, verbose, folder)
        if self._kind(data) == "pairs":
            network = with_pairs(network, data.input.tokens)
        elif self._kind(data) == "kernels":
            network = with_kernels(network, draw_kernels(data.steps.take(data.split.train)))
        return network, training

    def _finish_model(
        self, data: SequenceData, model: Any, training: Training, unseen: np.ndarray | None
    ) -> np.ndarray | None:
        """Bring the model's probabilities in line with how often it is right on the validation set, and weigh the
        linear model beside it."""
        target, several = cast(ClassTarget, data.target), cast(ClassTarget, data.target).classes.multilabel
        chosen = data.split.validation if unseen is not None else data.split.validation[:MOST_CALIBRATED]
        beside = self._fit_beside(data, data.split.train)
        temperatures, parts = [1.0] if beside is None else [2.0, 2.0], list[np.ndarray]()
        if len(chosen) and training.best_epoch:
            steps = data.steps.take(chosen)
            probabilities = target.finish(predict_sequences(model, steps)) if unseen is None else unseen
            parts = [logits_of(probabilities, several)]
            if beside is not None:
                odds = beside.score(steps)
                parts.append(np.pad(odds, ((0, 0), (1, 0))) if target.binary else odds)
            few = slice(MOST_CALIBRATED)
            temperatures = find_temperatures([part[few] for part in parts], data.encoded[chosen[few]])
        elif beside is None:
            return unseen
        if unseen is not None:
            beside = self._fit_beside(data, np.concatenate([data.split.train, chosen]))
        if beside is not None:
            beside.weigh(model, 1 / temperatures[1])
        if not divide_logits(model, temperatures[0]):  # it is a network of the user's own
            return unseen
        target.temperatures = temperatures
        if unseen is None:
            return None
        logits = sum(part / temperature for part, temperature in zip(parts, temperatures, strict=True))
        return probabilities_of(cast(np.ndarray, logits), several)

    def _fit_beside(self, data: SequenceData, train: np.ndarray) -> PairWeights | KernelWeights | None:
        """Fit the linear model beside the network on some of the sequences; None for recipes without one."""
        kind = self._kind(data)
        if kind not in ("pairs", "kernels"):
            return None
        targets, steps = data.target.encode(data.encoded[train]).reshape(len(train), -1), data.steps.take(train)
        weights = None if data.weights is None else data.weights[train]
        if kind == "pairs":
            words, learned = data.input.tokenizer.tokens_, data.input.learned
            if learned is None and len(steps.values) <= MOST_SPELLED:
                learned = learn_vectors(steps, len(words), COMPANY)
            return fit_pairs(steps, targets, words, weights, None if learned is None else learned.values)
        kernels = draw_kernels(data.steps.take(data.split.train))
        return fit_kernels(kernels, steps, targets, data.encoded[train], weights)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of sequences whose label, or all of whose labels, are right."""
        from sklearn import metrics  # pyright: ignore[reportMissingTypeStubs]

        raw, y = self._read_to_score(X, y)
        truth, _ = self._encode(y, raw)
        predicted = decide(self._outputs(raw), self.target_.classes.multilabel)
        weights, accuracy = in_order(sample_weight, raw, "weights"), cast(Any, metrics).accuracy_score
        return float(accuracy(truth, predicted, sample_weight=weights))

    def _compare(self, raw: Raw, truth: np.ndarray, part: str, unknown: tuple[Any, ...] = ()) -> ClassComparison:
        predictions, names = self._predictions(raw, self._held_back_outputs(raw, part), part)
        return ClassComparison(self.classes_, truth, predictions, names, part, unknown)

    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns: the sequence, its label, the label's probability, and that of each
        class. Several labels: all that are more probable than not, joined by commas."""
        raw = self._read_to_predict(X)
        probabilities = self._outputs(raw)
        several = self.target_.classes.multilabel
        predicted = decide(probabilities, several)
        columns: dict[str, Any] = {"sequence": sequence_names(raw)}
        if several:
            columns["labels"] = [", ".join(map(str, self.classes_[row])) for row in predicted]
        else:
            columns |= {"label": self.classes_[predicted], "probability": probabilities.max(axis=1)}
        return columns | {f"p({label})": probabilities[:, c] for c, label in enumerate(self.classes_.tolist())}

    def _encode(self, y: Any, raw: Raw) -> tuple[np.ndarray, tuple[Any, ...]]:
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

    def _read_targets(self, y: Any, raw: Raw, source: Source) -> tuple[ClassTarget, np.ndarray, list[str]]:
        return ClassTarget.read(y, raw, column_names(y, raw, source.label), self.label_smoothing)

    def _sample_weights(
        self, target: ClassTarget, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None
    ) -> np.ndarray | None:
        by_class = target.weights(self.class_weight, encoded, train)
        if weights is None:
            return by_class
        if encoded.ndim == 2:  # each label weighs on its own
            weights = np.repeat(weights[:, None], encoded.shape[1], axis=1)
        return weights if by_class is None else by_class * weights

    def _problem(self, samples: Samples) -> Problem:
        return Problem(samples, "labels" if self.target_.classes.multilabel else "classes", len(self.classes_))
