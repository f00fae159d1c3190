"""A TensorFlow.js layers model in the making: its layers, what each call reads, and the masks TensorFlow.js attaches.

TensorFlow.js attaches masks by rules of its own (tfjs-layers 4.22, `computeMask` of each layer and `execute`), which
differ from Keras's: `Graph` follows them, so that a mask never reaches a layer that Keras runs without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

Shape = tuple[int | None, ...]
Mask = tuple[Any, ...]

BROKEN: Mask = ("of the wrong shape",)  # what TensorFlow.js makes of the masks of a sum: it gets one axis too many
# layers that hand on the mask of their first input; others end it
HAND_ON = {
    "Activation", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "GaussianDropout", "GaussianNoise",
    "LayerNormalization", "PReLU", "ReLU", "SpatialDropout1D", "TimeDistributed",
}  # fmt: skip
MERGES = {"Add", "Average", "Maximum", "Minimum", "Multiply"}
RECURRENT = {"Bidirectional", "GRU", "LSTM", "SimpleRNN"}


@dataclass(eq=False)
class Tensor:
    """An output of a call.

    Attributes:
        layer, call, output: whose, the number of the call, and of the output.
        shape: samples first; None for a size that is known only with the data.
        mask: the mask that TensorFlow.js attaches to it, by its key; None for none.
        not_zeroed: the mask at whose hidden steps Keras has zeros, and TensorFlow.js not yet; None for none.
    """

    layer: str
    call: int
    output: int
    shape: Shape
    mask: Mask | None = None
    not_zeroed: Mask | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def width(self) -> int | None:
        return self.shape[-1]


@dataclass(eq=False)
class Layer:
    """A layer of the TensorFlow.js model.

    Attributes:
        config: as TensorFlow.js reads it (Keras 2's names).
        calls: for each call, the tensors that it reads.
        weights: arrays by their names in TensorFlow.js.
        made: it stands for no layer of the user's own: its weights are constants, which are never quantized.
    """

    name: str
    kind: str
    config: dict[str, Any]
    weights: dict[str, np.ndarray]
    made: bool
    calls: list[list[Tensor]] = field(default_factory=list)


class Graph:
    """The layers of a model, each after those that its first call reads.

    Attributes:
        taken: names of the user's layers.
        masked: a mask exists somewhere.
        joined: layers that attach a mask to a tensor.
    """

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.layers: dict[str, Layer] = {}
        self.inputs: list[Tensor] = []
        self.masked = False
        self.joined: set[str] = set()

    def free_name(self, name: str) -> str:
        """Return the name, or with a number, so that no layer has it."""
        number, free = 1, name
        while free in self.layers or (free in self.taken and number > 1):
            number += 1
            free = f"{name}_{number}"
        return free

    def add(
        self,
        kind: str,
        name: str,
        config: dict[str, Any],
        inputs: Sequence[Tensor],
        shapes: Sequence[Shape],
        weights: dict[str, np.ndarray] | None = None,
        *,
        made: bool = False,
        mask: Mask | None = None,
    ) -> list[Tensor]:
        """Call a layer, which is made where there is none of that name.

        Args:
            shapes: of its outputs.
            weights: by the names in the layer, such as ``"kernel"``.
            mask: the key of the mask that it makes (a Masking, an Embedding).

        Returns:
            its outputs.
        """
        if name not in self.layers:
            named = {f"{name}/{part}": array for part, array in (weights or {}).items()}
            self.layers[name] = Layer(name, kind, {"name": name, "trainable": not made} | config, named, made)
        layer = self.layers[name]
        inputs = self._distinct(inputs)
        layer.calls.append(inputs)
        attached = mask if mask is not None else mask_after(kind, layer.config, inputs)
        self.masked |= attached is not None
        # `execute` attaches the first output's mask to every output
        outputs = [Tensor(name, len(layer.calls) - 1, i, shape, attached) for i, shape in enumerate(shapes)]
        if kind == "InputLayer":
            self.inputs += outputs
        return outputs

    def _distinct(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Copy a tensor that a call reads twice: TensorFlow.js would free it after the first time."""
        distinct: list[Tensor] = []
        for tensor in inputs:
            own = tensor
            if tensor in distinct:
                name = self.free_name(f"{tensor.layer}_again")
                config = {"dtype": "float32", "activation": "linear"}
                (own,) = self.add("Activation", name, config, [tensor], [tensor.shape], made=True)
            distinct.append(own)
        return distinct

    def topology(self, name: str, outputs: Sequence[Tensor], *, sequential: bool) -> dict[str, Any]:
        """Return the model as ``model.json`` holds it.

        Args:
            sequential: as a `tf.Sequential`, where every layer reads the one before it only.
        """
        layers = list(self.layers.values())
        if sequential and _is_chain(layers, outputs):
            listed = [{"class_name": layer.kind, "config": layer.config} for layer in layers]
            return {"class_name": "Sequential", "config": {"name": name, "layers": listed}}
        described = [
            {
                "class_name": layer.kind,
                "name": layer.name,
                "config": layer.config,
                "inbound_nodes": [[[t.layer, t.call, t.output, {}] for t in call] for call in layer.calls if call],
            }
            for layer in layers
        ]
        ends = {
            "input_layers": [[t.layer, t.call, t.output] for t in self.inputs],
            "output_layers": [[t.layer, t.call, t.output] for t in outputs],
        }
        return {"class_name": "Functional", "config": {"name": name, "layers": described} | ends}


def mask_after(kind: str, config: dict[str, Any], inputs: Sequence[Tensor]) -> Mask | None:
    """Return the mask that TensorFlow.js attaches to what a layer returns."""
    masks = [tensor.mask for tensor in inputs]
    if not any(mask is not None for mask in masks):
        return None
    if kind in HAND_ON:
        return masks[0]
    if kind in RECURRENT:
        inner = config["layer"]["config"] if kind == "Bidirectional" else config
        return masks[0] if inner["return_sequences"] else None
    if kind == "Concatenate":  # all of them, where an input without a mask counts as seen
        known = {mask for mask in masks if mask is not None}
        return known.pop() if len(known) == 1 and inputs[0].rank == 3 and config["axis"] in (-1, 2) else BROKEN
    if kind in MERGES:
        return None if masks[0] is None and len(masks) == 2 else BROKEN
    return None


def _is_chain(layers: list[Layer], outputs: Sequence[Tensor]) -> bool:
    if len(outputs) != 1 or outputs[0].layer != layers[-1].name:
        return False
    if any(len(layer.calls) != 1 for layer in layers) or layers[0].calls[0]:
        return False
    for before, layer in pairwise(layers):
        (inputs,) = layer.calls
        if len(inputs) != 1 or inputs[0].layer != before.name or inputs[0].output:
            return False
    return len(layers) > 1
