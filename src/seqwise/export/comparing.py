"""Running an exported network beside Keras, now and again later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from seqwise.errors import BundleError, SettingError
from seqwise.export.own_data import estimator_calls, own_calls
from seqwise.export.parity import TOLERANCE, Comparison, example_calls, keras_outputs, largest_difference
from seqwise.export.source import MODEL, Source

REFERENCE = "reference.safetensors"

Calls = list[list[np.ndarray]]  # batches, each the network's inputs in their order
Outputs = list[list[np.ndarray]]  # of each batch
Run = Callable[[Calls], Outputs]  # runs an exported network on batches, one after another


class Reference:
    """Batches for each network, and what Keras makes of them.

    Attributes:
        calls, outputs: by network. own: how many batches of each, the first ones, are the user's own; none where it
            is not named.
    """

    def __init__(self, calls: dict[str, Calls], outputs: dict[str, Outputs], own: dict[str, int] | None = None) -> None:
        self.calls, self.outputs, self.own = calls, outputs, own or {}

    @classmethod
    def of(cls, source: Source, x: Any = None) -> Reference:
        """Run Keras on inputs of the user's own, and on batches of several sizes and lengths that are made up.

        Args:
            x: inputs of a Keras model; see `own_calls`. An estimator's are taken from its data.

        Raises:
            DataError: `x` are not inputs of the model.
            SettingError: they are of an estimator.
        """
        if x is not None and source.estimator is not None:
            raise SettingError(
                "x is of a Keras model, which knows no data. An estimator is compared on its own: leave x out."
            )
        own = estimator_calls(source) if source.estimator is not None else {}
        if x is not None:
            own = {MODEL: own_calls(source.parts[MODEL], x)}
        calls = {name: [*own.get(name, []), *example_calls(part)] for name, part in source.parts.items()}
        outputs = {name: keras_outputs(part.model, calls[name]) for name, part in source.parts.items()}
        return cls(calls, outputs, {name: len(batches) for name, batches in own.items()})

    def compare(self, name: str, run: Run, runtime: str) -> Comparison:
        """Run the exported network `name` on its batches."""
        return self.comparison(name, runtime, largest_difference(self.outputs[name], run(self.calls[name])))

    def comparison(self, name: str, runtime: str, largest: float) -> Comparison:
        """Return the comparison of a network that was run on its batches."""
        count = len(self.calls[name])
        return Comparison(name, runtime, largest, TOLERANCE, count, count - self.own.get(name, 0))

    def save(self, folder: Path) -> None:
        """Write the arrays to ``reference.safetensors``."""
        arrays = {
            f"{name}/{kind}/{i}/{j}": np.ascontiguousarray(array)
            for kind, batches in (("calls", self.calls), ("outputs", self.outputs))
            for name in batches
            for i, batch in enumerate(batches[name])
            for j, array in enumerate(batch)
        }
        save_file(arrays, folder / REFERENCE, {"own": json.dumps(self.own)})

    @classmethod
    def load(cls, folder: Path) -> Reference:
        """Undo `save`.

        Raises:
            BundleError: the file is missing or damaged.
        """
        try:
            # `seqwise.export.contents` has seen that it is a file
            with safe_open(folder / REFERENCE, "numpy") as file:
                own = {name: int(count) for name, count in json.loads((file.metadata() or {}).get("own", "{}")).items()}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            stored: dict[str, dict[str, list[list[np.ndarray]]]] = {"calls": {}, "outputs": {}}
            for key in sorted(arrays, key=lambda key: [int(n) for n in key.split("/")[2:]]):
                name, kind, i, _ = key.split("/")
                batches = stored[kind].setdefault(name, [])
                if len(batches) == int(i):
                    batches.append([])
                batches[int(i)].append(arrays[key])
            if any(len(stored["outputs"][name]) != len(calls) for name, calls in stored["calls"].items()):
                raise ValueError("as many outputs as inputs are expected")
        except Exception as error:  # whatever a damaged file makes safetensors raise
            raise BundleError(
                f"{folder / REFERENCE} cannot be read ({type(error).__name__}). Export the model again."
            ) from error
        return cls(stored["calls"], stored["outputs"], own)
