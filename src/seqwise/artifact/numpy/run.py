"""What the runs of all estimators share on NumPy: the folder, its manifest, its network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from seqwise.artifact.manifest import check_files
from seqwise.artifact.network import NETWORK, WEIGHTS, Network, load_network
from seqwise.artifact.numpy.network import NumpyNetwork
from seqwise.errors import BundleError


class NumpyRun:
    """A saved run that predicts with NumPy and the LSTM kernel alone; it neither trains nor scores.

    Args:
        folder: the run folder.
        manifest: what `seqwise.artifact.read_manifest` read from it.
        trust_edited: checksums need not hold.

    Raises:
        BundleError: a file is missing or damaged, or the network has a layer that NumPy does not have.

    Attributes:
        folder, manifest: as above.
        network: the network on NumPy arrays: ``network(x)`` gives a list of its outputs.
    """

    files: ClassVar[tuple[str, ...]] = ()  # beside the network

    def __init__(self, folder: Path, manifest: dict[str, Any], *, trust_edited: bool = False) -> None:
        if NETWORK not in manifest["files"]:
            raise BundleError(
                f"{str(folder)!r} has no {NETWORK}: its network is a subclassed Keras model, whose call() is Python "
                "code. Load it with Keras: sw.load(run)."
            )
        needed = (NETWORK, WEIGHTS, *self.needed_files(manifest))
        check_files(folder, manifest, needed, trust_edited=trust_edited)
        self.folder, self.manifest = folder, manifest
        description = load_network(folder, manifest["network"])
        self.network = NumpyNetwork(description)
        self._load(description)

    @classmethod
    def needed_files(cls, manifest: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the files that a run cannot do without, beside its network."""
        return cls.files

    def _load(self, description: Network) -> None:
        """Take what else is needed from the folder and the manifest."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"
