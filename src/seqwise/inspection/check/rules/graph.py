"""The wiring of a model: wrong variables, results that nothing uses, a decoder that never hears its encoder."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from seqwise.inspection.check.fixes import call_layer
from seqwise.inspection.check.registry import Call, Context, Fault, Faults, Fix, rule
from seqwise.inspection.check.selectors import describe, recurrent_calls
from seqwise.inspection.graph import Graph, Value, values_in
from seqwise.inspection.layer_kinds import graph_of, inner_layers, is_a, is_recurrent
from seqwise.inspection.trace import functional_nodes


@dataclass(frozen=True, eq=False)
class Use:
    """One call of a layer: what it reads and returns, as Keras's tensors or as values of the traced graph."""

    layer: Any
    inputs: list[Any]
    outputs: list[Any]
    arguments: Any  # with args and kwargs

    @property
    def has_state(self) -> bool:
        return len(self.arguments.args) > 1 or self.arguments.kwargs.get("initial_state") is not None

    def reads(self, tensor: Any) -> bool:
        return any(tensor is other for other in self.inputs)


@dataclass(frozen=True)
class Wiring:
    """How the layers of a model are connected.

    Attributes:
        inputs, outputs: of the model.
        used: the calls of the model. unused: calls outside it, on tensors of it or on the results of such calls.
    """

    used: list[Use]
    unused: list[Use]
    inputs: list[Any] = field(default_factory=list[Any])
    outputs: list[Any] = field(default_factory=list[Any])

    def unused_inputs(self) -> list[Any]:
        tensors = [tensor for tensor in self.inputs if not any(use.reads(tensor) for use in self.used)]
        return [tensor for tensor in tensors if not any(tensor is output for output in self.outputs)]


def wirings(context: Context) -> Iterator[Wiring]:
    """Yield the wiring of each functional model, and that of the whole where it has code of the user's own.

    A functional model knows the calls that lead to its outputs; those outside it are in Keras's records alone.
    """
    if context.torch:
        return
    models = {context.model, *(call.layer for call in context.graph.calls if call.opens)} - {None}
    models = [model for model in models if inner_layers(model) is None and hasattr(model, "call")]
    functional = [model for model in models if graph_of(model) is not None]
    for model in functional:
        yield _recorded(graph_of(model))
    own_code = [model for model in models if graph_of(model) is None]
    wiring = _traced(context.graph) if own_code and all(map(_only_connects, own_code)) else None
    if wiring is not None:
        yield Wiring(wiring.used, wiring.unused) if context.model in functional else wiring


def _recorded(graph: Any) -> Wiring:
    nodes = functional_nodes(graph)
    known, pending, outside = set(map(id, nodes)), list(nodes), list[Any]()
    while pending:
        for node in pending.pop().operation._outbound_nodes:
            if id(node) not in known:
                known.add(id(node))
                outside.append(node)
                pending.append(node)
    used, unused = (
        [Use(node.operation, node.input_tensors, node.output_tensors, node.arguments) for node in part]
        for part in (nodes, outside)
    )
    return Wiring(used, unused, graph.inputs, graph.outputs)


def _traced(graph: Graph) -> Wiring | None:
    used = graph.used()
    if used is None:
        return None
    leading, others = (
        [Use(c.layer, values_in((c.args, c.kwargs)), c.outputs, c) for c in graph.layers if (c in used) == wanted]
        for wanted in (True, False)
    )
    return Wiring(leading, others, graph.inputs, graph.outputs)


def _only_connects(layer: Any) -> bool:
    """Tell whether a `call` of the user's own neither adds a loss nor stores a tensor."""
    code = getattr(inspect.unwrap(layer.call), "__code__", None)
    if code is None:
        return False
    return "add_loss" not in code.co_names and all(i.opname != "STORE_ATTR" for i in dis.get_instructions(code))


def name_of(context: Context, tensor: Any) -> str:
    """Return the user's name for a tensor, else that of the input or layer that it comes from."""
    history = getattr(tensor, "_keras_history", None)
    return context.names.of(tensor, tensor.name if history is None else history.operation.name)


@rule("SW220", "layer-on-its-own-output", "warning", recurrent_calls)
def own_output(context: Context, call: Call) -> Faults:
    """A recurrent layer is applied to its own output."""
    earlier = call.source
    if earlier is None or earlier.layer is not call.layer or call.depth != earlier.depth:
        return
    tensor = earlier.node.input_tensors[0] if earlier.node is not None else None
    yield Fault(
        what=f"{describe(call)} is applied to its own output: one set of weights reads the sequence and then its own "
        "result. Usually one variable was mistaken for another.",
        expected=f"{call.name} applied to {earlier.first.name}",
        got=f"{call.name} applied to the output of {call.name}",
        fix=call_layer(context, call.layer, [context.names.of(tensor, "")]),
    )


