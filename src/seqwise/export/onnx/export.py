"""From a network's plain description to an ONNX file, compared with Keras by onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx as onnx_library
import onnxruntime

from seqwise import __version__
from seqwise.artifact import Network, check_file, replaced_file
from seqwise.errors import ExportError, as_path, nearest
from seqwise.export.comparing import Calls, Outputs, Reference, Run
from seqwise.export.onnx.call import Call
from seqwise.export.onnx.graph import OPSET, Graph
from seqwise.export.onnx.layers import LAYERS, MASKS
from seqwise.export.onnx.operations import OPERATIONS
from seqwise.export.parity import Comparison, check_equal
from seqwise.export.source import Source, read_source
from seqwise.export.web.pipeline import describe_pipeline

MODEL_BYTES = 2**31 - 2**20  # protobuf's limit
OUT = "_out"  # what the name of a state that goes out ends in
RUNTIME = f"onnxruntime {onnxruntime.__version__}"


def onnx(model: Any, file: str | Path, *, states: bool = False, x: Any = None) -> list[Comparison]:
    """Write a model as ONNX (opset 17), after onnxruntime has run it beside Keras.

    LSTM, GRU and SimpleRNN layers become ONNX's own nodes, with any mask; batch size and timesteps stay open where the
    model leaves them open. The weights are read from a plain description of the network, so any Keras backend will do.
    An estimator's pipeline (scaler, vocabulary, classes) is in the file's metadata, JSON under ``seqwise_pipeline``.

    Args:
        model: a Keras model (Sequential or functional), a trained estimator, a run folder or a ``.keras`` file.
        file: to write, ``….onnx``. A Translator has two networks: ``…_encoder.onnx`` and ``…_decoder_step.onnx``.
        states: give each recurrent layer its states as inputs that may be left out, and as outputs: to run a stream
            step by step. Layers with ``stateful=True`` have them always.
        x: inputs of a Keras model, on which the export is run beside it, too: an array, or of several inputs a list or
            a dict by name. Left out: on made-up ones alone.

    Returns:
        the comparison with Keras of each network.

    Raises:
        ExportError: a layer has no equal in ONNX (names it), or onnxruntime gives other numbers than Keras. Nothing is
            written.
        BundleError: the model cannot be read, or its calls are Python code.
    """
    path = as_path(file, "an .onnx file")
    check_file(path)
    source = read_source(model)
    single = len(source.parts) == 1
    files = {part: path if single else path.with_name(f"{path.stem}_{part}.onnx") for part in source.parts}
    models = onnx_models(source, {part: file.name for part, file in files.items()}, states=states)
    reference = Reference.of(source, x)
    comparisons = [check_equal(reference.compare(name, onnx_runner(models[name]), RUNTIME)) for name in models]
    for name, comparison in zip(models, comparisons, strict=True):
        with replaced_file(files[name]) as file:
            file.write_bytes(models[name])
        print(comparison)
    return comparisons


def onnx_models(source: Source, files: dict[str, str], *, states: bool = False) -> dict[str, bytes]:
    """Return each network as the bytes of an ONNX file.

    Args:
        files: the names that they will have, by network, for the pipeline.
    """
    metadata = {"seqwise": __version__}
    if source.estimator is not None:
        pipeline = describe_pipeline(source.estimator, files)
        metadata["seqwise_pipeline"] = json.dumps(pipeline, ensure_ascii=False, allow_nan=False)
    written: dict[str, bytes] = {}
    for name, part in source.parts.items():
        model = build(part.network, name, metadata, states)
        if model.ByteSize() > MODEL_BYTES:
            raise ExportError(f"The network {name!r} has {model.ByteSize():,} bytes; one ONNX file holds 2 GB at most.")
        written[name] = model.SerializeToString()
    return written


def build(network: Network, name: str, metadata: dict[str, str], states: bool = False) -> onnx_library.ModelProto:
    """Write the nodes of a network.

    Raises:
        ExportError: a layer has no equal in ONNX; names it.
    """
    return _Writer(network, states).write(name, metadata)


class _Writer:
    def __init__(self, network: Network, states: bool) -> None:
        self.network, self.states = network, states
        self.layers = {layer["name"]: layer for layer in network.layers["layers"]}
        inputs: list[str] = network.layers["inputs"]
        self.output_names = _output_names(network.layers["outputs"], inputs)
        self.graph = Graph([*inputs, *self.output_names])
        self.calls: dict[tuple[str, int], Call] = {}
        self.values: dict[tuple[str, int, int], str] = {}
        self.memory: dict[Any, Any] = {}
        self.samples = ""  # the value whose first axis says how many there are
        self.shapes: dict[tuple[str, int, int], list[int | None]] = {}

    def write(self, name: str, metadata: dict[str, str]) -> onnx_library.ModelProto:
        for input_name in self.network.layers["inputs"]:
            self._input(input_name)
        pending = [(layer, number) for layer in self.layers.values() for number in range(len(layer["calls"]))]
        pending = [(layer, number) for layer, number in pending if (layer["name"], number, 0) not in self.values]
        while pending:  # a layer's later calls may read what comes after its first
            ready = [(layer, number) for layer, number in pending if self._ready(layer["calls"][number])]
            layer, number = ready[0]
            pending.remove(ready[0])
            self._call(layer, number)
        for output_name, ref in zip(self.output_names, self.network.layers["outputs"], strict=True):
            shape = _named(
                self.shapes[tuple(ref)], "timesteps" if len(self.network.layers["inputs"]) == 1 else output_name
            )
            self.graph.output(self.values[tuple(ref)], output_name, "float32", shape)
        for call in list(self.calls.values()):
            for state, value in call.final_states.items():
                width = self._widths[state]
                self.graph.output(value, f"{state}{OUT}", "float32", ["samples", width])
        stateful = any(layer["config"].get("stateful") for layer in self.layers.values())
        return self.graph.model(name, metadata | {"opset": str(OPSET), "stateful": str(stateful).lower()})

    def _input(self, name: str) -> None:
        layer = self.layers[name]
        shape, dtype = layer["calls"][0]["shapes"][0], layer["config"]["dtype"]
        if dtype not in ("float32", "int32", "int64", "bool"):
            raise ExportError(f"The input {name!r} has dtype {dtype}; ONNX files are written for float32 networks.")
        several = len(self.network.layers["inputs"]) > 1
        self.graph.input(name, dtype, _named(shape, f"{name}_timesteps" if several else "timesteps"))
        self.values[name, 0, 0], self.shapes[name, 0, 0] = name, shape
        self.samples = self.samples or name

    def _ready(self, call: dict[str, Any]) -> bool:
        refs = [*call["inputs"], *call.get("initial_state", [])]
        refs += [ref for mask in call.get("masks", []) if mask for ref in mask.values()]
        return all(tuple(ref) in self.values for ref in refs)

    def _call(self, layer: dict[str, Any], number: int) -> None:
        entry = layer["calls"][number]
        kind = layer["class"]
        writers = LAYERS | OPERATIONS
        if kind not in writers:
            hint = nearest(kind, LAYERS) if not kind.startswith("ops.") else ""
            raise ExportError(f"Layer {layer['name']!r} cannot be exported to ONNX: {kind} is not known here.{hint}")
        streamed = self.states or bool(layer["config"].get("stateful"))
        call = Call(
            self.graph,
            layer,
            [self.network.weights[name] for name in layer["weights"]],
            [self.values[tuple(ref)] for ref in entry["inputs"]],
            [self.shapes[tuple(ref)] for ref in entry["inputs"]],
            [self._mask(mask) for mask in entry.get("masks", [])],
            [self.values[tuple(ref)] for ref in entry.get("initial_state", [])],
            entry.get("arguments", {}),
            entry["shapes"],
            self.memory,
            self._state if streamed else None,
        )
        outputs = writers[kind](call)
        self.calls[layer["name"], number] = call
        for i, (value, shape) in enumerate(zip(outputs, entry["shapes"], strict=True)):
            self.values[layer["name"], number, i], self.shapes[layer["name"], number, i] = value, shape

    def _mask(self, mask: dict[str, Any] | None) -> str | None:
        if mask is None:
            return None
        if "tensor" in mask:
            value = self.values[tuple(mask["tensor"])]
            key = "bool", value
            if key not in self.memory:
                self.memory[key] = self.graph.cast(value, "bool")
            return self.memory[key]
        name, number, _ = mask["of"]
        key = "mask of", name, number
        if key not in self.memory:
            kind = self.layers[name]["class"]
            if kind not in MASKS:
                raise ExportError(f"Layer {name!r} ({kind}) makes a mask that cannot be exported to ONNX.")
            self.memory[key] = MASKS[kind](self.calls[name, number])
        return self.memory[key]

    @property
    def _widths(self) -> dict[str, int]:
        return self.memory.setdefault("state widths", {})

    def _state(self, name: str, width: int) -> str:
        """A state to start from: an input that may be left out, zero then."""
        self._widths[name] = width
        graph = self.graph
        start = graph.input(name, "float32", ["samples or 1", width], np.zeros((1, width), np.float32))
        sizes = graph.add("Concat", graph.size(self.samples, 0), graph.whole([width]), axis=0)
        return graph.add("Expand", start, sizes)


def _named(shape: Sequence[int | None], timesteps: str) -> list[int | str]:
    """The sizes of an input or output: open ones by name."""
    return [("samples" if i == 0 else timesteps if i == 1 else f"{timesteps}_{i}") if n is None or i == 0 else n
            for i, n in enumerate(shape)]  # fmt: skip


def _output_names(outputs: list[list[Any]], taken: list[str]) -> list[str]:
    """Names of the outputs: their layers', and where a layer gives several, or is an input, with a number."""
    names = [ref[0] for ref in outputs]
    chosen = [name if names.count(name) == 1 else f"{name}_{ref[2]}" for name, ref in zip(names, outputs, strict=True)]
    unique: list[str] = []
    for name in chosen:
        while name in (*unique, *taken):
            name += "_out"
        unique.append(name)
    return unique


def onnx_runner(model: bytes | Path) -> Run:
    """Return a function that runs an ONNX file, for `seqwise.export.comparing`; states go on from call to call."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    content = model if isinstance(model, bytes) else str(model)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]
    optional = [value.name for value in session.get_overridable_initializers()]
    outputs = [value.name for value in session.get_outputs()]
    carried = {f"{name}{OUT}": name for name in optional if f"{name}{OUT}" in outputs}
    stateful = session.get_modelmeta().custom_metadata_map.get("stateful") == "true"

    def run(calls: Calls) -> Outputs:
        states: dict[str, np.ndarray] = {}
        results: Outputs = []
        for call in calls:
            feed = dict(zip(inputs, call, strict=False)) | states
            arrays = {name: np.asarray(array) for name, array in zip(outputs, session.run(outputs, feed), strict=True)}
            results.append([array for name, array in arrays.items() if name not in carried])
            states = {name: arrays[out] for out, name in carried.items()} if stateful else {}
        return results

    return run
