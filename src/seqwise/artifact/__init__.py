"""The run folder: manifest, atomic replacement, checksums, the models in it."""

from seqwise.artifact.atomic import replaced_file, replaced_folder
from seqwise.artifact.manifest import (
    MANIFEST,
    check_files,
    is_run,
    listed_files,
    read_manifest,
    write_json,
    write_manifest,
)
from seqwise.artifact.network import Network, describe_network, has_graph, load_network, save_network
from seqwise.artifact.run import (
    ScoringInterrupted,
    check_destination,
    check_file,
    check_place,
    first_line,
    result_texts,
    save_run,
)
from seqwise.artifact.training_folder import training_folder, training_into

__all__ = [
    "MANIFEST", "Network", "ScoringInterrupted", "check_destination", "check_file", "check_files", "check_place",
    "describe_network", "first_line", "has_graph", "is_run", "listed_files", "load_network", "read_manifest",
    "replaced_file", "replaced_folder", "result_texts", "save_network", "save_run", "training_folder", "training_into",
    "write_json", "write_manifest",
]  # fmt: skip
