"""Regression on sequences: from arrays or a table to a trained model, its numbers and its honest error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqwise.backend import deferred_imports, import_keras
from seqwise.errors import DataError
from seqwise.estimators.sequences.alignment import column_names, in_order
from seqwise.estimators.sequences.base import SequenceEstimator
from seqwise.estimators.sequences.number_target import NumberTarget, read_numbers
from seqwise.estimators.sequences.source import Source, sequence_names
from seqwise.estimators.settings import check_loss
from seqwise.evaluation.regression import Regression

with deferred_imports():
    from sklearn.base import RegressorMixin


class Regressor(RegressorMixin, SequenceEstimator):
    """Say one number, or several, of a sequence, with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end in
    ``_`` are what it learned; `cross_val_score` and `clone` work. Sequences may have any lengths. The targets are
    learned with mean 0 and standard deviation 1 (over the training part), and come back in their own units.

    Args:
        units, bidirectional, pooling, dropout, scaler, test, optimizer, learning_rate, epochs, patience, batch_size,
            bucketing, tokenizer, embedding, vectors, frozen, seed: as for `Classifier`.
        validation: share (0.1) or number of sequences held back to find the best epoch.
        loss: any of Keras's, by name or object, on the scaled targets.

    Attributes:
        model_: the Keras model. Takes [values (samples, timesteps, features), scaled; mask (samples, timesteps)];
            gives (samples, targets), scaled.
        training_: history, seconds, best epoch. parts_: numbers of the sequences of each part (None after `load`).
        notes_: what was found in the data, one sentence each. n_features_in_: features of a step.

    Example:
        >>> import numpy as np, seqwise as sw
        >>> rng = np.random.default_rng(0)
        >>> X = [rng.normal(size=(rng.integers(5, 15), 1)) for _ in range(40)]
        >>> regressor = sw.Regressor(units=(8,), epochs=5).fit(X, [x.mean() for x in X])
        >>> regressor.predict(X[:3]).shape
        (3,)
    """

    target_: NumberTarget

    def __init__(
        self,
        units: Sequence[int] = (64,),
        *,
        bidirectional: bool = True,
        pooling: str = "auto",
        dropout: float = 0.0,
        loss: Any = "mse",
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
        self.loss = loss
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

    def predict(self, X: Any) -> np.ndarray:
        """Return the targets in their own units, float64, shape (samples,), or (samples, targets) as `fit` had them."""
        return self._shaped(self._outputs(self._read_to_predict(X)))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return R², as scikit-learn has it."""
        from sklearn.metrics import r2_score

        raw, y = self._read_to_score(X, y)
        weights = in_order(sample_weight, raw, "weights")
        return float(r2_score(self._values(y, raw), self._outputs(raw), sample_weight=weights))

    def evaluate(self, X: Any = None, y: Any = None) -> Regression:
        """Score the model beside the training's mean and ridge regression on a few numbers of each sequence.

        Args:
            X, y: other sequences with their targets; None for the part that was held back (the test part, or else the
                validation part).

        Raises:
            DataError: nothing was held back.
        """
        if X is None:
            part, chosen = self._part_to_score()
            assert self.answers_ is not None
            return self._compare(self.raw_.take(chosen), self.answers_[chosen], part)
        raw, y = self._read_to_score(X, y)
        return self._compare(raw, self._values(y, raw), raw.label)

    def _compare(self, raw: Any, truth: np.ndarray, part: str) -> Regression:
        found = {
            "model": self._outputs(raw),
            "simple": self.baseline_.predict(raw),
            "mean": np.repeat(self.prior_[None], len(raw), axis=0),
        }
        names = {"model": "this model", "simple": self.baseline_.name, "mean": "the training's mean"}
        return Regression(self.target_.names, truth, found, names, part)

    def _find_prior(self, answers: np.ndarray) -> np.ndarray:
        return answers.mean(axis=0)

    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns: the sequence, then each target."""
        raw = self._read_to_predict(X)
        outputs = self._outputs(raw)
        return {"sequence": sequence_names(raw)} | {name: outputs[:, j] for j, name in enumerate(self.target_.names)}

    def _coded(self, y: Any, raw: Any) -> np.ndarray:
        return self._values(y, raw)

    def _values(self, y: Any, raw: Any) -> np.ndarray:
        """Return targets that are to be compared with the model's, float64, shape (samples, targets)."""
        values, _ = read_numbers(y, raw)
        wanted = len(self.target_.names)
        if values.shape[1] != wanted:
            raise DataError(
                f"The targets have shape {values.shape}; the model was trained on {wanted} number(s) for each "
                f"sequence: expected ({len(raw)}, {wanted})."
            )
        return values

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        return values[:, 0] if self.target_.flat else values

    def _read_answers(self, y: Any, raw: Any, source: Source) -> tuple[Any, np.ndarray, list[str]]:
        return NumberTarget.read(y, raw, column_names(y, raw, source.label))

    def _loss(self, target: NumberTarget) -> Any:
        return check_loss(import_keras(), self.loss)
