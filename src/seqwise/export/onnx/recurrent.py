"""LSTM, GRU and SimpleRNN as ONNX's own nodes, in either direction, with any mask, in stacks and with their states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.export.onnx.activations import recurrent_activations
from seqwise.export.onnx.call import Call
from seqwise.export.onnx.graph import Graph

LSTM_ORDER = [0, 3, 1, 2]  # Keras's gates i, f, c, o in ONNX's order i, o, f, c


@dataclass(frozen=True)
class Visible:
    """A mask, as recurrent nodes take it: the steps that may be seen come first, and are counted.

    ONNX's nodes read the first so many steps of a sequence. Steps are brought into that order before, and the results
    back after, so a mask may hide any steps, not only those at the end.

    Attributes:
        order: int64 (samples, timesteps, 1): the step that stands at each place.
        lengths: int32 (samples,), at least 1; `empty`: bool (samples, 1), where there is no step at all.
        forward, backward: int64 (samples, timesteps, 1): for each step the place of its result; of a hidden step that
            of the step that was read before it.
        no_forward, no_backward: bool (samples, timesteps, 1): where none was read before it.
    """

    order: str
    lengths: str
    empty: str
    forward: str
    backward: str
    no_forward: str
    no_backward: str


def read_mask(graph: Graph, mask: str) -> Visible:
    """Return what recurrent nodes need of a mask, bool (samples, timesteps)."""
    seen = graph.cast(mask, "int64")
    timesteps = graph.size(mask, 1)
    zero, one = graph.whole(0), graph.whole(1)
    steps = graph.add("Range", zero, graph.squeeze(timesteps, 0), one)
    hidden_last = graph.add("Add", steps, graph.add("Mul", graph.add("Sub", one, seen), timesteps))
    _, order = graph.add("TopK", hidden_last, timesteps, axis=1, largest=0, sorted=1, outputs=2)
    count = graph.sum(seen, 1, keepdims=True)
    upto = graph.add("CumSum", seen, graph.whole(1))
    before = graph.add("Sub", upto, seen)
    last = graph.add("Sub", timesteps, one)
    lengths = graph.cast(graph.squeeze(graph.add("Max", count, one), 1), "int32")
    return Visible(
        order=graph.expand_dims(order, 2),
        lengths=lengths,
        empty=graph.add("Equal", count, zero),
        forward=graph.expand_dims(graph.add("Max", graph.add("Sub", upto, one), zero), 2),
        backward=graph.expand_dims(graph.add("Min", before, last), 2),
        no_forward=graph.expand_dims(graph.add("Equal", upto, zero), 2),
        no_backward=graph.expand_dims(graph.add("GreaterOrEqual", before, count), 2),
    )


@dataclass(frozen=True)
class Kind:
    """A kind of recurrent layer.

    Attributes:
        op: ONNX's node. gates: matrices side by side in a kernel. states: their names.
        arrays: of Keras's weights (kernel, recurrent kernel, bias or None) W, R and B, without the direction's axis.
        attributes: of the node.
    """

    op: str
    gates: int
    states: tuple[str, ...]
    arrays: Callable[[Any, Any, Any, dict[str, Any]], list[np.ndarray]]
    attributes: Callable[[Call, dict[str, Any]], dict[str, Any]]


def _gates_in_order(order: list[int]) -> Callable[[Any, Any, Any, dict[str, Any]], list[np.ndarray]]:
    def arrays(kernel: Any, recurrent: Any, bias: Any, config: dict[str, Any]) -> list[np.ndarray]:
        def turned(array: np.ndarray) -> np.ndarray:
            return np.concatenate([np.split(array, len(order), axis=-1)[k] for k in order], axis=-1)

        width = recurrent.shape[0] * len(order)
        bias = np.zeros((1, width), np.float32) if bias is None else np.reshape(bias, (-1, width))
        # GRU's reset_after has two biases, of the input and of the state before
        both = np.concatenate([bias, np.zeros((2 - len(bias), width), np.float32)])
        return [turned(kernel).T, turned(recurrent).T, turned(both).reshape(-1)]

    return arrays


KINDS = {
    "LSTM": Kind(
        "LSTM", 4, ("h", "c"), _gates_in_order(LSTM_ORDER),
        lambda call, config: recurrent_activations(
            call, [config["recurrent_activation"], config["activation"], config["activation"]]
        ),
    ),
    "GRU": Kind(
        "GRU", 3, ("h",), _gates_in_order([0, 1, 2]),
        lambda call, config: {
            "linear_before_reset": int(config["reset_after"]),
            **recurrent_activations(call, [config["recurrent_activation"], config["activation"]]),
        },
    ),
    "SimpleRNN": Kind(
        "RNN", 1, ("h",), _gates_in_order([0]),
        lambda call, config: recurrent_activations(call, [config["activation"]]),
    ),
}  # fmt: skip


def run(
    call: Call, kind: Kind, config: dict[str, Any], weights: list[np.ndarray], value: str, *,
    backwards: bool, mask: str | None, start: list[str] | None, zero_at_padding: bool,
) -> tuple[str, list[str]]:  # fmt: skip
    """Add a recurrent node with what brings its values to Keras's axes.

    Args:
        config: of the layer or cell. value: (samples, timesteps, features). start: states (samples, units).
        zero_at_padding: a hidden step gives 0; else it repeats the result of the step before.

    Returns:
        the result at each step (samples, timesteps, units), in the order of the steps, and the final states.
    """
    graph, units = call.graph, int(config["units"])
    kernel, recurrent, *rest = weights
    arrays = kind.arrays(kernel, recurrent, rest[0] if config["use_bias"] else None, config)
    names = [
        graph.constant(array[None], name=f"{call.name}_{letter}") for array, letter in zip(arrays, "WRB", strict=True)
    ]
    visible = None
    if mask is not None:
        if ("mask", mask) not in call.memory:
            call.memory["mask", mask] = read_mask(graph, mask)
        visible = call.memory["mask", mask]
        value = graph.add("GatherND", value, visible.order, batch_dims=1)
    steps, *ends = graph.add(
        kind.op,
        graph.transpose(value, [1, 0, 2]),
        *names,
        visible.lengths if visible else "",
        *(graph.expand_dims(state, 0) for state in start or []),
        name=call.name,
        outputs=1 + len(kind.states),
        direction="reverse" if backwards else "forward",
        hidden_size=units,
        **kind.attributes(call, config),
    )
    steps = graph.transpose(graph.squeeze(steps, 1), [1, 0, 2])
    ends = [graph.squeeze(end, 0) for end in ends]
    if visible is not None and mask is not None:
        zero = graph.constant(0.0)
        begin = start or [zero] * len(ends)
        ends = [graph.add("Where", visible.empty, first, end) for first, end in zip(begin, ends, strict=True)]
        places, none = (visible.backward, visible.no_backward) if backwards else (visible.forward, visible.no_forward)
        steps = graph.add("GatherND", steps, places, batch_dims=1)
        first = graph.expand_dims(start[0], 1) if start else zero
        if zero_at_padding:
            steps = graph.add("Where", graph.expand_dims(mask, 2), steps, zero)
        else:
            steps = graph.add("Where", none, first, steps)
    return steps, ends


def recurrent(call: Call) -> list[str]:
    """LSTM, GRU, SimpleRNN, and RNN of their cells, stacked or not."""
    config = call.config
    cells = _cells(call)
    backwards = bool(config.get("go_backwards"))
    streamed = _streamed(call, cells, backwards)
    steps, ends = _stack(call, cells, call.weights, backwards, call.initial_state, streamed)
    if streamed is not None:
        call.final_states.update(zip(_state_names(call, cells), ends, strict=True))
    return _returned(call, config, steps, ends, backwards)


def bidirectional(call: Call) -> list[str]:
    """The two directions, merged."""
    graph, config = call.graph, call.config
    if config.get("stateful") or config["layer"]["config"].get("stateful"):
        raise call.refuse("a stateful layer cannot read backwards what is yet to come.")
    layers = [config["layer"], config.get("backward_layer") or _turned(config["layer"])]
    half = len(call.initial_state) // 2
    starts = [call.initial_state[:half], call.initial_state[half:]]
    weights = list(call.weights)
    both: list[list[str]] = []
    for layer, start in zip(layers, starts, strict=True):
        inner = layer["config"]
        kind, backwards = _kind(call, layer["class_name"]), bool(inner.get("go_backwards"))
        own, weights = weights[: _count(inner)], weights[_count(inner) :]
        steps, ends = run(
            call, kind, inner, own, call.input, backwards=backwards, mask=call.mask, start=start or None,
            zero_at_padding=inner["return_sequences"],  # Keras forces it
        )  # fmt: skip
        if backwards != (layer is layers[1]):  # Keras turns the second layer's steps, whichever way it reads
            steps = graph.flip(steps, 1)
        both.append([steps if inner["return_sequences"] else ends[0], *ends])
    (forward, *forward_ends), (backward, *backward_ends) = both
    mode = config["merge_mode"]
    if mode == "concat":
        merged = [graph.add("Concat", forward, backward, axis=-1)]
    elif mode is None:
        merged = [forward, backward]
    else:
        total = graph.add({"sum": "Add", "ave": "Add", "mul": "Mul"}[mode], forward, backward)
        merged = [graph.add("Mul", total, graph.constant(0.5)) if mode == "ave" else total]
    return merged + (forward_ends + backward_ends if layers[0]["config"].get("return_state") else [])


Cells = list[tuple[Kind, dict[str, Any]]]


def _stack(
    call: Call, cells: Cells, weights: list[np.ndarray], backwards: bool, start: list[str],
    streamed: list[str] | None,
) -> tuple[str, list[str]]:  # fmt: skip
    """Run cells on top of each other; the lower ones give every step to the next."""
    states = start or streamed or []
    value, ends = call.input, []
    zero = bool(call.config.get("zero_output_for_mask"))
    for kind, config in cells:
        own, weights = weights[: _count(config)], weights[_count(config) :]
        first, states = states[: len(kind.states)] or None, states[len(kind.states) :]
        value, last = run(
            call, kind, config, own, value, backwards=backwards, mask=call.mask, start=first, zero_at_padding=zero
        )
        ends += last
    return value, ends


def _returned(call: Call, config: dict[str, Any], steps: str, ends: list[str], backwards: bool) -> list[str]:
    graph = call.graph
    if config.get("return_sequences"):
        result = graph.flip(steps, 1) if backwards else steps
    else:
        result = graph.squeeze(graph.slice(steps, 1, 0, 1) if backwards else graph.slice(steps, 1, -1), 1)
    return [result, *(ends if config.get("return_state") else [])]


def _streamed(call: Call, cells: Cells, backwards: bool) -> list[str] | None:
    """The states to start from in a streaming export, which the layer's own end in."""
    if call.state is None or call.initial_state:
        return None
    if backwards:
        raise call.refuse("it reads backwards, from what is yet to come: it cannot be streamed. Export without states.")
    widths = [int(config["units"]) for kind, config in cells for _ in kind.states]
    return [call.state(name, width) for name, width in zip(_state_names(call, cells), widths, strict=True)]


def _state_names(call: Call, cells: Cells) -> list[str]:
    labels = [call.name if len(cells) == 1 else f"{call.name}_{i + 1}" for i in range(len(cells))]
    return [f"{label}_{state}" for label, (kind, _) in zip(labels, cells, strict=True) for state in kind.states]


def _cells(call: Call) -> Cells:
    if call.layer["class"] != "RNN":
        return [(_kind(call, call.layer["class"]), call.config)]
    cell = call.config["cell"]
    cells = cell["config"]["cells"] if cell["class_name"] == "StackedRNNCells" else [cell]
    return [(_kind(call, inner["class_name"].removesuffix("Cell")), inner["config"]) for inner in cells]


def _count(config: dict[str, Any]) -> int:
    """How many arrays a layer or cell has."""
    return 3 if config["use_bias"] else 2


def _kind(call: Call, name: str) -> Kind:
    if name not in KINDS:
        raise call.refuse(f"ONNX has no node for {name}, only for {', '.join(KINDS)}.")
    return KINDS[name]


def _turned(layer: dict[str, Any]) -> dict[str, Any]:
    config = layer["config"]
    return layer | {"config": config | {"go_backwards": not config.get("go_backwards")}}
