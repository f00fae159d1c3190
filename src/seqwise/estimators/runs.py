"""Bringing back whichever estimator a run folder holds."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from seqwise import __version__
from seqwise.artifact import check_files, first_line, read_manifest
from seqwise.artifact.numpy import load_numpy_run
from seqwise.errors import BundleError, check_choice
from seqwise.estimators.saved_settings import restored_settings

ESTIMATORS = {  # by the kind that a run folder names
    "Forecaster": "seqwise.estimators.forecasting.forecaster",
    "Classifier": "seqwise.estimators.sequences.classifier",
    "Regressor": "seqwise.estimators.sequences.regressor",
    "Tagger": "seqwise.estimators.sequences.tagger",
    "Translator": "seqwise.estimators.translation.translator",
}


def estimator_class(kind: str) -> Any:
    """Return an estimator's class by its name."""
    return getattr(import_module(ESTIMATORS[kind]), kind)


def load(path: str | Path, *, backend: str | None = None) -> Any:
    """Bring back a saved run of any kind: `predict` works at once, `evaluate` on the data that it is given.

    Args:
        backend: None for the estimator itself, on Keras; ``"numpy"`` for a run that predicts with NumPy alone, in
            milliseconds and without Keras, a table library or scikit-learn (see `seqwise.artifact.numpy`).

    Raises:
        SettingError: there is no such backend.
        BundleError: the folder is missing, damaged, foreign, or from another version of Seqwise; the message says
            which.
    """
    check_choice("backend", backend, (None, "numpy"))
    folder = Path(path)
    saved = read_manifest(folder)
    kind = saved.get("kind")
    if kind not in ESTIMATORS:
        raise BundleError(
            f"{str(folder)!r} holds a {kind!r}; this Seqwise, {__version__}, knows {', '.join(ESTIMATORS)}. It was "
            f"written by Seqwise {saved.get('seqwise')}: pip install -U seqwise."
        )
    try:
        if backend == "numpy":
            return load_numpy_run(folder, saved)
        cls = estimator_class(kind)
        check_files(folder, saved, cls.needed_files(saved))
        return cls.from_run(folder, saved, restored_settings(saved["settings"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(
            f"{str(folder)!r} cannot be read ({first_line(error)}). It was written by Seqwise "
            f"{saved.get('seqwise')} and Keras {saved.get('keras')}; train again, or use those versions."
        ) from error
