"""What lies in an exported folder, as ``export.json`` lists it: every file with its checksum."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, cast

from seqwise import __version__
from seqwise.artifact import write_json
from seqwise.artifact.manifest import CHECK_SUM, check_sum_of
from seqwise.artifact.reading import check_sum, kind_of, read_json
from seqwise.errors import BundleError

FORMAT, VERSION = "seqwise-export", 1
EXPORT = "export.json"
INSIDE = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")  # a path that stays in its folder
AGAIN = "Export the model again."
ON_PURPOSE = "If you edited it on purpose: {}, which waives the checksums alone."


def write_contents(folder: Path, content: dict[str, Any]) -> None:
    """Write ``export.json`` last: it lists every file in `folder` with its SHA-256, and has one of its own content.

    Args:
        content: ``to``, the format, and ``networks``, the file of each network; see `seqwise.export.folder`.
    """
    paths = sorted(path for path in folder.rglob("*") if kind_of(path) == "file")
    files = {path.relative_to(folder).as_posix(): check_sum(path) for path in paths}
    whole = {"format": FORMAT, "version": VERSION, "seqwise": __version__, **content, "files": files}
    write_json(folder / EXPORT, {CHECK_SUM: check_sum_of(whole)} | whole)


def read_contents(folder: Path) -> dict[str, Any]:
    """Return what ``export.json`` says; its checksums are not looked at.

    Raises:
        BundleError: there is none, it is of another version, or it is damaged.
    """
    path = folder / EXPORT
    try:
        content: Any = read_json(path) if kind_of(path) == "file" else None
    except BundleError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{str(folder)!r} is not an exported folder: it has no {EXPORT} that `seqwise export` wrote.")
    if content.get("version") != VERSION:
        raise BundleError(f"{path} has version {str(content.get('version'))[:80]}; this Seqwise reads {VERSION}.")
    known = cast(dict[str, Any], content)
    for part in ("networks", "files"):
        files: Any = known.get(part)
        if not isinstance(files, dict) or not files:
            raise BundleError(f"{path} is damaged: it lists no {part}. {AGAIN}")
        for name in cast(dict[str, Any], files).values() if part == "networks" else cast(dict[str, Any], files):
            if not isinstance(name, str) or not INSIDE.fullmatch(name):
                raise BundleError(f"{path} names {name!r}, which does not lie in the folder.")
    return known


def check_contents(
    folder: Path, content: dict[str, Any], names: Iterable[str], *, trust_edited: bool, waive: str
) -> None:
    """Raise `BundleError` for the first file that is missing, is not a file, or is not the one that was written.

    Args:
        content: what `read_contents` returned. names: of the files; those that it does not list were not written by us.
        trust_edited: checksums need not hold. waive: how the user says so, for the message.
    """
    files: dict[str, Any] = content["files"]
    on_purpose = ON_PURPOSE.format(waive)
    if not trust_edited and content.get(CHECK_SUM) != check_sum_of(content):
        raise BundleError(
            f"{folder / EXPORT} was edited or is damaged: its checksum does not hold. {AGAIN} {on_purpose}"
        )
    for name in names:
        for above in reversed(PurePosixPath(name).parents[:-1]):
            _check_kind(folder / above, "a folder")
        _check_kind(folder / name, "file")
        if not trust_edited and check_sum(folder / name) != files.get(name):
            raise BundleError(
                f"{folder / name} was edited or is damaged: its checksum is not that in {EXPORT}. {AGAIN} {on_purpose}"
            )


def listed_above(file: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the exported folder that a network's file lies in, and what it lists; None where it is in none."""
    for folder in (file.parent, file.parent.parent):
        if kind_of(folder / EXPORT) == "file":
            try:
                content = read_contents(folder)
            except BundleError:
                return None
            return (folder, content) if file.relative_to(folder).as_posix() in content["networks"].values() else None
    return None


def _check_kind(path: Path, expected: str) -> None:
    kind = kind_of(path)
    if not kind:
        raise BundleError(f"{path} is missing. {AGAIN}")
    if kind != expected:
        raise BundleError(f"{path} is {kind}; expected a {expected.removeprefix('a ')}. Nothing was read. {AGAIN}")
