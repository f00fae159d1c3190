"""Running an exported network beside Keras, now and again later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from seqwise.errors import BundleError
from seqwise.export.parity import TOLERANCE, Comparison, example_calls, keras_outputs, largest_difference
from seqwise.export.source import Part

REFERENCE = "reference.safetensors"

Calls = list[list[np.ndarray]]  # batches, each the network's inputs in their order
Outputs = list[list[np.ndarray]]  # of each batch
Run = Callable[[Calls], Outputs]  # runs an exported network on batches, one after another


class Reference:
    """Batches for each network, and what Keras makes of them."""

    def __init__(self, calls: dict[str, Calls], outputs: dict[str, Outputs]) -> None:
        self.calls, self.outputs = calls, outputs

    @classmethod
    def of(cls, parts: dict[str, Part]) -> Reference:
        """Make up batches of several sizes and lengths, and run Keras on them."""
        calls = {name: example_calls(part) for name, part in parts.items()}
        return cls(calls, {name: keras_outputs(part.model, calls[name]) for name, part in parts.items()})

    def compare(self, name: str, run: Run, runtime: str) -> Comparison:
        """Run the exported network `name` on its batches."""
        largest = largest_difference(self.outputs[name], run(self.calls[name]))
        return Comparison(name, runtime, largest, TOLERANCE, len(self.calls[name]))

    def save(self, folder: Path) -> None:
        """Write the arrays to ``reference.safetensors``."""
        arrays = {
            f"{name}/{kind}/{i}/{j}": np.ascontiguousarray(array)
            for kind, batches in (("calls", self.calls), ("outputs", self.outputs))
            for name in batches
            for i, batch in enumerate(batches[name])
            for j, array in enumerate(batch)
        }
        save_file(arrays, folder / REFERENCE)

    @classmethod
    def load(cls, folder: Path) -> Reference:
        """Undo `save`.

        Raises:
            BundleError: the file is missing or damaged.
        """
        try:
            arrays = load_file(folder / REFERENCE)
            stored: dict[str, dict[str, list[list[np.ndarray]]]] = {"calls": {}, "outputs": {}}
            for key in sorted(arrays, key=lambda key: [int(n) for n in key.split("/")[2:]]):
                name, kind, i, _ = key.split("/")
                batches = stored[kind].setdefault(name, [])
                if len(batches) == int(i):
                    batches.append([])
                batches[int(i)].append(arrays[key])
        except Exception as error:  # whatever a damaged file makes safetensors raise
            raise BundleError(
                f"{folder / REFERENCE} cannot be read ({type(error).__name__}). Export the model again."
            ) from error
        return cls(stored["calls"], stored["outputs"])
