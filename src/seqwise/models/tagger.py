"""Tagging: a label for every step of a sequence, from arrays or lists of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqwise.data.texts import Texts, make_tokens
from seqwise.errors import DataError, SettingError
from seqwise.evaluation.classification import Classification, majority
from seqwise.evaluation.linear_baseline import LinearBaseline
from seqwise.evaluation.step_baseline import StepFeatures, TokenBaseline
from seqwise.models.sequence_estimator import Problem, SequenceEstimator
from seqwise.models.sequence_source import Source, check_lengths
from seqwise.models.tag_target import TagTarget, cut, read_tags
from seqwise.models.token_input import TokenInput
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

    def fit(  # pyright: ignore[reportIncompatibleMethodOverride]: takes no tables
        self, X: Any, y: Any, *, callbacks: Sequence[Any] = (), verbose: bool | None = None
    ) -> Tagger:
        """Train on sequences with a tag for each of their steps.

        Args:
            X: a list of arrays, each (timesteps, features); one array (samples, timesteps, features); or a list of
                lists of tokens.
            y: of each sequence its tags, a list or an array, one for each step.
            callbacks: Keras callbacks.
            verbose: a live progress bar; None shows it in a terminal or notebook.

        Raises:
            DataError, SettingError: each message says how to mend it.
        """
        return super().fit(X, y, callbacks=callbacks, verbose=verbose)

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
        return list(cut(self._at_steps(steps), steps.lengths))

    def score(self, X: Any, y: Any) -> float:
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
        if X is None:
            part, chosen = self._part_to_score()
            assert self.answers_ is not None
            raw, codes = self.raw_.take(chosen), self.answers_[chosen]
        else:
            raw, y = self._read_to_score(X, y)
            part, codes = raw.label, self._coded(y, raw)
        steps, truth = self.input_.prepare(raw), np.concatenate(codes)
        unknown = () if y is None else tuple(sorted(set(read_tags(y, raw)[0].tolist()) - set(self.classes_.tolist())))
        baseline = self.baseline_
        found = {
            "model": self._at_steps(steps),
            "simple": baseline.predict(steps),
            "majority": np.repeat(self.prior_[None], len(truth), axis=0),
        }
        names = {"model": "this model", "simple": baseline.name, "majority": "majority"}
        return Classification(self.classes_, truth, found, names, part, unknown)

    @property
    def baseline_(self) -> Any:
        """The simple model beside this one, fitted on all that is not held back to score it."""
        self._check_fitted()
        if self._baseline is None:
            chosen, answers = self._answers_but_test()
            steps, tags = self.input_.prepare(self.raw_.take(chosen)), np.concatenate(answers)
            baseline: Any = self.empty_baseline()
            self._baseline = baseline.fit(steps, tags)
        return self._baseline

    def empty_baseline(self) -> TokenBaseline | LinearBaseline:
        if self.input_.kind == "tokens":
            return TokenBaseline(len(self.input_.tokenizer), len(self.classes_))
        return LinearBaseline(StepFeatures(), "classes")

    def _at_steps(self, steps: Any) -> np.ndarray:
        found = predict_steps(self.model_, steps).astype(np.float64)
        return found / found.sum(axis=1, keepdims=True)

    def _read(self, X: Any, y: Any, **names: Any) -> Problem:
        if not _holds_tokens(X):
            return super()._read(X, y, **names)
        raw = make_tokens(X)
        check_lengths(len(y), raw, "lists of tags")
        target, codes, notes = self._read_answers(y, raw, Source(texts=True))
        return Problem(Source(texts=True), raw, target, codes, self._hold_back(target, codes), notes)

    def _read_answers(self, y: Any, raw: Any, source: Source) -> tuple[TagTarget, np.ndarray, list[str]]:
        if isinstance(raw, Texts) and isinstance(raw.values[0], str):
            raise DataError(
                "A Tagger takes lists of tokens, and these are whole texts: [text.split() for text in texts]."
            )
        return TagTarget.read(y, raw)

    def _input(self, source: Source) -> Any:
        return TokenInput(self) if source.texts else super()._input(source)

    def _batches(self, steps: Any, target: TagTarget, codes: np.ndarray, weights: Any) -> StepBatches:
        return StepBatches(steps, target.encode(codes), bucketing=self.bucketing)

    def _loss(self, target: TagTarget) -> Any:
        return target.loss()

    def _find_prior(self, answers: np.ndarray) -> np.ndarray:
        return majority(np.concatenate(answers), len(self.classes_))

    def _coded(self, y: Any, raw: Any) -> np.ndarray:
        flat, counts = read_tags(y, raw)
        return cut(self.target_.classes.encode(flat), counts)

    def _read_to_predict(self, X: Any) -> Any:
        self._check_fitted()
        if self.input_.kind == "tokens":
            return make_tokens(X)
        if _holds_tokens(X):
            raise DataError("The model was trained on sequences of numbers, but these are tokens.")
        return self.source_.read(X, labelled=False)

    def _read_to_score(self, X: Any, y: Any) -> tuple[Any, Any]:
        raw = self._read_to_predict(X)
        if y is None:
            raise SettingError("There are no tags to compare with. Pass them as y, a list for each sequence.")
        check_lengths(len(y), raw, "lists of tags")
        return raw, y


def _holds_tokens(X: Any) -> bool:
    if not isinstance(X, (list, tuple)) or not X:
        return False
    first = next((item for item in X if isinstance(item, (list, tuple, np.ndarray)) and len(item)), None)
    return first is not None and isinstance(first[0], str)
