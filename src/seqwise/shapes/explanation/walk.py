"""Walking through a Keras model, layer by layer, without changing it.

Keras is never imported here: who holds a model has imported it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.errors import ShapeError
from seqwise.shapes.explanation.kinds import INNER_STEPS, Call, Shape, Value, kind_of
from seqwise.shapes.explanation.kinds.call import names_for
from seqwise.shapes.explanation.steps import Steps, input_value

PICTURES = ("Conv2D", "MaxPooling2D", "AveragePooling2D", "SeparableConv2D", "DepthwiseConv2D", "Resizing")
READ_TOKENS = ("Embedding", "TextVectorization", "StringLookup", "IntegerLookup", "CategoryEncoding")
READ_STEPS = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "Conv1D", "SeparableConv1D", "DepthwiseConv1D",
              "Masking", "TimeDistributed", "MaxPooling1D", "GlobalAveragePooling1D", "GlobalMaxPooling1D",
              "MultiHeadAttention", "Flatten", "ZeroPadding1D", "Cropping1D", "SpatialDropout1D")  # fmt: skip


def graph_of(model: Any) -> Any:
    """The graph of a functional model or a built Sequential; None where there is none."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def is_layer(thing: Any) -> bool:
    """Tell whether something is a Keras layer or model (False where Keras was never imported)."""
    keras = sys.modules.get("keras")
    return keras is not None and hasattr(keras, "Layer") and isinstance(thing, keras.Layer)


def graph_inputs(graph: Any, given: list[tuple[Shape, str]]) -> list[Value]:
    """Name the axes of a graph's inputs.

    Args:
        given: (shape, dtype) of the data for each input; empty where there are none. They fill in sizes that the
            model leaves open.
    """
    first = graph._inputs if hasattr(graph, "_inputs") else graph.inputs
    values = []
    for i, tensor in enumerate(first):
        shape = tuple(tensor.shape)
        if len(given) == len(first) and len(given[i][0]) == len(shape):
            shape = (shape[0], *(b if a is None else a for a, b in zip(shape[1:], given[i][0][1:], strict=True)))
        readers = [kind_of(node.operation) for node in _nodes(graph) if any(t is tensor for t in _tensors(node))]
        name = getattr(getattr(tensor, "_keras_history", None), "operation", None)
        values.append(
            input_value(
                getattr(name, "name", tensor.name), shape, input_names(shape, str(tensor.dtype), readers),
                str(tensor.dtype),
            )
        )  # fmt: skip
    return values


def input_names(shape: Shape, dtype: str, readers: list[str]) -> tuple[str, ...]:
    """Names of an input's axes, by its rank and the layers that read it."""
    rank = len(shape)
    if rank == 2 and (any(kind in READ_TOKENS for kind in readers) or dtype == "bool" or dtype.startswith("int")):
        return (SAMPLES, TIMESTEPS)
    if rank == 4 and not any(kind in PICTURES for kind in readers):
        inside = any(kind.startswith("ConvLSTM") for kind in readers)
        return (SAMPLES, TIMESTEPS, "width" if inside else INNER_STEPS, "channels" if inside else FEATURES)
    if rank == 4:
        return (SAMPLES, "height", "width", "channels")
    if rank == 5:
        return (SAMPLES, TIMESTEPS, "height", "width", "channels")
    return names_for(rank)


def walk_graph(graph: Any, values: list[Value], steps: Steps, depth: int = 0) -> list[Value]:
    """Follow the values through a graph of layers; returns its outputs."""
    inputs = graph._inputs if hasattr(graph, "_inputs") else graph.inputs
    known: dict[int, Value] = {id(tensor): value for tensor, value in zip(inputs, values, strict=True)}
    ends = graph._outputs if hasattr(graph, "_outputs") else graph.outputs
    seen = _leading_to(_nodes(graph), ends)
    for node in _nodes(graph):
        operation = node.operation
        if node.is_input or type(operation).__name__ == "InputLayer" or any(id(t) in known for t in node.outputs):
            continue
        args = _fill(node.arguments.args, known)
        kwargs = _fill(node.arguments.kwargs, known)
        read = _found(args) + _found({k: v for k, v in kwargs.items() if not k.endswith("mask")})
        if not read:
            continue
        inner = graph_of(operation)
        if id(node) not in seen:  # Keras's own arithmetic on masks
            outputs = [replace(read[0], shape=tuple(t.shape), axes=read[0].axes[: len(t.shape)]) for t in node.outputs]
        elif inner is not None:
            steps.open_model(operation, operation.name, read, depth, len(operation.layers))
            outputs = walk_graph(inner, read[: len(inner.inputs)], steps, depth + 1)
        else:
            shapes = _output_shapes(node, args, kwargs, known)
            call = Call(operation, kind_of(operation), args, kwargs, read, shapes)
            outputs = steps.add(call, operation.name, depth, count_parameters(operation))
        known.update((id(tensor), value) for tensor, value in zip(node.outputs, outputs, strict=False))
    return [known[id(tensor)] for tensor in ends if id(tensor) in known]


