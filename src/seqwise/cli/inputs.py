"""Models and data from files, for the commands that look at shapes."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.data.files import existing_file, nearest_file
from seqwise.errors import BundleError, DataError, nearest

if TYPE_CHECKING:
    import keras

    from seqwise.estimators.base import Estimator

MODELS = (".keras", ".h5", ".hdf5")
ARRAYS = (".npy", ".npz")


def is_model(path: str) -> bool:
    """Tell whether a path names a model or a run folder, rather than data."""
    return Path(path).suffix.lower() in MODELS or Path(path).is_dir()


def read_model(path: str) -> Any:
    """Load a Keras model, the Forecaster of a run folder, or the model of another run. No code from the file is run.

    Raises:
        BundleError: it is not there, is not a model, or holds layers that are not known.
    """
    if Path(path).is_dir():
        from seqwise.estimators.runs import load

        return load(Path(path))
    return read_keras_model(path, compiled=False)


def read_keras_model(path: str, *, compiled: bool) -> keras.Model:
    """Load a Keras model, that of a run folder included. No code from the file is run.

    Args:
        compiled: with its loss and optimiser, where it was saved with them.

    Raises:
        BundleError: it is not there, is not a model, or holds layers that are not known.
    """
    where = Path(path)
    if (where / "model.keras").is_file():
        where /= "model.keras"
    if where.is_dir():
        raise BundleError(f"{path!r} is a folder that holds no model. Name a run folder, or a model: model.keras.")
    if where.exists():
        existing_file(where, "model")  # not a pipe, which is waited for
        if where.suffix.lower() not in MODELS:
            raise BundleError(f"{path!r} is not a model. Name a run folder, or a model: model.keras.")
    if not where.is_file():
        raise BundleError(f"There is no model {path!r}.{nearest_file(where)} Save one by model.save('model.keras').")
    from seqwise.artifact.models import load_keras
    from seqwise.backend import import_keras

    import_keras()
    from seqwise.layers import register_layers

    register_layers()
    if where.suffix.lower() == ".keras" and not zipfile.is_zipfile(where):
        raise BundleError(
            f"{where.name} is not a Keras model: it is not a zip archive. Save one: model.save('m.keras')."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an optimiser was saved before its first step
            return load_keras(where, compiled=compiled)
    except BundleError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes Keras raise
        line = next((text.strip() for text in str(error).splitlines() if text.strip()), type(error).__name__)
        hint = ""
        if "Could not locate class" in str(error):
            hint = " A layer of your own is known only where it was defined: ask in Python there, not here."
        elif "lambda" in str(error).lower():
            hint = " A Lambda layer is Python code in the file, which is not run here."
        raise BundleError(f"{where.name} cannot be read as a Keras model: {line}{hint}") from error


def training_file(estimator: Estimator[Any, Any, Any]) -> str:
    """Return the file that a run was trained on.

    Raises:
        DataError: the data were in memory, or the file is no longer there.
    """
    path = estimator.data_
    if path is None:
        raise DataError("This run was trained on data in memory. Name a file: --data FILE.")
    if not Path(path).exists():
        raise DataError(f"The training file {path!r} is no longer there. Name a file: --data FILE.")
    return path


def read_archive(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file by name; that of a .npy file as ``x``.

    Raises:
        DataError: it is not there, or cannot be read; pickled objects are refused.
    """
    existing_file(path, "NumPy")
    if path.suffix.lower() not in ARRAYS:
        raise DataError(f"{path.name}: expected a .npy or .npz file. Save arrays of numbers: np.savez('x.npz', x=x).")
    try:
        content = np.load(path, allow_pickle=False)
        return {"x": content} if isinstance(content, np.ndarray) else {name: content[name] for name in content.files}
    except Exception as error:  # zipfile, zlib and NumPy each raise their own, and MemoryError for an invented size
        line = str(error).partition(". If you trust")[0]  # NumPy's advice is to run code from the file
        raise DataError(
            f"{path.name} cannot be read: {line}. Save arrays of numbers: np.savez({path.stem!r}, x=x, y=y)."
        ) from None


def read_data(path: str, name: str = "x") -> Any:
    """Read an array (.npy, .npz) or a table (.csv, .tsv, .parquet).

    Args:
        name: of the array in a .npz file that holds several.

    Raises:
        DataError: it is not there, or cannot be read; pickled objects are refused.
    """
    where = Path(path)
    if where.suffix.lower() not in ARRAYS:
        from seqwise.data import read_table

        return read_table(path).frame.to_native()
    existing_file(where, "NumPy")
    try:
        loaded = np.load(where, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        names = list(loaded)
        if name not in names and len(names) != 1:
            raise DataError(f"{where.name} has no array {name!r}.{nearest(name, names)}")
        return loaded[name if name in names else names[0]]
    except DataError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each raise their own, and MemoryError for an invented size
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{where.name} cannot be read as an array: {line}. Save one of numbers: np.save({where.stem!r}, x)."
        ) from error
