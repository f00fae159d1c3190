"""Keras models in a run folder: of stock layers, so that they load without Seqwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.backend import import_keras


def save_model(model: Any, path: Path) -> None:
    """Write a Keras model with Keras's own layers in place of ours."""
    from seqwise.layers import stock_layers  # imports Keras

    with stock_layers(model):
        model.save(path)


def load_model(path: Path, *, compiled: bool) -> Any:
    """Read a Keras model; its LSTMs run on the fused kernel. No code from the file is run.

    Args:
        compiled: with its loss and optimizer, where it was saved with them.
    """
    from seqwise.layers import accelerate  # imports Keras

    return accelerate(import_keras().models.load_model(path, compile=compiled), verbose=False)