def walk_layers(layers: list[Any], value: Value, steps: Steps) -> list[Value]:
    """Follow a value through layers that are not built yet, one after another, on copies of them.

    Where a layer refuses what comes, the story tells so and ends.
    """
    keras = sys.modules["keras"]
    for layer in layers:
        if type(layer).__name__ == "InputLayer":
            continue
        kind, parameters = kind_of(layer), None
        try:
            with copied(layer) as (copy, is_copy):
                tensor = keras.KerasTensor(value.shape, dtype=value.dtype)
                if is_copy and None not in (value.shape[-1:] if value.rank > 2 else ()):
                    made = copy(tensor)
                    parameters = count_parameters(copy)
                else:
                    made = copy.compute_output_spec(tensor)
                    parameters = count_parameters(copy)
        except Exception as error:  # whatever a layer raises is part of the story
            steps.fail(layer, kind, layer.name, [value], _refusal(value, steps) or first_line(error))
            return []
        made = made if isinstance(made, (list, tuple)) else [made]
        call = Call(layer, kind, (value,), {}, [value], [tuple(t.shape) for t in made])
        value = steps.add(call, layer.name, 0, parameters)[0]
    return [value]


def _refusal(value: Value, steps: Steps) -> str:
    """Why a layer refuses, where the layer before it has ended the time axis."""
    last = next((step for step in reversed(steps.found) if step.name == value.made_by), None)
    if value.rank != 2 or last is None or "return_sequences=True would keep it" not in last.why:
        return ""
    mended = f"{last.label.removesuffix(')')}, return_sequences=True)"
    if last.kind == "Bidirectional":
        mended = f"{last.label.removesuffix('))')}, return_sequences=True))"
    return (
        f"it needs (samples, timesteps, features), but {last.name} gives (samples, units={value.shape[-1]}): its time "
        f"axis has ended. Keep it: keras.layers.{mended}"
    )


@contextmanager
def copied(layer: Any) -> Iterator[tuple[Any, bool]]:
    """A fresh copy of a layer that is not built, which may be built at will; a built layer is itself (False)."""
    if layer.built:
        yield layer, False
        return
    from seqwise.shapes.trace import unnoticed

    with unnoticed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield type(layer).from_config(layer.get_config()), True


def guess_input(layers: list[Any]) -> Value:
    """What the first layer of an unbuilt model expects, with every size open."""
    kind = kind_of(layers[0]) if layers else ""
    if not layers or kind not in (*READ_TOKENS, *READ_STEPS, "Dense"):
        raise ShapeError(
            "The model is not built, and its first layer does not tell what it expects. Pass the data as well, "
            "seqwise.explain(model, x), or begin the model with keras.Input(shape=(timesteps, features))."
        )
    rank = 2 if kind in (*READ_TOKENS, "Dense") else 3
    dtype = "int32" if kind in READ_TOKENS else "float32"
    return input_value("x", (None,) * rank, input_names((None,) * rank, dtype, [kind]), dtype)


def count_parameters(operation: Any) -> int | None:
    """Number of parameters; None where the layer is not built."""
    if not hasattr(operation, "count_params"):
        return 0
    try:
        return int(operation.count_params())
    except ValueError:
        return None


def first_line(error: BaseException) -> str:
    """The first telling line of an error, without Keras's frame around it and without colours."""
    text = str(error).replace("\x1b[1m", "").replace("\x1b[0m", "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("Exception encountered when calling") and len(lines) > 1:
        return lines[1]
    return lines[0] if lines else type(error).__name__


def _nodes(graph: Any) -> list[Any]:
    by_depth = graph._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def _leading_to(nodes: list[Any], ends: list[Any]) -> set[int]:
    """Ids of the nodes from which a tensor in `ends` is made, masks left aside."""
    wanted, found = {id(tensor) for tensor in ends}, set()
    for node in reversed(nodes):
        if any(id(tensor) in wanted for tensor in node.outputs):
            found.add(id(node))
            named = {k: v for k, v in node.arguments.kwargs.items() if not k.endswith("mask")}
            wanted |= {id(tensor) for tensor in _keras_tensors((node.arguments.args, named))}
    return found


def _keras_tensors(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        return [tensor for part in structure for tensor in _keras_tensors(part)]
    return [structure] if type(structure).__name__ == "KerasTensor" else []


def _tensors(node: Any) -> list[Any]:
    return node.arguments.keras_tensors


def _fill(structure: Any, known: dict[int, Value]) -> Any:
    if isinstance(structure, dict):
        return {name: _fill(part, known) for name, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)([_fill(part, known) for part in structure])
    if hasattr(structure, "_keras_history") or type(structure).__name__ == "KerasTensor":
        return known.get(id(structure))
    return structure


def _found(structure: Any) -> list[Value]:
    if isinstance(structure, Value):
        return [structure]
    parts = structure.values() if isinstance(structure, dict) else structure
    return [v for part in parts for v in _found(part)] if isinstance(structure, (dict, list, tuple)) else []


def _output_shapes(node: Any, args: Any, kwargs: Any, known: dict[int, Value]) -> list[Shape]:
    recorded = [tuple(tensor.shape) for tensor in node.outputs]
    if all(id(t) not in known or tuple(t.shape) == known[id(t)].shape for t in _tensors(node)):
        return recorded
    keras = sys.modules["keras"]  # the data fill in sizes that the model left open

    def tensor(structure: Any) -> Any:
        if isinstance(structure, Value):
            return keras.KerasTensor(structure.shape, dtype=structure.dtype)
        if isinstance(structure, dict):
            return {name: tensor(part) for name, part in structure.items()}
        if isinstance(structure, (list, tuple)):
            return type(structure)([tensor(part) for part in structure])
        return structure

    try:
        made = node.operation.compute_output_spec(*tensor(args), **tensor(kwargs))
    except Exception:  # the sizes stay open
        return recorded
    found = [tuple(t.shape) for t in (made if isinstance(made, (list, tuple)) else [made])]
    return found if [len(s) for s in found] == [len(s) for s in recorded] else recorded
