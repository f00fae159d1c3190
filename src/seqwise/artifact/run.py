"""Writing a run folder: in one step, beside the user's own files, and whatever becomes of its figures."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqwise import __version__
from seqwise.artifact.atomic import LONGER, NEW, replaced_folder
from seqwise.artifact.manifest import TRAINING, is_run, listed_files, write_manifest
from seqwise.artifact.reading import check_sum, kind_of, read_bytes
from seqwise.backend import import_keras
from seqwise.errors import BundleError, SettingError
from seqwise.interrupts import interruptible, interrupts

LOCK = "lock"  # in the folder of the checkpoints


class ScoringInterrupted(KeyboardInterrupt):
    """Ctrl-C came while a saved run was scored."""


def check_place(path: Path, what: str) -> None:
    """Raise `BundleError` where no folder can be written, or something else than a folder stands.

    Args:
        what: is to be written, for the message: ``"the run"``.
    """
    _check_names(path)
    for part in (path, *path.parents):
        if part.exists() and not part.is_dir():
            kind = kind_of(part.resolve())
            raise BundleError(f"{str(part)!r} is {'a file' if kind == 'file' else kind}. Name a folder for {what}.")
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it was removed
        here = None
    if here is not None and here.is_relative_to(path.resolve()):
        raise BundleError(
            f"{str(path)!r} is the folder you are in. Name one inside it, for example {str(path / 'run')!r}."
        )
    target = path.resolve()
    parent = _parent(target)  # the new folder is made there first
    try:
        os.rmdir(tempfile.mkdtemp(prefix=f".{target.name}{NEW}", dir=parent))  # what saving begins with
    except OSError as error:
        why = "permission denied" if isinstance(error, PermissionError) else error.strerror
        raise BundleError(f"{str(path)!r} cannot be written: {why} in {str(parent)!r}. Name another folder.") from None


def check_file(path: Path, suffix: str = "", *, sources: Iterable[str | Path | None] = ()) -> None:
    """Raise `SettingError` where a file cannot be written, or something would be lost, before the work is done for it.

    Args:
        suffix: that its name must have; "" for any.
        sources: files that are read; None for none.
    """
    try:
        str(path).encode()  # what writes the file knows only names in UTF-8
        folder, there, inside = path.absolute().parent, path.exists(), path.is_dir()
    except UnicodeEncodeError:
        raise SettingError(f"{str(path)!r} cannot be written: its name is not UTF-8. Name another file.") from None
    except (OSError, ValueError) as error:  # a name too long, a folder that was removed
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise SettingError(f"{str(path)[:200]!r} cannot be written: {why}. Name another file.") from None
    if not folder.is_dir():
        raise SettingError(f"There is no folder {str(folder)!r} to write {path.name} to.")
    if inside:
        example = str(path / f"forecast{suffix or '.csv'}")
        raise SettingError(f"{str(path)!r} is a folder; name a file in it, for example {example!r}.")
    if suffix and path.suffix.lower() != suffix:
        raise SettingError(f"{str(path)!r}: expected the name of a {suffix} file, for example '{path.stem}{suffix}'.")
    target = path.resolve()
    if any(source is not None and Path(source).resolve() == target for source in sources):
        raise SettingError(f"{str(path)!r} would be overwritten, and it is needed too. Name another file.")
    if target.name in listed_files(target.parent):
        raise SettingError(f"{str(path)!r} is a part of the run: it would be overwritten. Name another file.")
    if not os.access(path if there else folder, os.W_OK):
        why = "the file system is read-only" if _is_read_only(folder) else "permission denied"
        raise SettingError(f"{str(path)!r} cannot be written: {why}. Name another file.")


def _is_read_only(folder: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _parent(path: Path) -> Path:
    """The nearest folder above a path that exists; of the root, itself."""
    return next((part for part in path.parents if part.exists()), path)


def check_destination(path: Path) -> None:
    """Raise `BundleError` where `path` cannot be written, or saving there would destroy something else than a run."""
    check_place(path, "the run")
    if path.is_dir() and any(part.name != TRAINING for part in path.iterdir()) and not is_run(path):
        raise BundleError(
            f"{str(path)!r} is not empty and not a Seqwise run; nothing in it was touched. Name a new folder."
        )
    for folder, _, names in os.walk(path):  # they come along, links as links
        for file in (Path(folder) / name for name in names):
            if kind_of(file) not in ("file", "a link"):
                raise BundleError(f"{str(file)!r} is {kind_of(file)}, which cannot be kept beside a run: move it away.")


def _check_names(path: Path) -> None:
    """Raise `BundleError` for a name that the file system would refuse only when the training is over."""
    try:
        target = path.resolve()
        str(target).encode()  # libraries that write into the folder know only names in UTF-8
        beside = _parent(target)
        most = os.pathconf(beside, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
    except UnicodeEncodeError:
        raise BundleError(f"{str(path)!r} cannot be written: its name is not UTF-8. Name another folder.") from None
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself, a name too long, a null character
        why = getattr(error, "strerror", None) or str(error)
        raise BundleError(f"{str(path)[:200]!r} cannot be written: {why.lower()}. Name another folder.") from None
    for name in target.relative_to(beside).parts:
        if len(os.fsencode(name)) > most - LONGER:
            raise BundleError(
                f"{name!r} is too long for a run's name: {len(os.fsencode(name))} bytes; at most {most - LONGER}."
            )


@interrupts()
def save_run(
    path: Path,
    kind: str,
    write: Callable[[Path], dict[str, Any]],
    write_results: Callable[[Path], None],
    result_files: Sequence[str],
    *,
    trained: bool = False,
) -> Path:
    """Write a run folder; an earlier run at `path` is replaced in one step, foreign files in it are kept.

    What was trained is kept whatever becomes of its figures: where they cannot be had, the run is saved without them,
    and then the error is raised.

    Args:
        kind: the estimator's class, for example ``"Forecaster"``.
        write: writes the models and files that the estimator needs into a folder; returns its part of the manifest.
        write_results: writes the files `result_files`, which say how the training went.
        trained: the checkpoints in the folder are those of this run's training, which is finished: they go.

    Raises:
        BundleError: `path` holds something other than a Seqwise run, or a setting cannot be saved.
        ScoringInterrupted: Ctrl-C ended the scoring; the run is saved.
    """
    check_destination(path)
    ours = listed_files(path)
    failed: BaseException | None = None
    keep = tuple(p for p in path.iterdir() if p.name not in {*ours, TRAINING}) if path.is_dir() else ()
    with replaced_folder(path, keep) as folder:
        head = {
            "seqwise": __version__,
            "keras": import_keras().__version__,
            "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        content = head | write(folder)
        try:
            with interruptible():
                write_results(folder)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, OSError) and ours:
                raise  # a full disk: the run that is there stays, whole
            failed = ScoringInterrupted() if isinstance(error, KeyboardInterrupt) else error
            for name in result_files:
                (folder / name).unlink(missing_ok=True)
        write_manifest(folder, kind, content)
        if not trained and kind_of(path / TRAINING) == "a folder":
            lock = shutil.ignore_patterns(LOCK)  # is that of the folder there is now
            shutil.copytree(path / TRAINING, folder / TRAINING, symlinks=True, ignore=lock)
    if failed is not None:
        failed.add_note(f"The run is saved in {str(path)!r}, without its scores.")
        raise failed
    return path


def result_texts(folder: Path, names: Sequence[str], check_sums: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of those result files that a run has and that are as they were written."""
    texts: dict[str, str] = {}
    for name in names:
        if kind_of(folder / name) == "file" and check_sum(folder / name) == check_sums.get(name):
            texts[name] = read_bytes(folder / name).decode("utf-8")
    return texts


def first_line(error: BaseException) -> str:
    """Return an error's kind and the first line of its message."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
