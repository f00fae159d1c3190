"""The saved artefact: manifest, atomic replacement, check sums."""

from seqwise.artifact.atomic import replaced_folder
from seqwise.artifact.manifest import (
    MANIFEST,
    check_files,
    is_run,
    listed_files,
    read_manifest,
    write_json,
    write_manifest,
)

__all__ = [
    "MANIFEST", "check_files", "is_run", "listed_files", "read_manifest", "replaced_folder", "write_json",
    "write_manifest",
]  # fmt: skip
