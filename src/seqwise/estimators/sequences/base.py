"""What `Classifier`, `Regressor` and `Tagger` share: reading sequences, holding parts back, training, predicting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.backend import deferred_imports, import_keras
from seqwise.baselines.linear import LinearBaseline
from seqwise.data import Sequences
from seqwise.data.random_split import RandomSplit, split_at_random
from seqwise.errors import DataError, NotFittedError, SettingError
from seqwise.estimators.sequences.alignment import checked_weights, digest, in_order
from seqwise.estimators.sequences.number_input import NumberInput, check_pooling
from seqwise.estimators.sequences.recipes import RECIPES, setting
from seqwise.estimators.sequences.source import Source, check_lengths, listed, read_source
from seqwise.estimators.sequences.summary import SequenceSummary
from seqwise.estimators.sequences.text_input import TextInput, check_text_settings
from seqwise.estimators.settings import (
    check_backend,
    check_network,
    check_scaler,
    check_training,
    make_optimizer,
)
from seqwise.training import SequenceBatches, Training, auto_batch_size, fit, predict_sequences
from seqwise.training.buckets import bucket_lengths
from seqwise.training.sequence_batches import BucketedBatches

with deferred_imports():
    from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Problem:
    """Sequences with their answers, read and divided, before anything is learned of them."""

    source: Source
    raw: Any
    target: Any
    codes: np.ndarray
    parts: RandomSplit
    notes: list[str]


class SequenceEstimator(BaseEstimator):
    """An answer for each sequence, or for each of its steps. What differs between the kinds lies in `target_`.

    Attributes:
        model_: the Keras model. input_: what it knows of its inputs. target_: what it knows of its answers.
        source_: the names that the training data were read with. raw_: the sequences, as they were given (None after
            `load`). answers_: the answers, coded. parts_: which of them were trained on and held back.
        baseline_: the simple model beside it, fitted when it is first asked for.
        training_: history, seconds, best epoch. notes_: what was found in the data, one sentence each.
        counts_: sequences of each part. summary_: the shapes in words. n_features_in_: features of a step.
    """

    answered = "one for each sequence"  # what y holds
    each_step = False

    # the settings that it reads; each estimator's constructor gives them
    pooling: str
    validation: float
    test: float
    optimizer: Any
    learning_rate: float | str
    epochs: int | str
    patience: int | None
    batch_size: int | str
    bucketing: bool
    tokenizer: Any
    vectors: str | None
    seed: int

    raw_: Any
    answers_: np.ndarray | None
    parts_: RandomSplit | None
    weights_: np.ndarray | None
    results_: dict[str, str] | None  # of a loaded run: the texts of its result files
    _baseline: Any  # None until it is asked for
    _prior: np.ndarray | None
    _digest: str | None  # of a loaded run's training data; None where the data themselves are held

    def _read_answers(self, y: Any, raw: Any, source: Source) -> tuple[Any, np.ndarray, list[str]]:
        """Return (target, coded answers, notes) for what was given as answers."""
        raise NotImplementedError

    def _loss(self, target: Any) -> Any:
        raise NotImplementedError

    def _sample_weights(
        self, target: Any, codes: np.ndarray, train: np.ndarray, given: np.ndarray | None
    ) -> np.ndarray | None:
        """Return what each sequence weighs, or each of its labels, as `codes`; `given`: what it was said to weigh."""
        return given

    def _check_settings(self) -> None:
        check_network(self, ("auto",))
        check_text_settings(self)
        check_pooling(self.pooling)
        check_scaler(self)
        check_training(self, ("auto", None))

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        group: str | None = None,
        time: Any = None,
        features: Any = None,
        label: Any = None,
        text: str | None = None,
        sample_weight: Any = None,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
    ) -> Any:
        """Train on sequences with their answers.

        Args:
            X: a list of arrays, each (timesteps, features); one array (samples, timesteps, features); a path to a .ts
                file, or what `seqwise.data.make_sequences` returned; or, with `group`, a long table (path, pandas,
                polars, pyarrow) of one row a timestep. Or a list of texts; or, with `text`, a table of one text a row.
            y: one answer for each sequence, in the sequences' order: that of the list, or in which a long table's
                groups first appear. A pandas column whose index holds the groups' names is put into that order. None
                where X holds the answers: a .ts file, or a table with `label`.
            group: of a table: the column that names each row's sequence.
            time: of a table: the column (or columns) by which a sequence's rows are sorted; None keeps their order.
            features: of a table: the feature columns; None for every numeric column that is none of the others.
            label: of a table: the column of the answer, the same in all rows of a sequence.
            text: of a table of one text a row: the column of texts.
            sample_weight: what each sequence weighs in the loss, shape (samples,), ordered as `y`.
            callbacks: Keras callbacks.
            verbose: a live progress bar; None shows it in a terminal or notebook.

        Raises:
            DataError, SettingError: each message says how to mend it.
        """
        self._check_settings()
        data = self._read(X, y, group=group, time=time, features=features, label=label, text=text)
        raw, codes, parts, target, notes = data.raw, data.codes, data.parts, data.target, data.notes
        given = None if sample_weight is None else checked_weights(sample_weight, raw)
        weights = self._sample_weights(target, codes, parts.train, given)
        read = self._input(data.source)
        notes += target.fit(codes[parts.train]) + read.fit(raw, parts.train)
        steps = read.prepare(raw)
        batches = self._batches(steps, target, codes, weights)
        model, training = self._train(read, target, batches, parts, callbacks, verbose)
        notes += training.warnings()
        # all at once, so that a fit that fails leaves an earlier one whole
        self.model_, self.input_, self.target_, self.training_ = model, read, target, training
        self.source_, self.raw_, self.answers_, self.parts_ = data.source, raw, codes, parts
        self.weights_, self.notes_, self._baseline, self.results_ = weights, notes, None, None
        self._prior, self._digest, self.summary_ = None, None, str(self._tell(data, read, steps))
        self.counts_ = {name: len(chosen) for name, chosen in parts.__dict__.items()}
        self.n_features_in_ = read.features
        return self

    def _read_source(self, X: Any, **names: Any) -> tuple[Source, Any]:
        return read_source(X, **names)

    def _read(self, X: Any, y: Any, **names: Any) -> Problem:
        source, raw = self._read_source(listed(X), **names)
        y = self._answers_to(raw, y)
        if y is None:
            raise SettingError(
                f"There are no labels. Pass them as y, {self.answered}; of a table name their column, label='…'."
            )
        target, codes, notes = self._read_answers(y, raw, source)
        parts = self._hold_back(target, codes)
        notes += parts.warnings(validation=self.validation, test=self.test)
        return Problem(source, raw, target, codes, parts, notes)

    def _answers_to(self, raw: Any, y: Any) -> Any:
        """Return the answers to sequences, in their order: `y`, or what the sequences came with; None for neither."""
        if y is None:
            return raw.labels
        y = in_order(listed(y), raw, "labels")
        if not hasattr(y, "__len__") or getattr(y, "shape", None) == ():
            raise DataError(f"y is {y!r}; expected a list or an array, {self.answered}.")
        check_lengths(len(y), raw, "labels")
        return y

    def _hold_back(self, target: Any, codes: np.ndarray) -> RandomSplit:
        strata = target.strata(codes)
        return split_at_random(len(codes), validation=self.validation, test=self.test, strata=strata, seed=self.seed)

    def recall(self, X: Any, y: Any = None) -> None:
        """Give a loaded run its training data again, so that `evaluate()` finds the parts that were held back.

        Raises:
            DataError: they are not those that it was trained on.
        """
        raw, y = self._read_to_score(X, y)
        codes, trained = self._coded(y, raw), sum(self.counts_.values())
        if len(raw) != trained or digest(raw, codes) != self.digest_:
            held = f"{len(raw):,} sequences, and the model was trained on {trained:,}"
            if len(raw) == trained:
                held = "other values or labels than the model was trained on, or in another order"
            raise DataError(
                f"{raw.label} holds {held}: the data have changed since. Score it on other sequences: evaluate(X, y)."
            )
        self.raw_, self.answers_, self.parts_ = raw, codes, self._hold_back(self.target_, codes)

    @property
    def digest_(self) -> str:
        """A SHA-256 of the sequences and the answers of the training: by it a loaded run knows them again."""
        if self._digest is None:
            assert self.answers_ is not None, "a loaded run has its digest"
            return digest(self.raw_, self.answers_)
        return self._digest

    def _coded(self, y: Any, raw: Any) -> np.ndarray:
        """Return answers as `_read_answers` codes them, by the training's classes or targets."""
        raise NotImplementedError

    def _train(
        self,
        read: Any,
        target: Any,
        batches: BucketedBatches,
        parts: RandomSplit,
        callbacks: Sequence[Any],
        verbose: bool | None,
    ) -> tuple[Any, Training]:
        from seqwise.layers import accelerate  # imports Keras

        keras = import_keras()
        check_backend(keras)
        train, validation = batches.subset(parts.train), batches.subset(parts.validation)
        size = auto_batch_size(len(train)) if self.batch_size == "auto" else int(self.batch_size)
        size = min(size, len(train))
        steps = train.batches_per_epoch(size)
        recipe = RECIPES[read.kind]
        epochs = int(np.clip(-(-recipe["steps"] // steps), *recipe["epochs"]) if self.epochs == "auto" else self.epochs)
        rate: Any = setting(self, "learning_rate", read.kind)
        if isinstance(self.optimizer, str):
            rate = keras.optimizers.schedules.CosineDecay(rate, steps * epochs)
        optimizer = make_optimizer(keras, self.optimizer, rate)
        network = accelerate(read.network(target.outputs), verbose=False)
        model = target.trained_model(network)
        # jit_compile is left to Keras, which knows what each backend can do
        model.compile(optimizer, self._loss(target), weighted_metrics=target.metrics())
        training = fit(
            model,
            train,
            validation if len(validation) else None,
            epochs=epochs,
            batch_size=size,
            patience=self.patience,
            seed=self.seed,
            callbacks=callbacks,
            verbose=verbose,
        )
        return target.finished_model(network), training

    def shapes(
        self,
        X: Any,
        y: Any = None,
        *,
        group: str | None = None,
        time: Any = None,
        features: Any = None,
        label: Any = None,
        text: str | None = None,
    ) -> tuple[SequenceSummary, list[str]]:
        """Tell what the tensors will be, without training, and what was found in the data.

        Args: as for `fit`.

        Returns:
            the story (`seqwise.estimators.sequences.summary.SequenceSummary`), and the notes, one sentence each.
        """
        self._check_settings()
        data = self._read(X, y, group=group, time=time, features=features, label=label, text=text)
        read = self._input(data.source)
        train = data.parts.train
        notes = data.notes + data.target.fit(data.codes[train]) + read.fit(data.raw, train)
        return self._tell(data, read, read.prepare(data.raw)), notes

    def _tell(self, data: Problem, read: Any, steps: Sequences) -> SequenceSummary:
        answers, counts = data.target.tell(data.codes)
        parts = {name: len(chosen) for name, chosen in data.parts.__dict__.items()}
        lengths = steps.lengths
        buckets = bucket_lengths(lengths) if self.bucketing else lengths.max(keepdims=True)
        return SequenceSummary(
            data.raw.label,
            steps.columns,
            lengths,
            answers,
            data.target.outputs,
            counts,
            parts,
            buckets,
            tokens=read.tokens,
            each_step=self.each_step,
        )

    def _batches(self, steps: Sequences, target: Any, codes: np.ndarray, weights: np.ndarray | None) -> BucketedBatches:
        return SequenceBatches(steps, target.encode(codes), weights, bucketing=self.bucketing)

    def _input(self, source: Source) -> Any:
        if source.texts:
            return TextInput(self)
        if self.tokenizer is not None or self.vectors is not None:
            raise SettingError(
                "tokenizer and vectors are of texts, but these are sequences of numbers. Leave them out."
            )
        return NumberInput(self)

    def _outputs(self, raw: Any) -> np.ndarray:
        """Return probabilities or numbers, float64, shape (samples, classes or targets)."""
        return self.target_.finish(predict_sequences(self.model_, self.input_.prepare(raw)))

    def _read_to_predict(self, X: Any) -> Any:
        self._check_fitted()
        return self.source_.read(listed(X), labelled=False)

    def _read_to_score(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return sequences and their answers, as they were given."""
        self._check_fitted()
        raw = self.source_.read(listed(X), labelled=y is None)
        y = self._answers_to(raw, y)
        if y is None:
            raise SettingError(f"There are no labels to compare with. Pass them as y, {self.answered}.")
        return raw, y

    def _part_to_score(self) -> tuple[str, np.ndarray]:
        """Return what was held back, the test part before the validation part, and the numbers of its sequences."""
        self._check_fitted()
        if self.parts_ is None:
            raise DataError("A loaded run holds no data: pass them, evaluate(X, y).")
        for name, chosen in (("test", self.parts_.test), ("validation", self.parts_.validation)):
            if len(chosen):
                return f"the {name} part", chosen
        raise DataError("Nothing was held back: pass other sequences, evaluate(X, y), or fit with test=0.2.")

    @property
    def prior_(self) -> np.ndarray:
        """What can be said of a sequence unseen: the training's share of each class, or its mean of each target."""
        if self._prior is None:
            self._prior = self._find_prior(self._answers_but_test()[1])
        return self._prior

    def _find_prior(self, answers: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _answers_but_test(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the sequences that baselines may learn from, and their answers."""
        assert self.parts_ is not None and self.answers_ is not None, "a loaded run has its baselines"
        scored = self.parts_.test if len(self.parts_.test) else self.parts_.validation
        chosen = np.setdiff1d(np.arange(len(self.answers_)), scored)
        return chosen, self.answers_[chosen]

    @property
    def baseline_(self) -> Any:
        """The simple model beside this one, fitted on all that is not held back to score it."""
        self._check_fitted()
        if self._baseline is None:
            if self.raw_ is None:
                raise DataError(
                    "This run was saved without its simple model, which could not be fitted. For the model's own score "
                    "alone: score(X, y)."
                )
            self._baseline = self._fit_baseline(*self._answers_but_test())
        return self._baseline

    def empty_baseline(self) -> Any:
        """Return the simple model that stands beside this one, before it has learned anything."""
        return LinearBaseline(self.input_.baseline_features(), "numbers")

    def _fit_baseline(self, chosen: np.ndarray, answers: np.ndarray) -> Any:
        weights = None if self.weights_ is None else self.weights_[chosen]
        return self.empty_baseline().fit(self.raw_.take(chosen), answers, weights)

    def save(self, path: str | Path) -> Path:
        """Write the run folder: model, what it knows of its data, metrics and report. Returns its path.

        The run of a class of your own that comes from this one is brought back as this one.

        Raises:
            BundleError: the folder exists, is not empty and is no Seqwise run.
        """
        from seqwise.estimators.runs import save_run

        self._check_fitted()
        return save_run(self, Path(path))

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"This {type(self).__name__} is not trained yet: call .fit(X, y) first.")
