"""Where a training keeps its checkpoints inside a run folder, and the lock that keeps a second training out."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqwise.artifact.atomic import recover
from seqwise.artifact.manifest import TRAINING
from seqwise.artifact.reading import kind_of
from seqwise.artifact.run import LOCK, check_destination
from seqwise.errors import BundleError

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None


_mine: dict[Path, int] = {}  # the folders that this process holds, and the thread that does


def training_folder(run: Path) -> Path:
    """Return the folder of the checkpoints of a training whose run is saved in `run`."""
    return run / TRAINING


@contextmanager
def training_into(run: Path) -> Generator[Path]:
    """Hold the folder of a training's checkpoints, so that no other process trains into the same run.

    The system lets go of the lock when the process ends, however it ends: a file that is left locks nobody out. A
    thread that holds it may take it again.

    Raises:
        BundleError: another training holds it, and the message says which; or `run` cannot be written.
    """
    run = run.resolve()
    if _mine.get(run) == threading.get_ident():
        yield training_folder(run)
        return
    check_destination(run)
    recover(run)
    folder = training_folder(run)
    if kind_of(folder) not in ("", "a folder"):
        raise BundleError(f"{folder} is no folder; nothing is written through it. Remove it.")
    new = not run.exists()
    folder.mkdir(parents=True, exist_ok=True)
    handle = _hold(folder / LOCK, run)
    _mine[run] = threading.get_ident()
    try:
        yield folder
    finally:
        del _mine[run]
        _let_go(handle, folder, run, new)


def _hold(path: Path, run: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    while True:
        try:
            handle = os.open(path, flags, 0o666)
        except OSError as error:
            raise BundleError(
                f"{path} cannot be opened: {error.strerror}. Remove it, or name another folder."
            ) from None
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = _holder(handle)
            os.close(handle)
            raise BundleError(
                f"Another training writes into {str(run)!r}: {who}. Wait for its end, or name another folder."
            ) from None
        if _same(handle, path):
            break
        os.close(handle)  # it was removed or replaced while it was waited for
    import socket  # loading a run needs none

    me = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    with contextlib.suppress(OSError):  # a full disk: the lock is held without a name
        os.ftruncate(handle, 0)
        os.write(handle, (json.dumps(me) + "\n").encode())
    return handle


def _let_go(handle: int, folder: Path, run: Path, new: bool) -> None:
    """Release the lock; what is empty without it is removed."""
    with contextlib.suppress(OSError):
        if _same(handle, folder / LOCK):
            (folder / LOCK).unlink()
    os.close(handle)
    with contextlib.suppress(OSError):  # it holds a checkpoint
        folder.rmdir()
        if new:
            run.rmdir()


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> str:
    try:
        holder: Any = json.loads(os.read(handle, 1000))
        return f"process {int(holder['pid'])} on {str(holder['host'])[:100]}, since {str(holder['since'])[:30]}"
    except (ValueError, TypeError, KeyError, OSError):
        return "its process is not known"
