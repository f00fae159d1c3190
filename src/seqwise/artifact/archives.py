"""Keras's files before Keras reads them: what they unpack to, and that they read nothing but themselves."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from seqwise.artifact.reading import MOST_JSON
from seqwise.errors import BundleError

MOST_UNPACKED = 2**28  # bytes that any file may unpack to
MOST_RATIO = 20  # beyond that: how many times its own size
WIDTHS = ("units", "filters", "output_dim", "input_dim", "num_heads", "key_dim")


class Content(NamedTuple):
    """What a Keras file holds.

    Attributes:
        config: of the model, as JSON. stored: values of all of its arrays.
    """

    config: Any
    stored: int


def check_archive(path: Path) -> Content:
    """Raise `BundleError` for a ``.keras`` file that Keras should not be given.

    Refused are: one that unpacks to more than 256 MiB and 20 times its size; one whose weights lie in other files, or
    in another format than Keras's own; and one whose layers are wider than all of its weights.
    """
    most = max(MOST_UNPACKED, MOST_RATIO * path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            if unpacked > most:
                raise BundleError(_too_large(path, unpacked, most))
            foreign = next((name for name in archive.namelist() if name.endswith(".npz")), None)
            if foreign is not None:
                raise BundleError(f"{path} holds its weights in {foreign}; expected model.weights.h5, as Keras writes.")
            stored = sum(
                _stored(path, archive, name, most) for name in archive.namelist() if name.endswith((".h5", ".hdf5"))
            )
            config = archive.read("config.json") if archive.getinfo("config.json").file_size <= MOST_JSON else b""
        return _content(path, config, stored)
    except (zipfile.BadZipFile, ValueError, KeyError, RecursionError, NotImplementedError, EOFError) as error:
        raise BundleError(f"{path} is not a Keras model, or is damaged ({str(error)[:200]}).") from None


def check_hdf5(path: Path) -> Content:
    """Raise `BundleError` for an ``.h5`` file that Keras should not be given; see `check_archive`."""
    import h5py  # pyright: ignore[reportMissingTypeStubs] (Keras's own dependency)

    h5: Any = h5py
    most = max(MOST_UNPACKED, MOST_RATIO * path.stat().st_size)
    try:
        with h5.File(path, "r") as file:
            stored = _values(path, path.name, file, most)
            config: Any = file.attrs.get("model_config", b"{}")
        return _content(path, config.encode() if isinstance(config, str) else config, stored)
    except (OSError, RuntimeError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise BundleError(f"{path} is not a Keras model, or is damaged ({str(error)[:200]}).") from None


def _stored(path: Path, archive: zipfile.ZipFile, name: str, most: int) -> int:
    """Return how many values the arrays of an HDF5 file in the archive hold."""
    import h5py  # pyright: ignore[reportMissingTypeStubs]

    with archive.open(name) as packed:
        try:
            with cast(Any, h5py).File(packed, "r") as file:
                return _values(path, name, file, most)
        except (OSError, RuntimeError) as error:
            raise BundleError(f"{path} is damaged: {name} is not an HDF5 file ({str(error)[:200]}).") from None


def _values(path: Path, name: str, file: Any, most: int) -> int:
    """Return how many values the arrays of an open HDF5 file hold, which may read nothing but itself.

    Args:
        path, name: of the model and of the file, for messages. most: bytes that it may unpack to.
    """
    import h5py  # pyright: ignore[reportMissingTypeStubs]

    h5: Any = h5py
    values = unpacked = 0
    groups = [file]
    while groups:
        group = groups.pop()
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5.HardLink):
                raise BundleError(f"{path}: {name} links to another place, {key!r}. Nothing was read.")
            item = group[key]
            if isinstance(item, h5.Group):
                groups.append(item)
                continue
            if item.external or item.is_virtual:
                raise BundleError(f"{path}: {name} reads other files for {key!r}. Nothing was read.")
            values += int(item.size or 0)
            unpacked += int(item.size or 0) * item.dtype.itemsize
        if len(groups) > 100_000:
            raise BundleError(f"{path}: {name} has more than 100,000 groups.")
    if unpacked > most:
        raise BundleError(_too_large(path, unpacked, most))
    return values


def _content(path: Path, config: bytes, stored: int) -> Content:
    """Return what a file holds; raise `BundleError` where a layer is wider than all of its weights."""
    content = Content(json.loads(config.decode("utf-8")), stored)
    for name, value in _widths(content.config):
        if value > max(stored, 2**20):
            raise BundleError(f"{path}: a layer has {name}={value:,}, more than the file holds weights.")
    return content


def _widths(config: Any) -> Iterator[tuple[str, int]]:
    if isinstance(config, dict):
        for name, value in cast(dict[str, Any], config).items():
            if name in WIDTHS and isinstance(value, int):
                yield name, value
            yield from _widths(value)
    elif isinstance(config, list):
        for value in cast(list[Any], config):
            yield from _widths(value)


def _too_large(path: Path, unpacked: int, most: int) -> str:
    return (
        f"{path} would unpack to {unpacked:,} bytes; a file of its size may unpack to {most:,} at most. Load it with "
        "Keras if you trust it."
    )
