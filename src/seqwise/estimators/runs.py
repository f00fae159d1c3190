"""Bringing back whichever estimator a run folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise import estimators
from seqwise.artifact import check_files, first_line, read_manifest
from seqwise.artifact.numpy import load_numpy_run
from seqwise.backend import import_keras
from seqwise.errors import BundleError, as_path, check_choice
from seqwise.estimators.saved_settings import restored_settings

REPLACEMENTS = 5  # of a run, while one load reads it


def load(path: str | Path, *, backend: str | None = None, trust_edited: bool = False) -> Any:
    """Bring back a saved run of any kind: `predict` works at once, `evaluate` on the data that it is given.

    Args:
        backend: None for the estimator itself, on Keras; ``"numpy"`` for a run that predicts with NumPy alone, in
            milliseconds and without Keras, a table library or scikit-learn (see `seqwise.artifact.numpy`).
        trust_edited: read a run whose files were edited on purpose: checksums need not hold. What the files hold is
            checked all the same: every field, shape and value.

    Raises:
        SettingError: there is no such backend, or an environment variable keeps Keras from running.
        BundleError: the folder is missing, damaged, edited, foreign, or from another version of Seqwise; the message
            names the file.
    """
    check_choice("backend", backend, (None, "numpy"))
    folder = as_path(path, "a run folder")
    saved = read_manifest(folder, trust_edited=trust_edited)
    for _ in range(REPLACEMENTS):
        try:
            return _load(folder, saved, backend, trust_edited)
        except BundleError:
            before, saved = saved, read_manifest(folder, trust_edited=trust_edited)
            if saved == before:
                raise  # else the run was replaced by another while it was read
    return _load(folder, saved, backend, trust_edited)


def _load(folder: Path, saved: dict[str, Any], backend: str | None, trust_edited: bool) -> Any:
    if backend is None:
        import_keras()  # what keeps it from being imported is not the run's fault
    try:
        if backend == "numpy":
            return load_numpy_run(folder, saved, trust_edited=trust_edited)
        cls = getattr(estimators, saved["kind"])
        check_files(folder, saved, cls.needed_files(saved), trust_edited=trust_edited)
        return cls.from_run(folder, saved, restored_settings(saved["settings"]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise BundleError(
            f"{str(folder)!r} cannot be read ({first_line(error)}). It was written by Seqwise "
            f"{saved.get('seqwise')} and Keras {saved.get('keras')}; train again, or use those versions."
        ) from error
