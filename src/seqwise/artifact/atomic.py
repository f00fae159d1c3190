"""Replacing a folder so that a crash at any moment leaves either the old one or the new one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from seqwise.artifact.reading import kind_of

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, and nothing swept
    fcntl = None

AT_FDCWD = -100
RENAME_EXCHANGE = 2
ASIDE = ".previous"
SAVING = ".saving-"  # in the name of a folder that is being written, between the target's name and a random part
NEW = ".new-"  # so long as it is not locked yet
OLD = 60  # seconds
LONGEST_NAME = 255  # bytes
FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # of the disk; they come without a name
OS_ERROR = re.compile(r"\(os error (\d+)\)")  # in a message of Rust's
LONGER = 1 + len(SAVING) + 8  # bytes by which that name is longer than the target's


@contextmanager
def replaced_folder(target: Path, keep: Iterable[Path] = ()) -> Generator[Path]:
    """Give a new folder to write in; on success it takes `target`'s place, on failure it vanishes.

    What an earlier process left of such a folder when it was killed is swept first.

    Args:
        target: the folder to make or replace.
        keep: files and folders of the old `target` to carry over, links as links; what was written anew goes before
            them.

    Raises:
        OSError: it cannot be written, and is what it was; the error names it.
    """
    target = target.resolve()  # a link stays one: the folder behind it is replaced
    if target.exists() and not target.is_dir():  # a file or a device would be gone
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(target))
    with _fresh_folder(target) as fresh:
        yield fresh
        _set_modes(fresh)
        for path in keep:
            if kind_of(fresh / path.name):
                continue
            _copy(path, fresh / path.name)
        for path in fresh.rglob("*"):
            if kind_of(path) in ("file", "a folder"):
                _sync(path)
        _sync(fresh)
        _swap(fresh, target)
        _sync(target.parent)


@contextmanager
def replaced_file(target: Path) -> Generator[Path]:
    """Give a new file of `target`'s name to write; on success it takes its place, on failure it vanishes.

    Written in place are a pipe, a device, a file in a folder where no other can be made, and one of the longest names.

    Raises:
        OSError: it cannot be written, and is what it was; the error names it.
    """
    target = target.resolve()
    in_place = not (target.is_file() and os.access(target.parent, os.W_OK)) if target.exists() else False
    if in_place or len(os.fsencode(target.name)) > LONGEST_NAME - LONGER:
        with _naming(target):
            yield target
        return
    with _fresh_folder(target) as fresh:
        file = fresh / target.name
        yield file
        if target.exists():
            file.chmod(target.stat().st_mode & 0o777)
        _sync(file)
        file.replace(target)
        _sync(target.parent)


@contextmanager
def _fresh_folder(target: Path) -> Generator[Path]:
    """Give a new folder beside `target`, on the same disk; in the end it is removed with what is still in it."""
    with _naming(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}{NEW}", dir=target.parent))
        lock = None
        try:
            lock = _lock(fresh)  # so long as it is held, nobody sweeps the folder
            fresh = fresh.rename(fresh.with_name(SAVING.join(fresh.name.rsplit(NEW, 1))))
            yield fresh
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            if lock is not None:
                os.close(lock)


@contextmanager
def _naming(target: Path) -> Generator[None]:
    """Let the system's errors name what is written, in place of the new folder, which is gone."""
    beside = str(target.with_name(f".{target.name}."))
    try:
        yield
    except (OSError, SafetensorError) as error:
        number = error.errno if isinstance(error, OSError) else None
        said = OS_ERROR.search(str(error))  # polars and safetensors give it in words alone
        if number is None and said is not None:
            raise OSError(int(said[1]), os.strerror(int(said[1])), str(target)) from error
        if isinstance(error, SafetensorError) or not (number in FAULTS or str(error.filename).startswith(beside)):
            raise
        raise OSError(number, error.strerror, str(target)) from error


def _copy(path: Path, to: Path) -> None:
    """Take over a file, a link as a link, or a folder with all that is in it. A file gets a second name, if it can."""
    kind = kind_of(path)
    if kind == "file":
        with contextlib.suppress(OSError):  # a file system without hard links
            os.link(path, to)
            return
    if kind != "a folder":
        shutil.copy2(path, to, follow_symlinks=False)
        return
    to.mkdir()
    for inner in path.iterdir():
        _copy(inner, to / inner.name)
    shutil.copystat(path, to)


def recover(target: Path) -> None:
    """Put back a folder that an interrupted `_swap` left aside."""
    target = target.resolve()
    if not target.name:  # the root
        return
    aside = target.with_name(target.name + ASIDE)
    if not target.exists() and aside.is_dir():
        aside.rename(target)


def _set_modes(fresh: Path) -> None:
    """Give the folder and all files in it the modes of any new file: mkdtemp's and some libraries' are private."""
    probe = fresh / ".mode"
    probe.touch()
    mode = probe.stat().st_mode & 0o777
    probe.unlink()
    for path in (fresh, *fresh.rglob("*")):
        folder = kind_of(path) == "a folder"
        path.chmod(mode | (mode & 0o444) >> 2 if folder else mode)


def _lock(folder: Path) -> int | None:
    """Lock a folder until the handle is closed or the process ends; None where another holds it, or locks are none."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _sweep(target: Path) -> None:
    """Remove the folders that processes left which were killed while they saved to `target`."""
    for path in target.parent.iterdir():
        if path.name.startswith(f".{target.name}{NEW}"):
            with contextlib.suppress(OSError):  # one that is not empty is not ours
                if time.time() - path.stat().st_mtime > OLD:
                    path.rmdir()
        elif path.name.startswith(f".{target.name}{SAVING}") and kind_of(path) == "a folder":
            with contextlib.suppress(OSError):
                lock = _lock(path)
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
                    os.close(lock)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    if _exchange(fresh, target):
        return
    # without an exchange there is an instant with neither; `recover` repairs a crash in it
    aside = target.with_name(target.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step (Linux); False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    return libc.renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
