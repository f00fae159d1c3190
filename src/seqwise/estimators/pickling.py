"""Keras models in pickles, read by a process that has not imported our layers and losses yet."""

from __future__ import annotations

import pickle
import warnings
from importlib import import_module
from typing import Any

from seqwise.backend import PREDICTING_LOCK, TRAINING_LOCK, check_process
from seqwise.layers import register_layers

OWN_LOSSES = ("seqwise.training.distribution_loss", "seqwise.training.token_loss")  # that Keras finds once imported


class PickledModel:
    """A Keras model on its way into a pickle, and out of it in a process that knows none of our layers yet."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __reduce__(self) -> tuple[Any, ...]:
        with PREDICTING_LOCK:
            return _unpickled, (pickle.dumps(self.model),)


def _unpickled(content: bytes) -> PickledModel:
    register_layers()
    for loss in OWN_LOSSES:
        import_module(loss)
    check_process()
    with TRAINING_LOCK, warnings.catch_warnings():
        # Keras says so of an optimizer that was saved before its first step
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer", UserWarning)
        return PickledModel(pickle.loads(content))
