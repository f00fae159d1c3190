"""What goes into a model: the inputs that it declares, what its first layers need, and the shapes to trace it with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqwise.inspection.data import Array, is_mapping, read_arrays
from seqwise.inspection.graph import Graph, Shape, is_sequence
from seqwise.inspection.layer_kinds import (
    PASSES_ON,
    READS_TOKENS,
    graph_of,
    inner_layers,
    is_a,
    is_watched,
    needed_rank,
)
from seqwise.inspection.trace import parameters_of, trace
from seqwise.inspection.watch import Spec


@dataclass
class Input:
    """One input of a model, with the data for it.

    Attributes:
        declared: the shape the model asks for, samples first (None: any size); None where it asks for none yet.
        layer: the input layer, where there is one.
        built_on: the shape of a subclassed model's first call.
        key: in the dict that is handed to a model of the user's own.
        data, validation: what the user holds for it; None where nothing was given.
        needs: the number of axes that the first layer takes, samples included; None where it takes several.
        embedded: the Embedding that reads it; None where none does.
        labelled: number of targets; None where there is no target.
    """

    name: str
    declared: Shape | None = None
    layer: Any = None
    dtype: str = ""
    built_on: Shape | None = None
    key: Any = None
    data: Array | None = None
    validation: Array | None = None
    needs: int | None = None
    embedded: Any = None
    labelled: int | None = None

    @property
    def timesteps(self) -> int | None:
        return self.declared[1] if self.declared and len(self.declared) > 1 else None

    @property
    def features(self) -> int | None:
        return self.declared[2] if self.declared and len(self.declared) == 3 else None

    @property
    def rank(self) -> int | None:
        """The number of axes that the input must have; None where any will do."""
        return len(self.declared) if self.declared is not None else self.needs


def declared_inputs(model: Any) -> list[Input]:
    """Return the inputs that a model declares; an empty list where it declares none yet."""
    if is_sequence(model) or (is_a(model, "Sequential") and not _is_functional(model)):
        layers = inner_layers(model) or []
        first = next((layer for layer in layers if is_a(layer, "InputLayer")), None)
        if first is None and layers and getattr(layers[0], "_keras_history", None) is not None:
            first = layers[0]._keras_history.operation  # keras.Input gives a tensor
        if first is not None:
            return [Input("x", tuple(first.batch_shape), first, str(first.dtype))]
        shape = getattr(layers[0], "_input_shape_arg", None) if layers else None
        return [] if shape is None else [Input("x", (None, *shape))]
    if not _is_functional(model):
        return _called_with(model)
    inputs: list[Input] = []
    for tensor in graph_of(model).inputs:
        history = getattr(tensor, "_keras_history", None)
        layer = history.operation if history is not None else None
        shape = layer.batch_shape if layer is not None and is_a(layer, "InputLayer") else tensor.shape
        inputs.append(Input(getattr(layer, "name", tensor.name), tuple(shape), layer, str(tensor.dtype)))
    return inputs


def _is_functional(model: Any) -> bool:
    return graph_of(model) is not None and (not is_a(model, "Sequential") or bool(model.built))


def _called_with(model: Any) -> list[Input]:
    """The inputs of a subclassed model, by the shapes that it was built on."""
    shapes: dict[str, Any] = getattr(model, "_build_shapes_dict", None) or {}
    parameters = parameters_of(model) if shapes else []
    inputs: list[Input] = []
    for i, (name, shape) in enumerate(shapes.items()):
        if not is_sequence(shape) or not all(size is None or isinstance(size, int) for size in shape):
            return []
        plain = name.removesuffix("_shape")
        plain = plain if plain in parameters else parameters[min(i, len(parameters) - 1)] if parameters else "x"
        inputs.append(Input(plain, built_on=(None, *shape[1:])))
    return inputs


def first_need(model: Any) -> int | None:
    """Return the rank that the first layer with an opinion needs: 2 for an Embedding; None where it is unknown."""
    for layer in (inner_layers(model) or []) if model is not None else []:
        if is_a(layer, "InputLayer"):
            continue
        if inner_layers(layer) is not None:
            return first_need(layer)
        if is_a(layer, *READS_TOKENS):
            return 2
        need = needed_rank(layer)
        if need is None and is_a(layer, "TimeDistributed"):
            return 3
        if need is not None or not is_a(layer, *PASSES_ON, "Dense"):
            return need
    return None


def inputs_of(model: Any, x: Any, name: str) -> list[Input]:
    """Return a model's inputs, with the data for each.

    Args:
        x: what the user holds for them. name: what the user calls it.
    """
    declared = declared_inputs(model)
    names = [entry.name for entry in declared]
    if not names and is_watched(model) and is_sequence(x) and all(hasattr(part, "shape") for part in x):
        names = [f"{name}[{i}]" for i in range(len(x))]
    arrays = read_arrays(x, names, name)
    if not declared or (is_watched(model) and len(declared) < len(arrays)):
        known = [array.name for array in arrays]
        keys = list(x) if is_watched(model) and is_mapping(x) else [None] * len(known)
        declared = [Input(called, key=key) for called, key in zip(known, keys, strict=True)] or [Input(name)]
    for entry, array in zip(declared, arrays, strict=False):
        entry.data = array
    return declared


def trace_inputs(model: Any, inputs: Sequence[Input], need: int | None = None) -> Graph:
    """Trace a model with shapes as declared, open sizes filled in by the data, wrong ranks corrected.

    Args:
        need: the number of axes that an input without a declaration should have; None to ask the layers.
    """
    need = first_need(model) if need is None else need
    graph = trace(model, _specs(inputs, need))
    if need is None and graph.failure:  # a call of the user's own ends where its first layer refuses the data
        refusing = next((call for call in graph.calls if call.problem and call.inputs and call.source is None), None)
        need = needed_rank(refusing.layer) if refusing is not None else None
        if need is not None:
            graph = trace(model, _specs(inputs, need))
    return graph


def _specs(inputs: Sequence[Input], need: int | None) -> list[Spec]:
    return [Spec(_assumed(entry, need), _dtype(entry), entry.name, entry.key) for entry in inputs]


def _dtype(entry: Input) -> str:
    if entry.dtype:
        return entry.dtype
    kind = entry.data.values.dtype.kind if entry.data is not None and entry.data.values is not None else "f"
    return {"b": "bool", "i": "int32", "u": "int32"}.get(kind, "float32")


def _assumed(entry: Input, need: int | None) -> Shape:
    """The shape to trace an input with; empty where it is not known."""
    array = entry.data
    shape = () if array is None else (None, *array.shape) if array.single else array.sizes
    if entry.declared is not None:
        declared = entry.declared[1:]
        if len(shape) == len(entry.declared):
            sizes = zip(declared, shape[1:], strict=True)
            return (None, *(size if size is not None else there for size, there in sizes))
        return (None, *declared)
    if array is None:
        return entry.built_on or ((None,) * need if need is not None and need > 1 else ())
    if array.kind == "ragged":
        inner = array.inner or ((1,) if need == 3 else ())
        return (None, None, *inner)
    if not shape:
        return ()
    axes: list[Any] = list(shape[1:])
    if need is None or (need == 4 and _is_video(axes)):  # the rules about pictures report these
        return (None, *axes)
    while len(axes) > need - 1 and 1 in axes:
        del axes[len(axes) - 1 - axes[::-1].index(1)]
    if len(axes) == need - 2:
        axes.append(1)
    return (None, *axes) if len(axes) == need - 1 else (None,) * need


def _is_video(sizes: list[int]) -> bool:
    """Tell timesteps of pictures from a picture with an axis of 1 at its start or end."""
    return len(sizes) == 4 and sizes[0] != 1 and not (sizes[3] == 1 and sizes[2] in (1, 3, 4) and sizes[1] != sizes[2])
