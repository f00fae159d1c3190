"""Keras models in a run folder: of stock layers, so that they load without Seqwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqwise.artifact.archives import check_archive
from seqwise.artifact.reading import RESTORE, check_finite, check_own_file
from seqwise.backend import import_keras
from seqwise.errors import BundleError


def save_model(model: Any, path: Path) -> None:
    """Write a Keras model with Keras's own layers in place of ours."""
    from seqwise.layers import stock_layers  # imports Keras

    with stock_layers(model):
        model.save(path)


def load_model(path: Path, *, compiled: bool, tensors: dict[str, Any] | None = None) -> Any:
    """Read a Keras model; its LSTMs run on the fused kernel. No code from the file is run.

    Args:
        compiled: with its loss and optimizer, where it was saved with them.
        tensors: what `tensors_of` said of it when it was saved.

    Raises:
        BundleError: it cannot be read, has other inputs, outputs or weights, or a weight is not finite.
    """
    from seqwise.layers import accelerate  # imports Keras

    check_own_file(path)
    check_archive(path)
    try:
        model = import_keras().models.load_model(path, compile=compiled)
    except Exception as error:  # whatever Keras and HDF5 raise for a damaged file
        raise BundleError(f"{path} cannot be read by Keras ({_short(error)}). {RESTORE}") from error
    weights = {variable.path: np.asarray(variable) for variable in model.weights}
    check_finite(path, weights)
    own_tensors = tensors_of(model)
    for part, expected in (tensors or {}).items():
        if own_tensors is not None and own_tensors[part] != expected:
            raise BundleError(
                f"{path} is another model than the manifest's: its {part} are {str(own_tensors[part])[:200]}; expected "
                f"{str(expected)[:200]}. {RESTORE}"
            )
    return accelerate(model, verbose=False)


def tensors_of(model: Any) -> dict[str, Any] | None:
    """Return the shapes of a Keras model's inputs, outputs and weights, as JSON; None of one that is not functional."""
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        return None
    return {
        "inputs": [list(tensor.shape) for tensor in model.inputs],
        "outputs": [list(tensor.shape) for tensor in model.outputs],
        "weights": [list(variable.shape) for variable in model.weights],
    }


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
