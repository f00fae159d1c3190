"""A layer's call, as the writers of its nodes take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.errors import ExportError
from seqwise.export.onnx.graph import Graph

Size = int | None


@dataclass
class Call:
    """One call of a layer.

    Attributes:
        graph: what is being written. layer: the description's entry: ``name``, ``class``, ``config``.
        weights: the layer's arrays, in Keras's order.
        inputs: names of the values that it reads. shapes: theirs, None for a size that is known only with the data.
        masks: for each input the name of its mask, bool (samples, timesteps), or None.
        initial_state: names of values. arguments: the rest, by name.
        output_shapes: of each output.
        memory: what the calls of one graph share: work that is done once.
        state: in a streaming export, takes the name and the width of a state and returns the value to start from; None
            where states start at zero.
        final_states: what the layer's states are at the end, by name.
    """

    graph: Graph
    layer: dict[str, Any]
    weights: list[np.ndarray]
    inputs: list[str]
    shapes: list[list[Size]]
    masks: list[str | None]
    initial_state: list[str]
    arguments: dict[str, Any]
    output_shapes: list[list[Size]]
    memory: dict[Any, Any]
    state: Callable[[str, int], str] | None = None
    final_states: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def config(self) -> dict[str, Any]:
        return self.layer["config"]

    @property
    def name(self) -> str:
        return self.layer["name"]

    @property
    def input(self) -> str:
        return self.inputs[0]

    @property
    def shape(self) -> list[Size]:
        """Shape of the first input."""
        return self.shapes[0]

    @property
    def mask(self) -> str | None:
        """Mask of the first input."""
        return self.masks[0] if self.masks else None

    @property
    def rank(self) -> int:
        """Axes of the first input."""
        return len(self.shape)

    def axis(self, axis: int) -> int:
        """Return an axis counted from the first."""
        return axis % self.rank

    def refuse(self, reason: str) -> ExportError:
        """Return the error that the layer cannot be written, with its reason."""
        return ExportError(f"Layer {self.name!r} ({self.layer['class']}) cannot be exported to ONNX: {reason}")

    def channels_last(self) -> None:
        """Raise where the features are not the last axis."""
        if self.config.get("data_format", "channels_last") != "channels_last":
            raise self.refuse("its data_format is 'channels_first'. Build it with channels_last.")
