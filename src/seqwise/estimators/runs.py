"""Writing a trained estimator to its run folder, and bringing back whichever kind a folder holds.

What is one kind's own lies in a module of four functions and one constant, named in `KINDS`:

- ``RESULTS``: names of the text files that tell how the training went; a loaded run carries them along unread;
- ``write(estimator, folder)``: write the models and files it needs, return its part of the manifest as JSON;
- ``write_results(estimator, folder)``: write the files of `RESULTS`;
- ``needed(saved)``: names of the files that the manifest `saved` cannot do without;
- ``restore(folder, saved, settings)``: make the estimator again, from the constructor's arguments `settings`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from seqwise import __version__
from seqwise.artifact import check_files, is_run, listed_files, read_manifest, replaced_folder, write_manifest
from seqwise.backend import import_keras
from seqwise.errors import BundleError
from seqwise.training import Training

KINDS = {
    "Forecaster": "seqwise.estimators.forecasting.run",
    "Classifier": "seqwise.estimators.sequences.run",
    "Regressor": "seqwise.estimators.sequences.run",
    "Tagger": "seqwise.estimators.sequences.tagger_run",
    "Translator": "seqwise.estimators.translation.run",
}
MODEL, METRICS, REPORT = "model.keras", "metrics.json", "report.html"


class ScoringInterrupted(KeyboardInterrupt):
    """Ctrl-C came while a saved run was scored."""


def check_destination(path: Path) -> None:
    """Raise `BundleError` where saving to `path` would destroy something that is no Seqwise run."""
    for part in (path, *path.parents):
        if part.is_file():
            raise BundleError(f"{str(part)!r} is a file. Name a folder for the run.")
    if Path.cwd().is_relative_to(path.resolve()):
        raise BundleError(
            f"{str(path)!r} is the folder you are in. Name one inside it, for example {str(path / 'run')!r}."
        )
    beside = next(part for part in path.resolve().parents if part.exists())  # the new folder is made there first
    if not os.access(beside, os.W_OK):
        raise BundleError(f"{str(path)!r} cannot be written: you have no right to write to {str(beside)!r}.")
    if path.is_dir() and any(path.iterdir()) and not is_run(path):
        raise BundleError(
            f"{str(path)!r} is not empty and no Seqwise run; nothing in it was touched. Name a new folder."
        )


def save_run(estimator: Any, path: Path) -> Path:
    """Write the run folder; an earlier run at `path` is replaced in one step, its foreign files are kept.

    What was trained is kept whatever becomes of its scores: where they cannot be had, the run is saved without them,
    and then the error is raised.

    Raises:
        BundleError: `path` holds something that is no Seqwise run, or a setting cannot be saved.
        ScoringInterrupted: Ctrl-C ended the scoring; the run is saved.
    """
    check_destination(path)
    kind = _kind_of(estimator)
    part: Any = import_module(KINDS[kind.__name__])
    ours = listed_files(path)
    failed: BaseException | None = None
    keep = tuple(p for p in path.iterdir() if p.name not in ours) if path.is_dir() else ()
    with replaced_folder(path, keep) as folder:
        content = {
            "seqwise": __version__,
            "keras": import_keras().__version__,
            "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "settings": plain_settings(estimator),
            "training": estimator.training_.__dict__,
        }
        content |= part.write(estimator, folder)
        if estimator.results_ is None:
            try:
                part.write_results(estimator, folder)
            except (Exception, KeyboardInterrupt) as error:
                failed = ScoringInterrupted() if isinstance(error, KeyboardInterrupt) else error
                for name in part.RESULTS:
                    (folder / name).unlink(missing_ok=True)
        else:  # a loaded run, saved again: its results are those of its training
            for name, text in estimator.results_.items():
                (folder / name).write_text(text, encoding="utf-8")
        write_manifest(folder, kind.__name__, content)
    if failed is not None:
        failed.add_note(f"The run is saved in {str(path)!r}, without its scores.")
        raise failed
    return path


def _kind_of(estimator: Any) -> Any:
    """Return Seqwise's own class that an estimator is, or comes from: the run of one of yours is that of ours."""
    return next(c for c in type(estimator).__mro__ if c.__name__ in KINDS and c.__module__.startswith("seqwise."))


