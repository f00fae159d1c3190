"""Replacing a folder so that a crash at any moment leaves either the old one or the new one."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
ASIDE = ".previous"


@contextmanager
def replaced_folder(target: Path, keep: Iterable[Path] = ()) -> Generator[Path]:
    """Give a new folder to write in; on success it takes `target`'s place, on failure it vanishes.

    Args:
        target: the folder to make or replace.
        keep: files and folders of the old `target` to carry over; what was written anew goes before them.
    """
    target = target.resolve()  # a link stays one: the folder behind it is replaced
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield fresh
        for path in keep:
            if (fresh / path.name).exists():
                continue
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, fresh / path.name)
        for path in fresh.rglob("*"):
            if path.is_file():
                _sync(path)
        _sync(fresh)
        fresh.chmod(0o755)  # mkdtemp's folders are private
        _swap(fresh, target)
        _sync(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def recover(target: Path) -> None:
    """Put back a folder that an interrupted `_swap` left aside."""
    target = target.resolve()
    aside = target.with_name(target.name + ASIDE)
    if not target.exists() and aside.is_dir():
        aside.rename(target)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    if _exchange(fresh, target):
        return
    # without an exchange there is an instant with neither; `recover` mends a crash in it
    aside = target.with_name(target.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step (Linux); False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    return libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