@rule("SW221", "layer-result-unused", "warning", wirings)
def unused(context: Context, wiring: Wiring) -> Faults:
    """The output of a layer is never used: the next layer reads another variable."""
    uses = [*wiring.used, *wiring.unused]
    for use in wiring.unused:
        layer, result = use.layer, use.outputs[0]
        if not (is_recurrent(layer) or is_a(layer, "Embedding", "Masking", "Conv1D")):
            continue
        if len(result.shape) != 3 and not isinstance(result, Value):  # a last state may be for a model yet to be made
            continue
        models = [value for value in context.names.variables.values() if is_a(value, "Functional")]
        ends_another_model = any(result is output for model in models for output in model.outputs)
        if any(other.reads(output) for other in uses for output in use.outputs) or ends_another_model:
            continue
        reader = next((other for other in wiring.used if any(map(other.reads, use.inputs))), None)
        if reader is None or any(other.layer is layer for other in wiring.used):
            continue
        yield Fault(
            what=f"Nothing reads the output of {describe(layer)}, so it is not part of the model: "
            f"{describe(reader.layer)} reads the tensor before it.",
            expected=f"{reader.layer.name} reads the output of {layer.name}",
            got=f"{reader.layer.name} and {layer.name} read the same tensor",
            fix=call_layer(context, reader.layer, [context.names.of(result, "")]),
        )


@rule("SW222", "decoder-without-state", "warning", wirings)
def decoder_state(context: Context, wiring: Wiring) -> Faults:
    """The encoder's state never reaches the decoder."""
    decoder = next((use for use in wiring.used if is_recurrent(use.layer) and not use.has_state), None)
    for tensor in wiring.unused_inputs():
        encoder = _encoder_of(tensor, wiring)
        if encoder is None or decoder is None:
            continue
        tensors = decoder.inputs[0], *encoder.outputs[1:]
        yield Fault(
            what=f"The model does not use {name_of(context, tensor)!r}: the encoder {encoder.layer.name!r} reads it, "
            f"but nothing reads the encoder's state, and the decoder {decoder.layer.name!r} starts from zeros. The "
            "output does not depend on this input.",
            expected="initial_state= the encoder's states",
            got="no initial_state",
            fix=call_layer(context, decoder.layer, [context.names.of(value, "") for value in tensors]),
        )


def _encoder_of(tensor: Any, wiring: Wiring) -> Use | None:
    """Return the call of a recurrent layer with states that reads an input, directly or through an Embedding."""
    pending, seen = [tensor], list[Use]()
    while pending:
        value = pending.pop(0)
        for use in wiring.unused:
            if use in seen or not use.reads(value):
                continue
            if is_recurrent(use.layer):
                return use if getattr(use.layer, "return_state", False) else None
            seen.append(use)
            pending += use.outputs
    return None


@rule("SW223", "input-unused", "warning", wirings, unless=("decoder-without-state", "layer-result-unused"))
def input_unused(context: Context, wiring: Wiring) -> Faults:
    """An input of the model is never used."""
    idle = wiring.unused_inputs()
    for tensor in idle:
        name = name_of(context, tensor)
        yield Fault(
            what=f"No output depends on the input {name!r}: whatever it holds, the model returns the same.",
            expected="every input is used",
            got=f"{name} is not",
            fix=Fix("model", _without(context, wiring, idle)),
        )


def _without(context: Context, wiring: Wiring, idle: list[Any]) -> str:
    """Write the lines that make the model, and its data, without these inputs; empty where that is not possible."""
    kept = [i for i, tensor in enumerate(wiring.inputs) if not any(tensor is other for other in idle)]
    inputs = [context.names.of(wiring.inputs[i], "") for i in kept]
    outputs = [context.names.of(tensor, "") for tensor in wiring.outputs]
    if not all([*inputs, *outputs]) or wiring.inputs is not getattr(graph_of(context.model), "inputs", None):
        return ""
    model, x = context.names.of(context.model, "model"), context.names.of(None, "x")
    data = f"{x}[{kept[0]}]" if len(kept) == 1 else f"[{', '.join(f'{x}[{i}]' for i in kept)}]"
    return f"{model} = keras.Model([{', '.join(inputs)}], [{', '.join(outputs)}])\n{x} = {data}"
