"""The run folder: its manifest, its check sums, and what is said when it is not one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from seqwise.artifact.atomic import recover
from seqwise.errors import BundleError

FORMAT = "seqwise-run"
SCHEMA_VERSION = 3
MANIFEST = "manifest.json"


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_manifest(folder: Path, kind: str, content: dict[str, Any]) -> None:
    """Write ``manifest.json`` last: it lists every file in `folder` with its SHA-256.

    Args:
        kind: the estimator's class, for example ``"Forecaster"``.
        content: what the estimator needs to come back, as JSON.
    """
    files = {p.name: _digest(p) for p in sorted(folder.iterdir()) if p.is_file() and p.name != MANIFEST}
    head = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "kind": kind, "files": files}
    write_json(folder / MANIFEST, head | content)


def is_run(folder: Path) -> bool:
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        return False


def listed_files(folder: Path) -> set[str]:
    """Return the names of the files of a run, as its manifest lists them, and its own; none where there is no run."""
    if not is_run(folder):
        return set()
    files: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("files")
    return {MANIFEST, *(cast(dict[str, str], files) if isinstance(files, dict) else ())}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a run folder's manifest.

    Raises:
        BundleError: the folder is missing, foreign, damaged, or written by a newer Seqwise.
    """
    recover(folder)
    if not folder.exists():
        raise BundleError(f"There is no run folder {str(folder)!r}. Train one: seqwise train DATA … --out {folder}")
    path = folder / MANIFEST
    if not folder.is_dir() or not path.exists():
        raise BundleError(
            f"{str(folder)!r} is no Seqwise run: it has no {MANIFEST}. Give the folder that `seqwise train --out` or "
            ".save() wrote."
        )
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"{path} is damaged ({error}). Train again, or restore it from a copy.") from None
    manifest = cast(dict[str, Any], content) if isinstance(content, dict) else {}
    if manifest.get("format") != FORMAT:
        raise BundleError(f"{path} was not written by Seqwise: its format is not {FORMAT!r}.")
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        older = isinstance(version, int) and version < SCHEMA_VERSION
        raise BundleError(
            f"{str(folder)!r} has schema version {version}; this Seqwise reads {SCHEMA_VERSION}. "
            + ("Train again." if older else "Upgrade: pip install -U seqwise.")
        )
    return manifest


def check_files(folder: Path, manifest: dict[str, Any], needed: tuple[str, ...]) -> None:
    """Raise `BundleError` for the first of the files `needed` that is missing, or is not the one that was written."""
    files: Any = manifest.get("files")
    known = cast(dict[str, str], files) if isinstance(files, dict) else {}
    for name in needed:
        if not (folder / name).exists():
            raise BundleError(f"{folder / name} is missing: the run is incomplete. Train again, or restore it.")
        if _digest(folder / name) != known.get(name):
            raise BundleError(
                f"{folder / name} is damaged: its check sum differs from the manifest's. Train again, or restore it."
            )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
