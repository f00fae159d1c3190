"""The wiring of a functional model: wrong variables, forgotten results, a decoder that never hears its encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.layer_kinds import is_a, is_recurrent


def nodes(context: Context) -> list[Any]:
    """Return the nodes of a functional model, first to last; an empty list for any other model."""
    by_depth = getattr(context.model, "_nodes_by_depth", None)
    if by_depth is None or context.sequential:
        return []
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def tensor_name(context: Context, tensor: Any, default: str) -> str:
    for name, held in context.names.variables.items():
        if held is tensor:
            return name
    return default


def call_code(context: Context, layer: Any, tensor: str, **states: str) -> str:
    """Write the call of a layer on a tensor, by the layer's variable if it has one."""
    called = next((name for name, held in context.names.variables.items() if held is layer), None)
    inside = ", ".join([tensor, *(f"{name}={value}" for name, value in states.items())])
    return f"{called or layer_code(layer)}({inside})"


@rule("SW220", "layer-on-its-own-output")
def own_output(context: Context) -> Iterator[Fault]:
    """A recurrent layer is applied to its own output.

    Warning. It trains: the same weights read the sequence, then what they made of it. Fires where a recurrent layer of
    a functional model is called on a tensor that an earlier call of the same layer returned.
    """
    for call in context.recurrent_calls:
        earlier = call.source
        if earlier is None or earlier.layer is not call.layer or call.depth != earlier.depth:
            continue
        layer = call.layer
        first = earlier.node.input_tensors[0] if earlier.node is not None else None
        name = tensor_name(context, first, "inputs")
        yield Fault(
            severity="warning",
            where=f"call of layer {layer.name!r}",
            what=f"{type(layer).__name__} {layer.name!r} is applied to its own output: one set of weights reads the "
            "sequence and then its own result. This is mostly a variable mistaken for another.",
            expected=call_code(context, layer, name),
            got=f"{layer.name} applied to the output of {layer.name}",
            fix=call_code(context, layer, name),
        )


@rule("SW221", "layer-result-unused")
def unused(context: Context) -> Iterator[Fault]:
    """What a layer made of the input is never read: the next layer reads another variable.

    Warning. Fires where a recurrent layer, Embedding, Masking or Conv1D reads a tensor of the model and returns a
    sequence that nothing reads, while another layer of the model reads the same tensor.
    """
    graph = nodes(context)
    inside = {id(node) for node in graph}
    for node in graph:
        for tensor in node.output_tensors:
            dead = [other for other in node.operation._outbound_nodes if id(other) not in inside]
            for lost in dead:
                if not any(tensor is held for held in lost.input_tensors):
                    continue
                layer, result = lost.operation, lost.output_tensors[0]
                if not (is_recurrent(layer) or is_a(layer, "Embedding", "Masking", "Conv1D")) or len(result.shape) != 3:
                    continue
                if layer._outbound_nodes or _is_an_output(result, context):
                    continue
                reader = _other_reader(graph, tensor, lost)
                if reader is None:
                    continue
                name = tensor_name(context, result, f"{layer.name}_output")
                yield Fault(
                    severity="warning",
                    where=f"call of layer {reader.operation.name!r}",
                    what=f"Nothing reads what {type(layer).__name__} {layer.name!r} returns, so it is no part of the "
                    f"model: {type(reader.operation).__name__} {reader.operation.name!r} reads the tensor before it.",
                    expected=f"{reader.operation.name} reads the output of {layer.name}",
                    got=f"{reader.operation.name} and {layer.name} read the same tensor",
                    fix=call_code(context, reader.operation, name),
                )


def _is_an_output(tensor: Any, context: Context) -> bool:
    """Tell whether another model in sight ends in this tensor."""
    for held in context.names.variables.values():
        if is_a(held, "Functional") and any(tensor is one for one in held.outputs):
            return True
    return False


def _other_reader(graph: list[Any], tensor: Any, lost: Any) -> Any:
    for node in graph:
        if node is not lost and any(tensor is held for held in node.input_tensors):
            return node
    return None


@rule("SW222", "decoder-without-state")
def decoder_state(context: Context) -> Iterator[Fault]:
    """The encoder's state never reaches the decoder.

    Warning. It trains: the decoder forecasts without having heard the input. Fires where an input of the model is read
    only by a recurrent layer with ``return_state=True`` whose results no layer of the model uses, and another
    recurrent layer starts without an initial state.
    """
    graph = nodes(context)
    for tensor in getattr(context.model, "inputs", None) or []:
        if not graph or any(tensor is held for node in graph for held in node.input_tensors):
            continue
        encoder = _encoder_of(tensor)
        decoder = next(
            (n for n in graph if is_recurrent(n.operation) and n.arguments.kwargs.get("initial_state") is None), None
        )
        name = tensor_name(context, tensor, "an input")
        if encoder is None or decoder is None:
            continue
        states = encoder.output_tensors[1:]
        names = [tensor_name(context, state, default) for state, default in zip(states, "hc", strict=False)]
        reads = tensor_name(context, decoder.input_tensors[0], "decoder_inputs")
        yield Fault(
            severity="warning",
            where=f"call of layer {decoder.operation.name!r}",
            what=f"No layer of the model uses {name!r}: the encoder {encoder.operation.name!r} reads it, but its state "
            f"goes nowhere, and the decoder {decoder.operation.name!r} starts from zeros. The output does not depend "
            "on the input.",
            expected="initial_state= the encoder's states",
            got="no initial_state",
            fix=call_code(context, decoder.operation, reads, initial_state=f"[{', '.join(names)}]"),
        )


def _encoder_of(tensor: Any) -> Any:
    """Return the call of a recurrent layer with states that reads an input, directly or through an Embedding."""
    pending, seen = [tensor], 0
    while pending and seen < 50:
        seen += 1
        held = pending.pop(0)
        history = getattr(held, "_keras_history", None)
        for node in history.operation._outbound_nodes if history is not None else []:
            if not any(held is one for one in node.input_tensors):
                continue
            if is_recurrent(node.operation):
                return node if getattr(node.operation, "return_state", False) else None
            pending += node.output_tensors
    return None


@rule("SW223", "input-unused", unless=("decoder-without-state", "layer-result-unused"))
def input_unused(context: Context) -> Iterator[Fault]:
    """An input of the model is read by no layer of it.

    Warning. Fires where an input of a functional model has no way to any output and no other rule explains it.
    """
    graph = nodes(context)
    if not graph:
        return
    for tensor in context.model.inputs:
        if any(tensor is held for node in graph for held in node.input_tensors):
            continue
        if any(tensor is held for held in context.model.outputs):
            continue
        name = tensor_name(context, tensor, tensor._keras_history.operation.name)
        used = [one for one in context.model.inputs if any(one is held for n in graph for held in n.input_tensors)]
        kept = ", ".join(tensor_name(context, one, one._keras_history.operation.name) for one in used)
        outputs = ", ".join(tensor_name(context, one, "outputs") for one in context.model.outputs)
        fix = f"model = keras.Model([{kept}], {outputs})"
        if len(used) == 1:  # the data, too, must then be the one input's alone
            held = context.names.of(None, "x")
            fix += f"\n{held} = {held}[{next(i for i, one in enumerate(context.model.inputs) if one is used[0])}]"
        yield Fault(
            severity="warning",
            where="model",
            what=f"The input {name!r} has no way to the output: whatever it holds, the model returns the same.",
            expected="every input is read",
            got=f"{name} is not",
            fix=fix,
        )
