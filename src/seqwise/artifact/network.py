"""A network in plain files: its layers as JSON and its weights as arrays, to be read without Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact.manifest import write_json
from seqwise.backend import import_keras

NETWORK, WEIGHTS = "network.json", "weights.safetensors"


def save_network(model: Any, folder: Path) -> None:
    """Write the layers of a functional Keras model to ``network.json`` and its weights to ``weights.safetensors``.

    ``network.json`` holds ``inputs``, names of layers; ``outputs``, tensors; and ``layers``, each after those that it
    reads. A tensor is a layer's name and the number of its output. A layer has:

    - ``name``, ``class`` (Keras's) and ``config``, as Keras has it;
    - ``calls``: for each call of the layer the tensors that it reads, a mask or an initial state after the rest;
    - ``weights``: the names of its arrays, in Keras's order.
    """
    from seqwise.layers import stock_layers  # imports Keras

    saving = import_keras().saving
    calls = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}  # those of this model
    with stock_layers(model):
        layers = [
            {
                "name": layer.name,
                "class": type(layer).__name__,
                "config": saving.serialize_keras_object(layer)["config"],
                "calls": [
                    [_source(t) for t in node.input_tensors] for node in layer._inbound_nodes if id(node) in calls
                ],
                "weights": [f"{layer.name}/{i}" for i in range(len(layer.weights))],
            }
            for layer in model.layers
        ]
    arrays = {f"{layer.name}/{i}": np.asarray(w) for layer in model.layers for i, w in enumerate(layer.get_weights())}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / WEIGHTS)
    ends = {"inputs": [tensor.name for tensor in model.inputs], "outputs": [_source(t) for t in model.outputs]}
    write_json(folder / NETWORK, ends | {"layers": layers})


def load_network(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `save_network` wrote: the layers, and the weights by name. Keras is not needed."""
    return json.loads((folder / NETWORK).read_text(encoding="utf-8")), load_file(folder / WEIGHTS)


def _source(tensor: Any) -> list[Any]:
    history = tensor._keras_history
    return [history.operation.name, history.tensor_index]
