"""Reading the files of a run folder: its own regular files alone, bounded; a damaged one is refused by name."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact.schema import Vocabulary, check_content, fits
from seqwise.errors import BundleError

MOST_JSON = 2**28  # bytes of a JSON file
NOT_FILES = (
    (stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip
RESTORE = "Restore it from a copy, or train again."


def kind_of(path: Path) -> str:
    """Return what stands at a path: ``"file"``, ``""`` for nothing, or words for anything else. No link is followed."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:  # a name too long for anything to have it, links that lead in a circle
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        return ""
    return next((words for test, words in NOT_FILES if test(mode)), "file")


def check_own_file(path: Path) -> None:
    """Raise `BundleError` unless a regular file stands at `path`: no link is followed, no pipe is waited for."""
    kind = kind_of(path)
    if not kind:
        raise BundleError(f"{path} is missing: the run is incomplete. {RESTORE}")
    if kind != "file":
        raise BundleError(f"{path} is {kind}; expected a file of the run. Nothing was read through it. {RESTORE}")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Return the content of a file of a run.

    Args:
        most: bytes that it may hold.

    Raises:
        BundleError: it is missing, is not a regular file, is too large, or may not be read.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            raise BundleError(f"{path} holds {size:,} bytes; at most {most:,} are read. {RESTORE}")
        return file.read()


def check_sum(path: Path) -> str:
    """Return the SHA-256 of a file of a run; it may be larger than the memory."""
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(path: Path) -> Generator[BufferedReader]:
    """Open a file of a run, as `check_own_file` wants it; what the system says of it is a `BundleError`."""
    check_own_file(path)
    flags = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")  # those that this system has
    try:
        handle = os.open(path, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
        with os.fdopen(handle, "rb") as file:
            yield file
    except (OSError, MemoryError) as error:
        raise BundleError(f"{path} cannot be read: {getattr(error, 'strerror', '') or error}.") from None


def read_json(path: Path) -> Any:
    """Return what a JSON file of a run holds.

    Raises:
        BundleError: it is missing, too large, nested too deeply, not UTF-8 or no JSON; NaN and Infinity are none.
    """
    content = read_bytes(path, MOST_JSON)
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is damaged ({error}). {RESTORE}") from None


def read_vocabulary(path: Path, tokens: int, name: str | None = None) -> Any:
    """Return a vocabulary, as `Tokenizer.from_dict` takes it.

    Args:
        tokens: how many it holds. name: which one, if the file holds several.

    Raises:
        BundleError: see `read_json`; or it is not a vocabulary of so many tokens.
    """
    content = read_json(path)
    try:
        if name is not None:
            content = content[name]
        check_content(Vocabulary, content)
        if len(content["tokens"]) != tokens:
            raise ValueError(f"it holds {len(content['tokens']):,} tokens, but the run has {tokens:,}")
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} is not a vocabulary of this run: {error}. {RESTORE}") from None
    return content


def read_arrays(path: Path, shapes: Mapping[str, Sequence[int]] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file of a run, by name.

    Args:
        shapes: those that some arrays must have, by name.

    Raises:
        BundleError: it is missing or damaged, or an array has another shape or holds a value that is not finite.
    """
    check_own_file(path)
    try:
        arrays = load_file(path)
    except (SafetensorError, ValueError, KeyError, TypeError, OSError, MemoryError) as error:
        raise BundleError(f"{path} is damaged ({error}). {RESTORE}") from None
    check_finite(path, arrays)
    for name, shape in (shapes or {}).items():
        if name in arrays and not fits(list(arrays[name].shape), list(shape)):
            raise BundleError(f"{path}: {name} has shape {arrays[name].shape}; expected {tuple(shape)}. {RESTORE}")
    return arrays


def check_finite(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raise `BundleError` for the first array that holds NaN or infinity."""
    for name, array in arrays.items():
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise BundleError(f"{path}: {name} holds a value that is not finite. {RESTORE}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
