"""A network in plain files: its layers as JSON and its weights as arrays, to be read without Keras."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact.manifest import write_json
from seqwise.artifact.reading import RESTORE, read_arrays, read_json
from seqwise.artifact.schema import fits
from seqwise.backend import import_keras
from seqwise.errors import BundleError

NETWORK, WEIGHTS = "network.json", "weights.safetensors"


class Network(NamedTuple):
    """A network without Keras.

    Attributes:
        layers: what ``network.json`` holds; see `describe_network`.
        weights: its arrays, by the names in ``layers``.
    """

    layers: dict[str, Any]
    weights: dict[str, np.ndarray]


def describe_network(model: Any) -> Network:
    """Describe a Keras model: Sequential or functional, nested models included.

    The description holds ``inputs``, names of layers; ``outputs``, tensors; and ``layers``, each after those that its
    first call reads. A tensor is a layer's name, the number of the call and the number of its output. Calls of nested
    models are replaced by those of their layers. A layer has:

    - ``name``, ``class`` (Keras's; ``"ops.NotEqual"`` for an operation of `keras.ops`) and ``config``, as Keras has it;
    - ``weights``: the names of its arrays, in Keras's order;
    - ``calls``: for each call of the layer

      - ``inputs``: the tensors that it reads, in the order of its arguments, without masks and initial states;
      - ``masks``, only where there are any: the mask that the call uses for each input, or null: ``{"tensor": …}``, a
        tensor of the network, or ``{"of": tensor}``, the mask that the layer which made that tensor (an Embedding, a
        Masking, a merge) made for it;
      - ``merged_masks``, only of a merge that makes a mask of its inputs' masks: those, for each input, or null;
      - ``initial_state``, only where one is passed: its tensors;
      - ``arguments``, only where there are any: every other argument by name that is not None or False; in those of an
        operation an input is null;
      - ``shapes``: of each output, null for a size that is known only with the data.

    Raises:
        BundleError: the model is not built, or its layers say nothing of its calls (a subclassed model).
    """
    from seqwise.layers import stock_layers  # imports Keras

    graph = _graph_of(model)
    with stock_layers(model):
        walk = _Walk(taken={operation.name for operation in graph.operations})
        inputs = [walk.enter(tensor) for tensor in graph.inputs]
        walk.follow(graph)
        outputs = [walk.refs[id(tensor)] for tensor in graph.outputs]
    layers = list(walk.layers.values())
    return Network({"inputs": inputs, "outputs": outputs, "layers": layers}, walk.weights)


def save_network(network: Network, folder: Path) -> None:
    """Write a description to ``network.json`` and its weights to ``weights.safetensors``."""
    arrays = {name: np.ascontiguousarray(array) for name, array in network.weights.items()}
    save_file(arrays, folder / WEIGHTS)
    write_json(folder / NETWORK, network.layers)


def load_network(folder: Path, tensors: dict[str, Any] | None = None) -> Network:
    """Read what `save_network` wrote. Keras is not needed.

    Args:
        tensors: what `seqwise.artifact.models.tensors_of` said of the model when it was saved.

    Raises:
        BundleError: a file is missing or damaged, or they are of another model.
    """
    network = Network(read_json(folder / NETWORK), read_arrays(folder / WEIGHTS))
    try:
        _check_tensors(network, tensors)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder / NETWORK} does not describe this run's network: {error}. {RESTORE}") from None
    return network


def _check_tensors(network: Network, tensors: dict[str, Any] | None) -> None:
    layers = {layer["name"]: layer for layer in network.layers["layers"]}
    names = [name for layer in layers.values() for name in layer["weights"]]
    if sorted(names) != sorted(network.weights):
        differing = set(names) ^ set(network.weights) or names
        raise ValueError(f"{WEIGHTS} holds other weights, {sorted(differing)[:3]}")
    if tensors is None:
        return
    inputs = [layers[name]["config"]["batch_shape"] for name in network.layers["inputs"]]
    outputs = [layers[name]["calls"][call]["shapes"][output] for name, call, output in network.layers["outputs"]]
    for part, shapes in (("inputs", inputs), ("outputs", outputs)):
        if len(shapes) != len(tensors[part]) or not all(map(fits, tensors[part], shapes)):
            raise ValueError(f"its {part} are {shapes}; expected {tensors[part]}")
    if sorted(list(array.shape) for array in network.weights.values()) != sorted(tensors["weights"]):
        raise ValueError(f"{WEIGHTS} holds arrays of other shapes than the manifest's")


def has_graph(model: Any) -> bool:
    """Tell whether a Keras model's calls are known: those of a built Sequential or functional model are."""
    keras = import_keras()
    if isinstance(model, keras.Sequential):
        return getattr(model, "_functional", None) is not None
    own_call = getattr(cast(Any, type(model)), "call", None)  # Keras's, unless a subclass has code of its own
    return hasattr(model, "_nodes_by_depth") and getattr(own_call, "__module__", "").startswith("keras.src.")


def _graph_of(model: Any) -> Any:
    keras = import_keras()
    if has_graph(model):
        return model._functional if isinstance(model, keras.Sequential) else model
    name = getattr(model, "name", type(model).__name__)
    if isinstance(model, keras.Sequential):
        raise BundleError(
            f"The model {name!r} is not built: its input shape is not known. Start it with "
            "keras.Input(shape=(timesteps, features)), or call model.build((None, timesteps, features))."
        )
    raise BundleError(
        f"The model {name!r} is a {type(model).__name__}, whose call() is Python code: it cannot be described layer by "
        "layer. Build it of the same layers with keras.Sequential or keras.Model(inputs, outputs)."
    )


class _Walk:
    """The calls of a model, followed in order, nested models included.

    Attributes:
        refs: by the id of a KerasTensor, the tensor in the description that it stands for.
        masks: by such a tensor, what stands for the mask that Keras attaches to it.
    """

    def __init__(self, taken: set[str]) -> None:
        self.keras = import_keras()
        self.layers: dict[int, dict[str, Any]] = {}
        self.weights: dict[str, np.ndarray] = {}
        self.refs: dict[int, list[Any]] = {}
        self.masks: dict[tuple[Any, ...], Any] = {}
        self._names = set(taken)  # the outermost model's own names stay as they are
        self._mask_refs: dict[int, dict[str, Any]] = {}  # by the id of what stands for the mask
        self._kept: list[Any] = []  # so that ids are not used again

    def enter(self, tensor: Any) -> str:
        """Take an input of the model; returns its layer's name."""
        operation = tensor._keras_history.operation
        entry = self._layer(operation, "")
        entry["calls"].append({"inputs": [], "shapes": [list(tensor.shape)]})
        self.refs[id(tensor)] = [entry["name"], 0, 0]
        return entry["name"]

    def follow(self, graph: Any, prefix: str = "") -> None:
        by_depth = graph._nodes_by_depth
        for node in (node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]):
            if node.is_input:
                continue
            if isinstance(node.operation, self.keras.Model):
                self._nested(node, prefix)
            else:
                self._call(node, prefix)

    def _nested(self, node: Any, prefix: str) -> None:
        operation = node.operation
        inner = _graph_of(operation)
        arguments = {**node.arguments.kwargs}
        masks = self.keras.tree.flatten(arguments.pop("mask", None))
        first, *others = self.keras.tree.flatten(node.arguments.args[:1]), *node.arguments.args[1:], arguments
        if any(map(self._is_tensor, self.keras.tree.flatten(others))) or len(first) != len(inner.inputs):
            raise BundleError(f"The model {operation.name!r} is called with other tensors than its inputs.")
        for own, outer in zip(inner.inputs, first, strict=True):
            self.refs[id(own)] = self.refs[id(outer)]
        for tensor, mask in zip(first, masks, strict=False):
            if mask is not None:
                self.masks[tuple(self.refs[id(tensor)])] = self._explicit_mask(mask)
        self.follow(inner, f"{prefix}{operation.name}_")
        for outer, own in zip(node.outputs, inner.outputs, strict=True):
            self.refs[id(outer)] = self.refs[id(own)]

    def _call(self, node: Any, prefix: str) -> None:
        operation, tree = node.operation, self.keras.tree
        entry = self._layer(operation, prefix)
        arguments = inspect.signature(operation.call).bind(*node.arguments.args, **node.arguments.kwargs).arguments
        arguments |= arguments.pop("kwargs", {})
        call: dict[str, Any] = {}
        new_masks: list[Any] = []
        if isinstance(operation, self.keras.layers.Layer):
            new_masks = self._layer_call(operation, arguments, call)
        else:
            call["inputs"] = [self.refs[id(tensor)] for tensor in node.input_tensors]
            call["arguments"] = {n: tree.map_structure(self._without_tensors, v) for n, v in arguments.items()}
        call["shapes"] = [list(tensor.shape) for tensor in node.outputs]
        number = len(entry["calls"])
        entry["calls"].append(call)
        for i, tensor in enumerate(node.outputs):
            ref = self.refs[id(tensor)] = [entry["name"], number, i]
            mask = new_masks[i] if i < len(new_masks) else None
            if mask is not None:
                self.masks[tuple(ref)] = mask
                self._mask_ref(mask, {"of": ref})

    def _layer_call(self, layer: Any, arguments: dict[str, Any], call: dict[str, Any]) -> list[Any]:
        """Divide the arguments of a layer's call as Keras does; returns what stands for the masks of its outputs."""
        tree = self.keras.tree
        tensors = {name: value for name, value in arguments.items() if any(map(self._is_tensor, tree.flatten(value)))}
        flags = ("use_causal_mask",)  # named like masks, but none
        named = [name for name in arguments if name == "mask" or name.endswith("_mask")]
        passed_masks = {name: arguments[name] for name in named if name not in flags}
        inputs_by_name = {
            name: value for name, value in tensors.items() if name not in passed_masks and name != "initial_state"
        }
        parameters = inspect.signature(layer.call).parameters
        inputs: list[Any] = []
        used: list[Any] = []
        for name, part in inputs_by_name.items():
            own = [tensor for tensor in tree.flatten(part) if self._is_tensor(tensor)]
            inputs += own
            mask_name = "mask" if len(inputs_by_name) == 1 else f"{name}_mask"
            explicit = passed_masks.get(mask_name)
            if explicit is not None:
                used += [self._explicit_mask(mask) for mask in _as_list(explicit)]
                used += [None] * (len(inputs) - len(used))
            elif mask_name in parameters and (len(tensors) > 1) == (mask_name != "mask"):
                used += [self._mask_on(tensor) for tensor in own]  # Keras fills it in, but not beside other tensors
            else:
                used += [None] * len(own)
        call["inputs"] = [self.refs[id(tensor)] for tensor in inputs]
        if any(mask is not None for mask in used):
            call["masks"] = [None if mask is None else self._mask_refs[id(mask)] for mask in used]
        if "initial_state" in tensors:
            call["initial_state"] = [self.refs[id(tensor)] for tensor in tree.flatten(tensors["initial_state"])]
        others = {
            n: v for n, v in arguments.items() if n not in tensors and n not in passed_masks and v not in (None, False)
        }
        if others:
            call["arguments"] = {name: tree.map_structure(_plain, value) for name, value in others.items()}
        if not layer.supports_masking:
            return []
        first = next(iter(inputs_by_name.values()))
        own = [tensor for tensor in tree.flatten(first) if self._is_tensor(tensor)]
        passed = used[: len(own)] if any(mask is not None for mask in used) else [self._mask_on(t) for t in own]
        stand_ins = [self.keras.KerasTensor(tensor.shape, dtype=tensor.dtype) for tensor in own]
        many = isinstance(first, (list, tuple))
        computed = layer.compute_mask(stand_ins if many else stand_ins[0], passed if many else passed[0])
        masks: list[Any] = tree.flatten(computed) if computed is not None else []
        new = any(mask is not None and id(mask) not in self._mask_refs for mask in masks)
        if new and any(mask is not None for mask in passed):
            call["merged_masks"] = [None if mask is None else self._mask_refs[id(mask)] for mask in passed]
        return masks

    def _mask_on(self, tensor: Any) -> Any:
        return self.masks.get(tuple(self.refs[id(tensor)]))

    def _explicit_mask(self, tensor: Any) -> Any:
        """What stands for a mask that is a tensor of the network: always the same."""
        if tensor is None:
            return None
        ref = {"tensor": self.refs[id(tensor)]}
        same = [mask for mask in self._kept if self._mask_refs[id(mask)] == ref]
        stands_for_it = same[0] if same else self.keras.KerasTensor(tensor.shape, dtype="bool")
        self._mask_ref(stands_for_it, ref)
        return stands_for_it

    def _mask_ref(self, mask: Any, ref: dict[str, Any]) -> None:
        if id(mask) not in self._mask_refs:
            self._kept.append(mask)
            self._mask_refs[id(mask)] = ref

    def _layer(self, operation: Any, prefix: str) -> dict[str, Any]:
        """The entry of a layer, made at its first call."""
        if id(operation) in self.layers:
            return self.layers[id(operation)]
        name = operation.name
        if prefix:
            name = prefix + name if name in self._names else name
            while name in self._names:
                name += "_"
        self._names.add(name)
        is_layer = isinstance(operation, self.keras.layers.Layer)
        kind = type(operation).__name__ if is_layer else f"ops.{type(operation).__name__}"
        entry: dict[str, Any] = {"name": name, "class": kind, "weights": [], "calls": []}
        if is_layer:
            entry["config"] = self.keras.saving.serialize_keras_object(operation)["config"]
            for i, array in enumerate(operation.get_weights()):
                entry["weights"].append(f"{name}/{i}")
                self.weights[f"{name}/{i}"] = np.asarray(array)
        else:
            entry["config"] = _settings_of(operation)
        self.layers[id(operation)] = entry
        return entry

    def _without_tensors(self, value: Any) -> Any:
        return None if self._is_tensor(value) else _plain(value)

    def _is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.keras.KerasTensor)


def _settings_of(operation: Any) -> dict[str, Any]:
    """What an operation of `keras.ops` was made with: its constructor's arguments, which it keeps by their names."""
    names = set(inspect.signature(type(operation).__init__).parameters) - {"self", "name"}
    return {name: _plain(getattr(operation, name)) for name in sorted(names) if hasattr(operation, name)}


def _as_list(value: Any) -> list[Any]:
    return list(cast(Any, value)) if isinstance(value, (list, tuple)) else [value]


def _plain(value: Any) -> Any:
    """A setting or argument as JSON; what is not JSON, as text."""
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in cast(Any, value)]
    if isinstance(value, (np.generic, np.ndarray)):
        return cast(Any, value).tolist()
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
