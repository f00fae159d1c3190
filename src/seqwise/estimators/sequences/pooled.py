"""What `Classifier` and `Regressor` share: one target for each sequence, pooled states, recipes and ensembles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.baselines import Baseline
from seqwise.data import Sequences
from seqwise.errors import DataError, SettingError
from seqwise.estimators.base import TrainingBatches
from seqwise.estimators.scored import weights_digest
from seqwise.estimators.sequences.base import Scores, SequenceEstimator
from seqwise.estimators.sequences.data import SequenceData
from seqwise.estimators.sequences.ensemble import join_networks, join_trainings
from seqwise.estimators.sequences.network import POOLINGS
from seqwise.estimators.sequences.pairs import affordable
from seqwise.estimators.sequences.recipes import BESIDE, KERNELS, LSTM, NAMES, PAIRS, choose_recipe, resolved
from seqwise.estimators.sequences.source import Raw
from seqwise.estimators.settings import SEQUENCES, Option, choice, estimator, learned, setting, whole
from seqwise.training import Training, predict_sequences
from seqwise.training.batches import Batches

LEAST_VALIDATION = 30  # sequences: the loss of fewer says less of an epoch than the training's
VALIDATION, UNSEEN = "the validation set", "validation.outputs"


def _poolings(pooling: str) -> tuple[str, ...]:
    """Return the names that the setting `pooling` joins: ``"mean+max"`` → ``("mean", "max")``, ``""`` → ``()``."""
    return tuple(name for name in pooling.split("+") if name)


def _check_pooling(name: str, value: Any) -> None:
    names = _poolings(value) if isinstance(value, str) else ("",)
    if value != "auto" and not (names and set(names) <= set(POOLINGS)):
        raise SettingError(f"{name}={value!r}: expected 'last', 'mean', 'max', or some joined: 'last+max'.")
    if len(set(names)) < len(names):
        raise SettingError(f"{name}={value!r} names one twice.")


@estimator
class PooledEstimator(SequenceEstimator[Scores]):
    """A target for each whole sequence: the states at its steps become one vector."""

    _classifies: ClassVar[bool] = False

    pooling: str = setting(
        default="auto",
        help='how the LSTM\'s states become one vector: ``"last"``, the ``"mean"`` or the ``"max"`` over the steps, or '
        'several joined, ``"last+max"``; ``"auto"`` takes the mean of numbers and the maximum of texts.',
        check=_check_pooling,
        option=Option(
            SEQUENCES, str, help="How the LSTM's states become one vector: last, mean, max, or some joined: last+max."
        ),
    )

    recipe: str = setting(
        default="auto",
        help='``"lstm"``; or ``"lstm-fcn"`` with convolutions beside the LSTM: three for numbers (Karim et al. 2018), '
        'of two to four words for texts (Kim 2014). To classify, ``"lstm-kernels"`` adds a linear model of random '
        'convolutions to that for numbers (MiniRocket, Dempster et al. 2021), and ``"lstm-pairs"`` one of words and '
        'pairs of words to the LSTM for texts. ``"auto"`` takes the linear model where it can: for numbers of up to 2 '
        "million steps in sequences of at most 10,000, and texts of up to 10 million words, counted once for each "
        "class. Otherwise it takes convolutions for numbers, unless half of the training sequences are shorter than 8 "
        "steps or they have more than 5 million in all. The notes say which.",
        check=choice(*NAMES),
        option=Option(
            SEQUENCES,
            str,
            help="lstm; lstm-fcn: convolutions beside it; lstm-kernels: random ones, too; lstm-pairs: pairs of words.",
        ),
    )

    ensemble: int = setting(
        default=1,
        help="networks that are trained one after the other, each with a seed of its own, and kept as one model that "
        "gives the mean of their outputs before the activation; at most 100.",
        check=whole(1, 100),
        option=Option(SEQUENCES, int, help="Networks that are trained one after the other, and averaged."),
    )

    refit: bool | str = setting(
        default="auto",
        help="once the best epoch is known, train anew on the training and the validation set, for as many steps; the "
        'scores of the validation set stay those of the model that had not seen it. ``"auto"`` does so where fewer '
        "than 30 sequences are held back for validation, and they are not `validation_data`.",
        check=choice("auto", True, False),
    )

    # outputs for the validation set at the best epoch, if the model has learned that set since
    _unseen: np.ndarray | None = learned()
    _refit_weights: str | None = learned()  # digest of the weights that did

    def _train(
        self, data: SequenceData, callbacks: Sequence[Any], verbose: bool | None, folder: Path | None
    ) -> tuple[Any, Training]:
        if self.ensemble == 1:
            return super()._train(data, callbacks, verbose, folder)
        from sklearn import base  # pyright: ignore[reportMissingTypeStubs]

        networks: list[Any] = []
        measured: list[Any] = []
        trainings: list[Training] = []
        for i in range(self.ensemble):
            member = cast(Any, base).clone(self).set_params(seed=self.seed + i)
            network, training = member._train_network(data, callbacks, verbose, folder, number=i + 1)
            trainings.append(training)
            if training.best_epoch or not networks:  # one that was stopped before has learned nothing
                networks.append(network)
                measured += [] if member._measured is None else [member._measured]
            if training.interrupted:
                break
        self._measured = np.mean(measured, axis=0) if trainings[0].refit_epochs else None
        return join_networks(networks), join_trainings(trainings)

    def _training_batches(self, data: SequenceData) -> TrainingBatches:
        batches = super()._training_batches(data)
        return batches._replace(refit=data.batches("refit")) if self._refits(data) else batches

    def _refits(self, data: SequenceData) -> bool:
        if self.refit != "auto":
            return bool(self.refit)
        return not data.own_validation and 0 < len(data.split.validation) < LEAST_VALIDATION

    def _measure(self, data: SequenceData, model: Any, validation: Batches[Any]) -> np.ndarray | None:
        if not self._refits(data):
            return None
        steps = data.steps.take(data.split.validation)
        return predict_sequences(model, steps).reshape(len(steps), -1)

    def _adopt(self, data: SequenceData, model: Any, training: Training) -> None:
        unseen: np.ndarray | None = None
        if training.refit_epochs and self._measured is not None:
            activation = import_keras().activations.get(data.target.describe().activation or "linear")
            unseen = data.target.finish(import_keras().ops.convert_to_numpy(activation(self._measured)))
        unseen = self._finish_model(data, model, training, unseen)
        digest = None if unseen is None else weights_digest(model)
        super()._adopt(data, model, training)
        self._unseen, self._refit_weights = unseen, digest

    def _finish_model(
        self, data: SequenceData, model: Any, training: Training, unseen: np.ndarray | None
    ) -> np.ndarray | None:
        """Change what is left to be changed in a trained model.

        Args:
            unseen: outputs for the validation set, of the model that had not learned it; None where this one has not.

        Returns:
            these outputs, changed likewise.
        """
        return unseen

    def _held_back_outputs(self, raw: Raw, part: str) -> np.ndarray:
        """Return `_outputs`; for a validation set that the model has learned, those of the model that had not.

        Raises:
            DataError: these are not at hand, or the weights are others by now.
        """
        if part != VALIDATION or not self.training_.refit_epochs:
            return self._outputs(raw)
        if not self._knows_unseen():
            raise DataError(
                "Nothing was held back from this model: after its best epoch was known, it learned the validation set, "
                "too. Pass other sequences, evaluate(X, y), or fit with test=0.2 or refit=False."
            )
        return cast(np.ndarray, self._unseen)

    def _baselines_beside(self, part: str) -> dict[str, Baseline]:
        if part == VALIDATION and self.training_.refit_epochs and self._data is not None:
            return self._fit_baselines_without(self._data.split.validation, self._data)
        return super()._baselines_beside(part)

    def _knows_unseen(self) -> bool:
        return self._unseen is not None and self._refit_weights == weights_digest(self.model_)

    def _kept_arrays(self) -> dict[str, np.ndarray]:
        return {UNSEEN: np.ascontiguousarray(self._unseen)} if self._knows_unseen() else {}

    def _keep_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        self._unseen = arrays.get(UNSEEN)
        self._refit_weights = None if self._unseen is None else weights_digest(self.model_)

    def _kind(self, data: SequenceData) -> str:
        recipe, kind = self._recipe(data)[0], data.input.kind
        if recipe == PAIRS and (kind != "texts" or not self._classifies):
            raise SettingError("recipe='lstm-pairs' weighs pairs of words for each class: it is of texts with classes.")
        if recipe == KERNELS and (kind != "numbers" or not self._classifies):
            raise SettingError(
                "recipe='lstm-kernels' weighs random convolutions for each class: it is of numbers with classes."
            )
        return BESIDE.get((kind, recipe), kind)

    def _recipe(self, data: SequenceData) -> tuple[str, str]:
        """Return the recipe, and why it was taken; nothing where it was named."""
        if self.network is not None:
            return LSTM, ""
        if self.recipe != "auto":
            return self.recipe, ""
        if not isinstance(data.raw, Sequences):
            words = int(data.steps.lengths[data.split.train].sum())
            return (PAIRS if self._classifies and affordable(words, int(data.target.outputs)) else LSTM), ""
        return choose_recipe(data.raw.lengths[data.split.train], self._classifies)

    def _prepare(self, X: Any, y: Any = None, **keywords: Any) -> SequenceData:
        data = super()._prepare(X, y, **keywords)
        reason = self._recipe(data)[1]
        data.notes.extend([reason] if reason else [])
        return data

    def _watched(self, data: SequenceData) -> str | None:
        few = 0 < len(data.split.validation) < LEAST_VALIDATION
        return "loss" if few and self.patience is None else None

    def _pooling(self, kind: str) -> tuple[str, ...]:
        return _poolings(resolved(self, "pooling", kind))
