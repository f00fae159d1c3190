"""Checkpoints of a training: one file, replaced in one step, from which a stopped training goes on bit by bit."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import stat
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save  # pyright: ignore[reportUnknownVariableType] (open types)

from seqwise.errors import BundleError, DataError, SettingError
from seqwise.training.batches import Batches

FILE = "checkpoint.safetensors"  # of the second of several networks checkpoint-2.safetensors
FILES = re.compile(r"checkpoint(-\d+)?\.safetensors(\.new)?")  # and those that were being written
STATE, DIGEST = "state", "digest"  # arrays of bytes beside the weights: JSON, and a SHA-256 of all others
SHARE = 0.05  # of a training's time that is spent on checkpoints; there is at least one for each hour
HOUR = 3600.0


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        history: as in `Training`, of the epochs that are done.
        shuffling: state of the generator that shuffles the epochs.
        stopping: the least loss, the epoch it was in (from 0) and the epochs waited since; {} before the first.
        stopped: the first training is over, for there was no improvement.
        refitted: epochs of the second training that are done; None before it.
        finished: nothing is left to do; `refitted` is 0 where the best epoch's weights were kept.
        seconds: wall time so far.
    """

    history: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    shuffling: dict[str, Any] = field(default_factory=dict[str, Any])
    stopping: dict[str, Any] = field(default_factory=dict[str, Any])
    stopped: bool = False
    diverged: bool = False
    refitted: int | None = None
    finished: bool = False
    seconds: float = 0.0

    def __str__(self) -> str:
        epochs = max(map(len, self.history.values()), default=0)
        if self.finished:
            return f"after its last epoch, {epochs}"
        if self.refitted is not None:
            return f"after epoch {self.refitted} of the second training, on the validation rows too"
        return f"after epoch {epochs}"


@dataclass
class State:
    """What a checkpoint holds beside its arrays: see `Checkpoints`, and how far the training has come."""

    settings: dict[str, Any]
    data: str
    progress: Progress


Arrays = dict[str, np.ndarray]  # "model.0", "optimizer.0", "best.0", … in Keras's order of the variables


@dataclass
class Checkpoints:
    """The last checkpoint of one training.

    Args:
        folder: where its file lies; made when the first one is written.
        number: of the network, from 1, where several are trained one after the other.
        settings: what the training depends on beside its data, as JSON: a checkpoint of others is refused.
        data: digest of what it trains on.
    """

    folder: Path
    settings: dict[str, Any]
    data: str
    number: int = 1

    def __post_init__(self) -> None:
        self._settings = json.loads(json.dumps(self.settings))  # as they come back: tuples are lists
        self._due = 0.0

    def read(self) -> tuple[Progress, Arrays] | None:
        """Return the last checkpoint; None where there is none.

        Raises:
            BundleError: it is damaged, edited, or not a regular file.
            SettingError, DataError: it is of a training with other settings, or on other data.
        """
        saved = _read(self.folder, self.number)
        if saved is None:
            return None
        state, arrays = saved
        there = f"{str(self.folder.parent)!r} holds a training that was stopped"
        anew = "Train with those again to go on, or name another folder to start anew (--no-resume replaces it)."
        for name, value in self._settings.items():
            if state.settings.get(name) != value:
                raise SettingError(
                    f"{there}: its {name} was {_short(state.settings.get(name))}, now {_short(value)}. {anew}"
                )
        if state.data != self.data:
            raise DataError(f"{there}: it was trained on other data than these, or they were split otherwise. {anew}")
        return state.progress, arrays

    def due(self) -> bool:
        """Tell whether the next one should be written: they may not take more than a small share of the time."""
        return time.monotonic() >= self._due

    def write(self, progress: Progress, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the checkpoint. Where it cannot be written (a full disk) a warning says so, and training goes on."""
        started = time.monotonic()
        state = {"settings": self._settings, "data": self.data, "progress": asdict(progress)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(self.folder / _file(self.number), _packed(state, arrays))
        except OSError as error:
            warnings.warn(
                f"No checkpoint could be written in {str(self.folder)!r} ({error.strerror or error}): a training that "
                "is killed now starts from an earlier one, or anew.",
                stacklevel=2,
            )
        ended = time.monotonic()
        self._due = ended + min((ended - started) / SHARE, HOUR)


def stopped_at(folder: Path) -> str | None:
    """Say how far the training in a folder of checkpoints has come, ``"after epoch 7"``; None where there is none.

    Raises:
        BundleError: a checkpoint is damaged, edited, or not a regular file.
    """
    stopped = None
    for number in itertools.count(1):
        saved = _read(folder, number)
        if saved is None:
            break
        stopped = str(saved[0].progress) + (f", of network {number}" if number > 1 else "")
    return stopped


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints in a folder, if there are any."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if FILES.fullmatch(path.name):
            path.unlink()


def _file(number: int) -> str:
    return FILE if number == 1 else f"checkpoint-{number}.safetensors"


def digest_of(parts: Iterable[Batches[Any] | None]) -> str:
    """Return a SHA-256 of what a training reads: the arrays of its parts, and which samples each part has."""
    digest = hashlib.sha256()
    hashed: dict[int, np.ndarray] = {}  # the parts share their arrays; one that is gone would leave its id to another
    for batches in parts:
        arrays = [] if batches is None else [*_leaves(batches.arrays), batches.indices]
        digest.update(repr([(array.shape, array.dtype.str) for array in arrays]).encode())
        for array in arrays:
            if id(array) not in hashed:
                hashed[id(array)] = array
                digest.update(np.ascontiguousarray(array).view(np.uint8).data)
        digest.update(b"|")
    return digest.hexdigest()


def _leaves(arrays: Any) -> Iterable[np.ndarray]:
    if isinstance(arrays, (tuple, list)):
        for part in cast(tuple[Any, ...], arrays):
            yield from _leaves(part)
    elif arrays is not None:
        yield np.asarray(arrays)


def _packed(state: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    tensors = {name: np.array(array, order="C") for name, array in arrays.items()}
    tensors[STATE] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    tensors[DIGEST] = _digest(tensors)
    return save(tensors)


def _digest(tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    digest = hashlib.sha256()
    for name in sorted(set(tensors) - {DIGEST}):
        array = tensors[name]
        digest.update(repr((name, array.shape, array.dtype.str)).encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _read(folder: Path, number: int) -> tuple[State, Arrays] | None:
    path = folder / _file(number)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if folder.is_symlink() or not stat.S_ISREG(os.lstat(path).st_mode):
            raise BundleError(f"{path} is not a regular file of its own; nothing was read through it. Remove it.")
        with os.fdopen(os.open(path, flags), "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}.") from None
    damaged = f"{path} was edited or is damaged: remove it, and the training starts anew."
    try:
        tensors = load(content)
        if not np.array_equal(tensors.pop(DIGEST), _digest(tensors)):
            raise BundleError(damaged)
        state = msgspec.convert(json.loads(tensors.pop(STATE).tobytes()), State)
        return state, tensors
    except (SafetensorError, msgspec.ValidationError, KeyError, ValueError, TypeError, RecursionError, MemoryError):
        raise BundleError(damaged) from None


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one. No link is followed."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # of a training that was killed
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    if hasattr(os, "O_DIRECTORY"):  # where a folder can be opened: its entry, too
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