def told(error: BaseException) -> str:
    """Return an error's kind and the first line of its message."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def load(path: str | Path) -> Any:
    """Bring back a saved run of any kind: `predict` works at once, `evaluate` on the data it is given.

    Raises:
        BundleError: the folder is missing, damaged, foreign, or from a newer Seqwise; the message says which.
    """
    folder = Path(path)
    saved = read_manifest(folder)
    kind = saved.get("kind")
    if kind not in KINDS:
        raise BundleError(
            f"{str(folder)!r} holds a {kind!r}; this Seqwise, {__version__}, knows {', '.join(KINDS)}. It was written "
            f"by Seqwise {saved.get('seqwise')}: pip install -U seqwise."
        )
    part: Any = import_module(KINDS[kind])
    try:
        check_files(folder, saved, part.needed(saved))
        estimator = part.restore(folder, saved, _given_settings(saved["settings"]))
        estimator.training_ = Training(**saved["training"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(
            f"{str(folder)!r} cannot be read ({told(error)}). It was written by Seqwise "
            f"{saved.get('seqwise')} and Keras {saved.get('keras')}; train again, or use those versions."
        ) from error
    estimator.results_ = {
        name: (folder / name).read_text(encoding="utf-8") for name in part.RESULTS if (folder / name).exists()
    }
    return estimator


def save_model(model: Any, path: Path) -> None:
    """Write a Keras model with Keras's own layers in place of ours, so that it loads without Seqwise."""
    from seqwise.layers import stock_layers  # imports Keras

    with stock_layers(model):
        model.save(path)


def load_model(path: Path, *, compiled: bool = True) -> Any:
    """Read a Keras model; its LSTMs run on the fused kernel. No code from the file is run.

    Args:
        compiled: with its loss and optimiser, where it was saved with them.
    """
    from seqwise.layers import accelerate  # imports Keras

    return accelerate(import_keras().models.load_model(path, compile=compiled), verbose=False)


def plain_settings(estimator: Any) -> dict[str, Any]:
    """The constructor's arguments (of Seqwise's own class) as JSON; Keras objects as their configuration.

    Raises:
        BundleError: one of them could not be loaded again.
    """
    settings = {name: getattr(estimator, name) for name in _kind_of(estimator)._get_param_names()}
    for name in _keras_objects(settings):
        saving = import_keras().saving
        given, settings[name] = settings[name], saving.serialize_keras_object(settings[name])
        try:
            saving.deserialize_keras_object(settings[name])
        except (TypeError, ValueError):
            raise BundleError(
                f"{name}={getattr(given, '__name__', given)!r} is your own and could not be loaded again. Put "
                "@keras.saving.register_keras_serializable() on the line above its definition."
            ) from None
    return json.loads(json.dumps({name: _with_text_keys(v) for name, v in settings.items()}, default=_plain))


def _given_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Undo `plain_settings`."""
    given = {name: _with_any_keys(value) for name, value in settings.items()}
    for name in _keras_objects(settings):
        given[name] = import_keras().saving.deserialize_keras_object(settings[name])
    return given | {"units": tuple(settings["units"])}


def _keras_objects(settings: dict[str, Any]) -> list[str]:
    return [name for name in ("optimizer", "loss") if not isinstance(settings.get(name), (str, type(None)))]


def _with_text_keys(value: Any) -> Any:
    """A mapping whose keys are not all text (labels: 1, True) as pairs, for JSON's keys are."""
    if isinstance(value, Mapping) and not all(isinstance(key, str) for key in value):
        return {"pairs": [[key, item] for key, item in value.items()]}
    return value


def _with_any_keys(value: Any) -> Any:
    if isinstance(value, dict) and list(value) == ["pairs"] and isinstance(value["pairs"], list):
        return dict(value["pairs"])
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, os.PathLike):
        return str(value)
    raise BundleError(f"A setting of type {type(value).__name__} cannot be saved as JSON: {value!r}.")
