"""Comparing an exported model with Keras: inputs to compare on, Keras's outputs, the largest difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.errors import ExportError
from seqwise.export.source import Part

if TYPE_CHECKING:
    import keras

TOLERANCE = 1e-5
SIZES = ((1, 3), (5, 8), (2, 13))  # samples and timesteps of the inputs that are made up
IDS = 100  # of ids that no Embedding bounds


@dataclass(frozen=True)
class Comparison:
    """How near an exported network is to Keras.

    Attributes:
        part: the network's name. runtime: what ran the export.
        largest: the largest absolute difference of any output value; relative to 1 where the value is larger.
        tolerance: what it may be; infinite where rounded weights change the predictions.
        calls: how many batches were compared. made_up: how many of them are not the user's data.
        reason: why it was not compared; empty where it was.
    """

    part: str
    runtime: str
    largest: float
    tolerance: float
    calls: int
    made_up: int
    reason: str = ""

    @property
    def equal(self) -> bool:
        return not self.reason and self.largest <= self.tolerance

    def __str__(self) -> str:
        if self.reason:
            return f"{self.part}: not compared with Keras: {self.reason}"
        if np.isinf(self.tolerance):
            return f"{self.part}: predicted {self.calls} batches, not compared: the weights are rounded, {self.runtime}"
        made_up = f" ({self.made_up} of them made up)" if self.made_up < self.calls else ", made up"
        return (
            f"{self.part}: largest difference from Keras {self.largest:.2g} (at most {self.tolerance:g}) on "
            f"{self.calls} batches{made_up if self.made_up else ''}, {self.runtime}"
        )


def check_equal(comparison: Comparison) -> Comparison:
    """Raise `ExportError` where an export was compared and is too far from Keras."""
    if comparison.reason or comparison.equal:
        return comparison
    raise ExportError(
        f"The export differs from Keras by {comparison.largest:.2g}, more than {comparison.tolerance:g} "
        f"({comparison.part}, {comparison.runtime}); nothing was written. Please report the model."
    )


def example_calls(part: Part, seed: int = 0) -> list[list[np.ndarray]]:
    """Make up inputs for a network: batches of several sizes and lengths, in the order of its inputs.

    Ids are drawn from the vocabulary of the Embedding that reads them; numbers are normal. Steps at the end are hidden,
    in the last batch also some between: by a 0 of ids, a False of masks, and the value of a Masking layer.
    """
    rng = np.random.default_rng(seed)
    described = {layer["name"]: layer for layer in part.network.layers["layers"]}
    bounds = {
        call["inputs"][0][0]: layer["config"]["input_dim"]
        for layer in described.values()
        if layer["class"] == "Embedding"
        for call in layer["calls"]
    }
    hiding = {
        call["inputs"][0][0]: layer["config"]["mask_value"]
        for layer in described.values()
        if layer["class"] == "Masking"
        for call in layer["calls"]
    }
    calls: list[list[np.ndarray]] = []
    for number, (samples, timesteps) in enumerate(SIZES):
        seen = np.arange(timesteps) < rng.integers(1, timesteps + 1, (samples, 1))
        if number == len(SIZES) - 1:
            seen &= rng.random(seen.shape) < 0.7
        seen[:, 0] = True
        call: list[np.ndarray] = []
        for name in part.network.layers["inputs"]:
            sizes = described[name]["calls"][0]["shapes"][0]
            shape = [samples if sizes[0] is None else sizes[0]]
            shape += [timesteps if size is None else size for size in sizes[1:]]
            dtype = str(described[name]["config"]["dtype"])
            call.append(_example(rng, shape, dtype, bounds.get(name), hiding.get(name), seen))
        calls.append(call)
    return calls


def _example(
    rng: np.random.Generator, shape: list[int], dtype: str, bound: int | None, hiding: float | None, seen: np.ndarray
) -> np.ndarray:
    """One input. `bound`: of its ids. `hiding`: the value that hides a step. `seen`: (samples, timesteps)."""
    if len(shape) > 1:
        seen = np.resize(seen, shape[:2])
        seen[:, 0] = True
    if dtype == "bool":
        return np.broadcast_to(seen.reshape(*seen.shape, *[1] * (len(shape) - 2)), shape)
    if dtype.startswith(("int", "uint")) or bound is not None:
        ids = rng.integers(1, max(bound or IDS, 2), shape).astype(np.int32)
        return ids * seen.astype(np.int32) if len(shape) == 2 else ids
    values = rng.normal(size=shape).astype(np.float32)
    if hiding is not None and len(shape) == 3:
        values[~seen] = hiding
    return values


def keras_outputs(model: keras.Model, calls: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """Run a Keras model on batches, one after another; states of a stateful model start at zero and are put back."""
    keras = import_keras()
    stateful = [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]
    variables = [state for layer in stateful for state in keras.tree.flatten(getattr(layer, "states", None) or [])]
    variables = [state for state in variables if hasattr(state, "assign")]
    before = [np.array(keras.ops.convert_to_numpy(state)) for state in variables]
    try:
        for state in variables:
            state.assign(np.zeros(state.shape, np.float32))
        outputs: list[list[np.ndarray]] = []
        for call in calls:
            result = model(_packed(keras, model, call), training=False)
            outputs.append([keras.ops.convert_to_numpy(tensor) for tensor in keras.tree.flatten(result)])
        return outputs
    finally:
        for state, value in zip(variables, before, strict=True):
            state.assign(value)


def _packed(keras: Any, model: keras.Model, call: Sequence[np.ndarray]) -> Any:
    structure = getattr(getattr(model, "_functional", None) or model, "_inputs_struct", None)
    arrays = list(call)
    return arrays[0] if len(arrays) == 1 and structure is None else keras.tree.pack_sequence_as(structure, arrays)


def largest_difference(expected: Sequence[Sequence[np.ndarray]], returned: Sequence[Sequence[np.ndarray]]) -> float:
    """Return the largest difference of any value, relative to the value where it is larger than 1.

    Raises:
        ExportError: shapes differ.
    """
    largest = 0.0
    for expected_batch, returned_batch in zip(expected, returned, strict=True):
        for want, got in zip(expected_batch, returned_batch, strict=True):
            if want.shape != got.shape:
                raise ExportError(f"The export returns {got.shape} where Keras returns {want.shape}.")
            if want.size == 0:
                continue
            difference = np.abs(got.astype(np.float64) - want) / np.maximum(np.abs(want), 1)
            largest = max(largest, float(np.nan_to_num(difference, nan=np.inf).max()))
    return largest
