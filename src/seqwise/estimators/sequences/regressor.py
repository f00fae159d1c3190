"""Regression on sequences: from arrays or a table to a trained model, its numbers and its honest error."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from seqwise.backend import deferred_imports
from seqwise.baselines import Problem, Samples
from seqwise.errors import DataError
from seqwise.estimators.sequences.alignment import column_names, in_order
from seqwise.estimators.sequences.number_target import NumberTarget, read_numbers
from seqwise.estimators.sequences.pooled import PooledEstimator
from seqwise.estimators.sequences.source import Raw, Source, sequence_names
from seqwise.estimators.settings import TRAINING, Option, estimator, given_loss, learned, setting
from seqwise.evaluation.regression import NumberComparison

with deferred_imports():
    from sklearn.base import RegressorMixin  # pyright: ignore[reportMissingTypeStubs]


@estimator
class Regressor(RegressorMixin, PooledEstimator[NumberComparison]):
    """Predict one number, or several, for a sequence, with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end in
    ``_`` are what it learned; `cross_val_score` and `clone` work. Sequences may have any lengths. The targets are
    learned with mean 0 and standard deviation 1 (over the training set), and come back in their own units.

    Args:
        {settings}

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

    dropout: float | str = setting(
        default=0.0,
        help="share of each LSTM layer's outputs (and of the words' vectors) dropped in training, 0 to 1; "
        '``"auto"`` takes 0.3, and 0.5 for texts.',
    )
    loss: Any = setting(
        default="mse",
        help="any of Keras's, by name or object, on the scaled targets.",
        check=given_loss,
        option=Option(TRAINING, str, help="Any of Keras's losses, by name."),
    )

    target_type = NumberTarget
    target_: NumberTarget = learned()

    def predict(self, X: Any) -> np.ndarray:
        """Return the targets in their own units, float64, shape (samples,), or (samples, targets) as `fit` had them."""
        values = self._outputs(self._read_to_predict(X))
        return values[:, 0] if self.target_.flat else values

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return R², as scikit-learn has it."""
        from sklearn import metrics  # pyright: ignore[reportMissingTypeStubs]

        raw, y = self._read_to_score(X, y)
        weights, r2 = in_order(sample_weight, raw, "weights"), cast(Any, metrics).r2_score
        return float(r2(self._encode(y, raw)[0], self._outputs(raw), sample_weight=weights))

    def _compare(self, raw: Raw, truth: np.ndarray, part: str, unknown: tuple[()] = ()) -> NumberComparison:
        predictions, names = self._predictions(raw, self._held_back_outputs(raw, part), part)
        return NumberComparison(self.target_.names, truth, predictions, names, part)

    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns: the sequence, then each target."""
        raw = self._read_to_predict(X)
        outputs = self._outputs(raw)
        return {"sequence": sequence_names(raw)} | {name: outputs[:, j] for j, name in enumerate(self.target_.names)}

    def _encode(self, y: Any, raw: Raw) -> tuple[np.ndarray, tuple[()]]:
        values, _ = read_numbers(y, raw)
        wanted = len(self.target_.names)
        if values.shape[1] != wanted:
            raise DataError(
                f"The targets have shape {values.shape}; the model was trained on {wanted} number(s) for each "
                f"sequence: expected ({len(raw)}, {wanted})."
            )
        return values, ()

    def _read_targets(self, y: Any, raw: Raw, source: Source) -> tuple[NumberTarget, np.ndarray, list[str]]:
        return NumberTarget.read(y, raw, column_names(y, raw, source.label), self.loss)

    def _problem(self, samples: Samples) -> Problem:
        return Problem(samples, "numbers")
