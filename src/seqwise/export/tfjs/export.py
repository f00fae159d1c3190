"""Writing a model for TensorFlow.js, and comparing it with Keras."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqwise import __version__
from seqwise.artifact import check_place, replaced_folder, write_json
from seqwise.backend import import_keras
from seqwise.errors import ExportError, as_path
from seqwise.export.comparing import Reference
from seqwise.export.parity import TOLERANCE, Comparison, check_equal, keras_outputs, largest_difference
from seqwise.export.source import MODEL, Part, read_source
from seqwise.export.tfjs.graph import RECURRENT, Graph, Tensor
from seqwise.export.tfjs.layers import SHARED
from seqwise.export.tfjs.lowering import Lowering
from seqwise.export.tfjs.node import NoNodeError, job, outputs_of, run_jobs
from seqwise.export.tfjs.rewrites import REWRITES
from seqwise.export.tfjs.weights import MODEL_JSON, check_quantization, quantized, restored, write_weights

UNTRAINABLE = "TensorFlow.js gives Keras's numbers with this model, but cannot train it further."
INFERENCE = ("encoder", "decoder_step")  # a Translator's parts, which nobody trains by themselves
OURS = re.compile(r"model\.json|group\d+-shard\d+of\d+\.bin|encoder|decoder_step")


def tfjs(model: Any, folder: str | Path, *, quantization: str | None = None, x: Any = None) -> list[Comparison]:
    """Write a model as a TensorFlow.js layers model, which `tf.loadLayersModel` loads with nothing else.

    The folder gets ``model.json`` and ``group1-shard1of….bin``; for a Translator two folders, ``encoder`` and
    ``decoder_step``, with these. Other files in it are kept. Layers that TensorFlow.js lacks are written as equal
    compositions of layers that it has. Where Node and @tensorflow/tfjs are installed, the model is run beside Keras on
    batches of several sizes and lengths, and the largest difference is printed.

    Args:
        model: a built Keras model (Sequential or functional), a trained estimator, or the path of a ``.keras`` file or
            of a run folder.
        folder: where to write.
        quantization: None for float32; ``"float16"``, ``"uint16"`` or ``"uint8"`` for weights of 2, 2 or 1 bytes. The
            comparison is then with Keras on the same rounded weights.
        x: inputs of a Keras model, on which the export is run beside it, too: an array, or of several inputs a list or
            a dict by name. Left out: on made-up ones alone.

    Returns:
        the comparison with Keras of each network.

    Raises:
        ExportError: the model has a layer or setting that TensorFlow.js has no equal of, named in the message; or the
            export differs from Keras by more than 1e-5. Nothing is written.
        BundleError: the model cannot be read, or the folder is a file.
    """
    check_quantization(quantization)
    source = read_source(model)
    reference = Reference.of(source, x)
    path = as_path(folder, "a folder")
    check_place(path, "the model")
    keep = [p for p in path.iterdir() if not OURS.fullmatch(p.name)] if path.is_dir() else []
    with replaced_folder(path, keep) as fresh:
        comparisons: list[Comparison] = []
        for name, part in source.parts.items():
            target = fresh if name == MODEL else fresh / name
            target.mkdir(exist_ok=True)
            written = write_part(part, target, quantization)
            for note in written.notes:
                warnings.warn(note, stacklevel=2)
            comparisons.append(check_equal(compare(name, part, target, written, reference)))
            print(comparisons[-1])
    return comparisons


class Written(NamedTuple):
    """What was written for a network.

    Attributes:
        notes: what the user should know, one sentence each.
        weights: the network's arrays as the export holds them, by name: rounded where they are quantized.
    """

    notes: list[str]
    weights: dict[str, np.ndarray]


def write_part(part: Part, folder: Path, quantization: str | None = None) -> Written:
    """Write ``model.json`` and the shards of one network."""
    network, weights = part.network, part.network.weights
    if quantization is not None:
        weights = {name: _rounded(array, quantization) for name, array in weights.items()}
    lowering, outputs = translated(network)
    arrays = {
        name: quantized(array, None if layer.made else quantization)
        for layer in lowering.graph.layers.values()
        for name, array in layer.weights.items()
    }
    keras = import_keras()
    sequential = isinstance(part.model, keras.Sequential)
    config = lowering.graph.topology(part.model.name, outputs, sequential=sequential)
    content = {
        "format": "layers-model",
        "generatedBy": f"keras {keras.__version__}",
        "convertedBy": f"Seqwise {__version__}",
        "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": config},
        "weightsManifest": write_weights(arrays, folder),
    }
    write_json(folder / MODEL_JSON, content)
    notes = [note for note in lowering.notes if note != UNTRAINABLE or part.model.name not in INFERENCE]
    return Written(notes, weights)


def translated(network: Any) -> tuple[Lowering, list[Tensor]]:
    """Translate a network to layers that TensorFlow.js has; returns the translation and the outputs.

    Raises:
        ExportError: a layer has no equal.
    """
    lowering = Lowering(network, SHARED | REWRITES)
    outputs = lowering.run()
    if lowering.graph.masked:
        # `execute` of TensorFlow.js hands a layer's mask and initial state on to the layers after it
        lowering = Lowering(network, SHARED | REWRITES, isolate=True)
        outputs = lowering.run()
        started = _layer_after_a_state(lowering.graph)
        if started is not None:
            raise ExportError(
                f"Layer {started[0]!r} starts from a state, and {started[1]!r} may run after it: in a model with masks "
                "TensorFlow.js would start that from the same state. Export the part before "
                f"{started[0]!r} and the part after it as two models."
            )
    _drop_unused(lowering.graph, outputs)
    if not _can_be_trained(lowering.graph):
        lowering.notes.append(UNTRAINABLE)
    return lowering, outputs


def _drop_unused(graph: Graph, outputs: list[Tensor]) -> None:
    """Drop layers that no output depends on: TensorFlow.js makes none of them, and refuses their weights."""
    ends = {tensor.layer for tensor in [*outputs, *graph.inputs]}
    needed = ends.union(*(_ancestors(graph, name) for name in ends))
    graph.layers = {name: layer for name, layer in graph.layers.items() if name in needed}


def _can_be_trained(graph: Graph) -> bool:
    """Tell whether TensorFlow.js has the gradients: it has none of masks that are attached behind a trainable layer."""
    if _layer_after_a_state(graph) is not None:
        return False
    for layer in graph.layers.values():
        if layer.made and (layer.kind == "Masking" or layer.name in graph.joined):
            before = _ancestors(graph, layer.name)
            if any(graph.layers[name].weights and not graph.layers[name].made for name in before):
                return False
    return True


def _layer_after_a_state(graph: Graph) -> tuple[str, str] | None:
    """Return a recurrent layer that starts from a state, and one that may run after it; None where there is none."""
    recurrent = [layer for layer in graph.layers.values() if layer.kind in RECURRENT]
    for layer in recurrent:
        if any(len(call) > 1 for call in layer.calls):
            before = _ancestors(graph, layer.name)
            after = [other.name for other in recurrent if other.name not in before and other is not layer]
            after += [layer.name] if len(layer.calls) > 1 else []
            if after:
                return layer.name, after[0]
    return None


def _ancestors(graph: Graph, name: str) -> set[str]:
    known, waiting = set[str](), [name]
    while waiting:
        for call in graph.layers[waiting.pop()].calls:
            for tensor in call:
                if tensor.layer not in known:
                    known.add(tensor.layer)
                    waiting.append(tensor.layer)
    return known


def compare(name: str, part: Part, folder: Path, written: Written, reference: Reference) -> Comparison:
    """Run an exported network under Node beside Keras."""
    calls = reference.calls[name]
    try:
        result = run_jobs([job(folder / MODEL_JSON, calls)])
    except NoNodeError as error:
        return Comparison(name, "", np.nan, TOLERANCE, 0, 0, str(error))
    returned = outputs_of(result["results"][0])
    expected = outputs_with(part, written.weights, calls)
    runtime = f"TensorFlow.js {result['version']} ({result['backend']}) in Node"
    return reference.comparison(name, runtime, largest_difference(expected, returned))


def outputs_with(part: Part, weights: dict[str, np.ndarray], calls: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Return Keras's outputs with other weights; the model keeps its own."""
    if weights is part.network.weights:
        return keras_outputs(part.model, calls)
    own = part.model.get_weights()
    # by identity of the layers, in the description's order: a nested model's are listed one by one
    layers = _layers_by_name(part)
    try:
        for name, layer in layers.items():
            described = next(entry for entry in part.network.layers["layers"] if entry["name"] == name)
            layer.set_weights([weights[key] for key in described["weights"]])
        return keras_outputs(part.model, calls)
    finally:
        part.model.set_weights(own)


def _layers_by_name(part: Part) -> dict[str, Any]:
    flat = {layer.name: layer for layer in part.model._flatten_layers(include_self=False)}
    named = {entry["name"]: flat.get(entry["name"]) for entry in part.network.layers["layers"] if entry["weights"]}
    missing = [name for name, layer in named.items() if layer is None]
    if missing:
        raise ExportError(f"Layers of nested models share a name ({missing[0]!r}): give them names of their own.")
    return named


def _rounded(array: np.ndarray, quantization: str) -> np.ndarray:
    stored, spec = quantized(array.astype(np.float32), quantization)
    return restored(stored, spec)
