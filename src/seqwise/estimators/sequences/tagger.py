"""Tagging: a label for every step of a sequence, from arrays or lists of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqwise.baselines.linear import LinearBaseline
from seqwise.baselines.steps import StepFeatures, TokenBaseline
from seqwise.data.sequences import split_by_lengths
from seqwise.data.texts import Texts
from seqwise.estimators.sequences.base import SequenceEstimator
from seqwise.estimators.sequences.source import Source, sequence_names
from seqwise.estimators.sequences.step_source import read_step_source
from seqwise.estimators.sequences.tag_target import TagTarget, read_tags
from seqwise.estimators.sequences.token_input import TokenInput
from seqwise.evaluation.classification import Classification, majority
from seqwise.training import StepBatches, predict_steps


class Tagger(SequenceEstimator):
    """Say for every step of a sequence which tag it has, with an LSTM: words and their kinds, signals and their phases.

    Follows scikit-learn's conventions. Padding counts neither in the loss nor in a score, and never comes back.

    Args:
        units, bidirectional, dropout, scaler, test, optimizer, learning_rate, patience, batch_size, bucketing, seed:
            as for `Classifier`; ``"auto"`` takes a dropout of 0.3 and a learning rate of 0.003.
        validation: share (0.1) or number of sequences held back to find the best epoch.
        epochs: how many; ``"auto"`` takes 5 to 100, about 1,700 steps.
        tokenizer: of tokens: ``size``, ``min_count`` and ``lowercase`` of the `seqwise.data.Tokenizer`.
        embedding, vectors, frozen: of tokens, as for `Classifier`.

    Attributes:
        classes_: the tags, sorted.
        model_: the Keras model. Takes [values (samples, timesteps, features), scaled; mask (samples, timesteps)], or
            token ids (samples, timesteps), 0 at padding; gives probabilities (samples, timesteps, tags).

    Example:
        >>> import seqwise as sw
        >>> X = [["a", "cat", "sleeps"], ["the", "dog", "runs"]] * 10
        >>> tagger = sw.Tagger(units=(8,), epochs=5).fit(X, [["DET", "NOUN", "VERB"]] * 20)
        >>> len(tagger.predict([["a", "dog"]])[0])
        2
    """

    pooling = ""  # every state is kept
    each_step = True
    answered = "of each sequence a list, one tag for each step"
    target_: TagTarget

    def __init__(
        self,
        units: Sequence[int] = (64,),
        *,
        bidirectional: bool = True,
        dropout: float | str = "auto",
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
        self.dropout = dropout
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
    ) -> Tagger:
        """Train on sequences with a tag for each of their steps.

        Args:
            X: a list of arrays, each (timesteps, features); one array (samples, timesteps, features); a list of lists
                of tokens; or, with `group`, a long table (path, pandas, polars, pyarrow) of one row a step.
            y: of each sequence its tags, a list or an array, one for each step, in the sequences' order (see
                `Classifier.fit`); None where a table has them.
            group: of a table: the column that names each row's sequence.
            time: of a table: the column (or columns) by which a sequence's rows are sorted; None keeps their order.
            features: of a table: the feature columns; None for every numeric column that is none of the others.
            label: of a table: the column of tags.
            text: of a table: the column of tokens, in place of features.
            sample_weight: what each step of a sequence weighs in the loss, shape (samples,).
            callbacks: Keras callbacks.
            verbose: a live progress bar; None shows it in a terminal or notebook.

        Raises:
            DataError, SettingError: each message says how to mend it.
        """
        return super().fit(
            X,
            y,
            group=group,
            time=time,
            features=features,
            label=label,
            text=text,
            sample_weight=sample_weight,
            callbacks=callbacks,
            verbose=verbose,
        )

    @property
    def classes_(self) -> np.ndarray:
        self._check_fitted()
        return self.target_.classes.values

    def predict(self, X: Any) -> list[np.ndarray]:
        """Return the most probable tag of each step: of each sequence an array, shape (timesteps,)."""
        return [self.classes_[p.argmax(axis=1)] for p in self.predict_proba(X)]

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """Return the probability of each tag: of each sequence an array, float64, shape (timesteps, tags)."""
        steps = self.input_.prepare(self._read_to_predict(X))
        return list(split_by_lengths(self._at_steps(steps), steps.lengths))

    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns, one row a step: the sequence, the step's number in it, its token,
        its tag, the tag's probability, and that of each tag."""
        raw = self._read_to_predict(X)
        steps = self.input_.prepare(raw)
        probabilities = self._at_steps(steps)
        columns: dict[str, Any] = {
            "sequence": np.repeat(sequence_names(raw), steps.lengths),
            "step": np.concatenate([np.arange(n) for n in steps.lengths]),
        }
        if isinstance(raw, Texts):
            columns["token"] = [token for tokens in raw.values for token in tokens]
        columns |= {"label": self.classes_[probabilities.argmax(axis=1)], "probability": probabilities.max(axis=1)}
        return columns | {f"p({tag})": probabilities[:, c] for c, tag in enumerate(self.classes_.tolist())}

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of all steps whose tag is right."""
        raw, tags = self._read_to_score(X, y)
        found = self._at_steps(self.input_.prepare(raw)).argmax(axis=1)
        return float((found == np.concatenate(self._coded(tags, raw))).mean())

    def evaluate(self, X: Any = None, y: Any = None) -> Classification:
        """Score the model, step by step, beside the most frequent tag and a simple model that sees one step alone.

        Args:
            X, y: other sequences with their tags; None for the part that was held back (the test part, or else the
                validation part). Tags that the training did not have count as mistakes.

        Raises:
            DataError: nothing was held back.
        """
        unknown: tuple[Any, ...] = ()
        if X is None:
            part, chosen = self._part_to_score()
            assert self.answers_ is not None
            raw, codes = self.raw_.take(chosen), self.answers_[chosen]
        else:
            raw, y = self._read_to_score(X, y)
            part, codes = raw.label, self._coded(y, raw)
            unknown = tuple(sorted(set(read_tags(y, raw)[0].tolist()) - set(self.classes_.tolist()), key=str))
        steps, truth = self.input_.prepare(raw), np.concatenate(codes)
        baseline = self.baseline_
        found = {
            "model": self._at_steps(steps),
            "simple": baseline.predict(steps),
            "majority": np.repeat(self.prior_[None], len(truth), axis=0),
        }
        names = {"model": "this model", "simple": baseline.name, "majority": "majority"}
        return Classification(self.classes_, truth, found, names, part, unknown, lengths=steps.lengths)

    def _fit_baseline(self, chosen: np.ndarray, answers: np.ndarray) -> Any:
        return self.empty_baseline().fit(self.input_.prepare(self.raw_.take(chosen)), np.concatenate(answers))

    def empty_baseline(self) -> Any:
        if self.input_.kind == "tokens":
            return TokenBaseline(len(self.input_.tokenizer), len(self.classes_))
        return LinearBaseline(StepFeatures(), "classes", len(self.classes_))

    def _at_steps(self, steps: Any) -> np.ndarray:
        found = predict_steps(self.model_, steps).astype(np.float64)
        return found / found.sum(axis=1, keepdims=True)

    def _read_source(self, X: Any, **names: Any) -> tuple[Source, Any]:
        return read_step_source(X, **names)

    def _read_answers(self, y: Any, raw: Any, source: Source) -> tuple[TagTarget, np.ndarray, list[str]]:
        return TagTarget.read(y, raw)

    def _input(self, source: Source) -> Any:
        return TokenInput(self) if source.texts else super()._input(source)

    def _batches(self, steps: Any, target: TagTarget, codes: np.ndarray, weights: Any) -> StepBatches:
        return StepBatches(steps, target.encode(codes), weights, bucketing=self.bucketing)

    def _loss(self, target: TagTarget) -> Any:
        return target.loss()

    def _find_prior(self, answers: np.ndarray) -> np.ndarray:
        return majority(np.concatenate(answers), len(self.classes_))

    def _coded(self, y: Any, raw: Any) -> np.ndarray:
        (flat, counts), classes = read_tags(y, raw), self.target_.classes
        classes.unknown_in(flat.tolist())  # raises where none is known
        return split_by_lengths(classes.encode(flat), counts)
