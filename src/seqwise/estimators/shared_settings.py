"""The settings that all estimators have, each declared once."""

from __future__ import annotations

from typing import Any

from seqwise.backend import deferred_imports
from seqwise.estimators.parts import BuildNetwork
from seqwise.estimators.settings import (
    MODEL,
    TRAINING,
    Option,
    build_function,
    check_settings,
    estimator,
    flag,
    rate,
    setting,
    share,
    whole,
)

with deferred_imports():
    from sklearn.base import BaseEstimator  # pyright: ignore[reportMissingTypeStubs]


@estimator
class SharedSettings(BaseEstimator):
    """What every estimator is set to; one may declare a setting again, with a default or a help text of its own."""

    # Any: a number, and where an estimator says so "auto"
    bidirectional: bool = setting(default=True, help="read in both directions.", check=flag, option=Option(MODEL, bool))
    dropout: Any = setting(
        default=0.0,
        help="share of each LSTM layer's inputs dropped in training, 0 to 1.",
        check=share(),
        option=Option(MODEL, float, help="Share of each layer's values dropped in training."),
    )
    validation: float = setting(
        default=0.1,
        help="share or number of samples held back to find the best epoch.",
        option=Option(TRAINING, float, help="Held back to find the best epoch: a share or a number of samples."),
    )
    test: float = setting(
        default=0.1,
        help="share or number of samples held back to score the model.",
        option=Option(
            TRAINING, float, help="Held back to score the model (of a series, its end): a share or a number."
        ),
    )
    optimizer: Any = setting(
        default="adam",
        help="any of Keras's, by name or object.",
        option=Option(TRAINING, str, help="Any of Keras's optimizers, by name."),
    )
    learning_rate: Any = setting(
        default=0.002,
        help="for an optimizer given by name.",
        check=rate(),
        option=Option(TRAINING, float, help="The learning rate of the optimizer."),
    )
    epochs: Any = setting(
        default=10,
        help="the maximum number of epochs.",
        check=whole(1),
        option=Option(TRAINING, int, help="The maximum number of epochs."),
    )
    patience: int | None = setting(
        default=None,
        help="epochs without improvement that end the training; None trains them all.",
        check=whole(1, none=True),
        option=Option(TRAINING, int, help="Epochs without improvement that end the training."),
    )
    batch_size: Any = setting(
        default="auto",
        help='samples in a training step; ``"auto"`` takes 16 to 128 by their number.',
        check=whole(1, auto=True),
        option=Option(TRAINING, int, help="Samples in a training step; default: by their number."),
    )
    network: BuildNetwork | None = setting(
        default=None,
        help="a function of your own that builds the network in place of the settings above: called with an "
        "`InputDescription` and a `TargetDescription` (see `seqwise.estimators.parts`), it returns a Keras model.",
        check=build_function,
    )
    seed: int = setting(
        default=0,
        help="seeds weights, shuffling, dropout and random splits; the same seed gives the same weights.",
        check=whole(0, float("inf")),
        option=Option(TRAINING, int, help="The same seed gives the same weights."),
    )

    def _check_settings(self) -> None:
        """Raise `SettingError` for the first setting that is out of range, or for two that contradict each other."""
        check_settings(self)
