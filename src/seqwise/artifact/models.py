"""Keras models in a run folder: of stock layers, so that they load without Seqwise."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.artifact.archives import WIDTHS, check_archive, check_hdf5
from seqwise.artifact.reading import RESTORE, check_finite, check_own_file
from seqwise.backend import import_keras
from seqwise.errors import BundleError, SeqwiseError

UNCHECKED = 2**26  # weights that a model may have without a look at their shapes first


def save_model(model: Any, path: Path) -> None:
    """Write a Keras model with Keras's own layers in place of ours."""
    from seqwise.layers import stock_layers  # imports Keras

    with stock_layers(model):
        model.save(path)


def load_keras(path: Path, *, compiled: bool) -> Any:
    """Load a ``.keras`` or ``.h5`` file that may come from a stranger: no array is made that it does not hold.

    Raises:
        BundleError: Keras should not be given the file, see `seqwise.artifact.archives`.
        Exception: whatever Keras and HDF5 raise for a damaged file.
    """
    keras = import_keras()
    archive = path.suffix.lower() == ".keras"
    content = check_archive(path) if archive else check_hdf5(path)
    if _most_weights(content.config) > max(content.stored, UNCHECKED):

        def build() -> Any:
            if archive:
                return keras.saving.deserialize_keras_object(_without_optimizers(content.config))
            return keras.models.load_model(path, compile=False)  # compares the stored arrays' shapes as well

        weights = _count_weights(keras, build)
        if weights > content.stored:
            raise BundleError(f"{path}: its layers have {weights:,} weights, and the file holds {content.stored:,}.")
    return keras.models.load_model(path, compile=compiled)


def _most_weights(config: Any) -> int:
    """Return a number of weights that a model has at most, by the widths and shapes in its layers' settings."""
    layers = widest = 0
    parts = [("", config)]
    while parts:
        name, part = parts.pop()
        if isinstance(part, dict):
            layers += "class_name" in part
            parts += cast(dict[str, Any], part).items()
        elif isinstance(part, list):
            parts += [(name, entry) for entry in cast(list[Any], part)]
        elif isinstance(part, int) and (name in WIDTHS or "shape" in name):
            widest = max(widest, part)
    return 8 * layers * widest**2  # 4 gates, of the inputs and of the state


def _without_optimizers(config: Any) -> Any:
    """Return the settings of a model without those of its training, and of the models in it."""
    if isinstance(config, dict):
        entries = cast(dict[str, Any], config).items()
        return {name: _without_optimizers(entry) for name, entry in entries if name != "compile_config"}
    if isinstance(config, list):
        return [_without_optimizers(entry) for entry in cast(list[Any], config)]
    return config


def _count_weights(keras: Any, build: Callable[[], Any]) -> int:
    """Let `build` build a model whose variables have shapes alone, and count their numbers.

    In a thread of its own, for Keras makes such variables later on in the thread that they come from.
    """
    counts: list[int] = []
    raised: list[BaseException] = []

    def count() -> None:
        try:
            with keras.StatelessScope(initialize_variables=False):
                weights: list[Any] = build().weights
                counts.append(sum(math.prod(variable.shape) for variable in weights))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return counts[0]


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
    try:
        model = load_keras(path, compiled=compiled)
    except SeqwiseError:
        raise
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
