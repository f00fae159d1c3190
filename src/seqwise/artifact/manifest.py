"""The run folder: its manifest, its checksums, and what is said when it is not one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from seqwise.artifact.atomic import recover
from seqwise.artifact.reading import RESTORE, check_own_file, check_sum, kind_of, read_json
from seqwise.artifact.schema import RUNS, SCHEMA_VERSION, check_content, run_type
from seqwise.errors import BundleError

FORMAT = "seqwise-run"
TRAINING = ".training"  # the folder of a training's checkpoints, inside the run's
MANIFEST = "manifest.json"
CHECK_SUM = "check_sum"  # the manifest's own
ON_PURPOSE = "If you edited it on purpose: sw.load(run, trust_edited=True), on the command line --trust-edited."


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_manifest(folder: Path, kind: str, content: dict[str, Any]) -> None:
    """Write ``manifest.json`` last: it lists every file in `folder` with its SHA-256, and has one of its own content.

    Args:
        kind: the estimator's class, for example ``"Forecaster"``.
        content: what the estimator needs to come back, as JSON; see `seqwise.artifact.schema`.
    """
    files = {p.name: check_sum(p) for p in sorted(folder.iterdir()) if kind_of(p) == "file" and p.name != MANIFEST}
    head = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "kind": kind, "files": files}
    whole = head | json.loads(json.dumps(content, allow_nan=False))
    write_json(folder / MANIFEST, {CHECK_SUM: check_sum_of(whole)} | whole)


def is_run(folder: Path) -> bool:
    try:
        return read_json(folder / MANIFEST)["format"] == FORMAT
    except (BundleError, KeyError, TypeError):
        return False


def listed_files(folder: Path) -> set[str]:
    """Return the names of the files of a run, as its manifest lists them, and its own; none where there is no run."""
    if not is_run(folder):
        return set()
    files: Any = read_json(folder / MANIFEST).get("files")
    return {MANIFEST, *(cast(dict[str, str], files) if isinstance(files, dict) else ())}


def read_manifest(folder: Path, *, trust_edited: bool = False) -> dict[str, Any]:
    """Read a run folder's manifest.

    Args:
        trust_edited: its checksum need not hold; its fields are checked all the same.

    Raises:
        BundleError: the folder is missing, foreign, edited, damaged, or written by another version of Seqwise.
    """
    try:
        recover(folder)
        exists = folder.exists()
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a null character, a link to itself
        raise BundleError(f"{str(folder)[:200]!r} is not a folder: {getattr(error, 'strerror', error)}.") from None
    if not exists:
        raise BundleError(f"There is no run folder {str(folder)!r}. Train one: seqwise train DATA … --out {folder}")
    path = folder / MANIFEST
    if kind_of(folder / TRAINING) and not kind_of(path):
        raise BundleError(
            f"{str(folder)!r} holds a training that was stopped and no finished run. Go on with it: the same `seqwise "
            "train` command with --resume, or fit(…, resume=…)."
        )
    if not folder.is_dir() or not kind_of(path):
        raise BundleError(
            f"{str(folder)!r} is not a Seqwise run: it has no {MANIFEST}. Name the folder that `seqwise train --out` "
            "or .save() wrote."
        )
    content: Any = read_json(path)
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
    kind = manifest.get("kind")
    if not isinstance(kind, str) or kind not in RUNS:
        raise BundleError(
            f"{str(folder)!r} holds a {kind!r}; this Seqwise knows {', '.join(RUNS)}. It was written by Seqwise "
            f"{manifest.get('seqwise')}: pip install -U seqwise."
        )
    if not trust_edited and manifest.get(CHECK_SUM) != check_sum_of(manifest):
        raise BundleError(f"{path} was edited or is damaged: its checksum does not hold. {RESTORE} {ON_PURPOSE}")
    try:
        check_content(run_type(kind, manifest), manifest)
    except (ValueError, RecursionError, OverflowError) as error:
        raise BundleError(f"{path} is not the manifest of a {kind}: {error}. {RESTORE}") from None
    return manifest


def check_files(folder: Path, manifest: dict[str, Any], needed: tuple[str, ...], *, trust_edited: bool = False) -> None:
    """Raise `BundleError` for the first of the files `needed` that is missing, or is not the one that was written.

    Args:
        trust_edited: their checksums need not hold.
    """
    files: Any = manifest.get("files")
    known = cast(dict[str, str], files) if isinstance(files, dict) else {}
    for name in needed:
        check_own_file(folder / name)
        if not trust_edited and check_sum(folder / name) != known.get(name):
            raise BundleError(
                f"{folder / name} was edited or is damaged: its checksum differs from the manifest's. {RESTORE} "
                + ON_PURPOSE
            )


def check_sum_of(manifest: dict[str, Any]) -> str:
    """Return the SHA-256 of what a manifest holds beside it."""
    content = {name: value for name, value in manifest.items() if name != CHECK_SUM}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
