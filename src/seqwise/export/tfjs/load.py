"""Reading a TensorFlow.js layers model, as `model.save` writes it, into Keras.

The file may come from a stranger: only layers that are listed here are made, no file outside the folder is read, and no
array is made that is larger than what the files hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqwise.artifact.reading import kind_of
from seqwise.backend import import_keras
from seqwise.errors import BundleError, as_path, nearest
from seqwise.export.contents import check_contents, listed_above
from seqwise.export.tfjs.configs import ACTIVATIONS, HARD_SIGMOID, INITIALIZERS, KINDS, TFJS_INITIALIZERS, weight_names
from seqwise.export.tfjs.graph import HAND_ON, RECURRENT
from seqwise.export.tfjs.weights import MODEL_JSON, restored

if TYPE_CHECKING:
    import keras

MOST_JSON = 64 * 2**20  # bytes of a model.json
STORED = {"float32": "<f4", "int32": "<i4", "bool": "<u1", "uint8": "<u1", "uint16": "<u2", "float16": "<f2"}
WRAPPERS = ("Bidirectional", "TimeDistributed")
MODELS = ("Sequential", "Model", "Functional")
TO_KERAS = 6 / 5  # 0.2 x of TensorFlow.js's hard sigmoid over x / 6 of Keras's
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
HARD_GATES = {"LSTM": (0, 1, 3), "GRU": (0, 1), "SimpleRNN": ()}
KERAS_ACTIVATIONS = {
    **{tfjs: keras for keras, tfjs in ACTIVATIONS.items()},
    "swish": "silu",
    HARD_SIGMOID: HARD_SIGMOID,
}
KERAS_INITIALIZERS = {tfjs: keras for keras, tfjs in TFJS_INITIALIZERS.items()}
LESS = {"GRU": {"reset_after": False}}  # settings of Keras's that TensorFlow.js does not have


def load_tfjs(folder: str | Path, *, trust_edited: bool = False) -> keras.Model:
    """Read a TensorFlow.js layers model into Keras.

    Args:
        folder: with ``model.json`` and its weights, as `model.save` of TensorFlow.js writes them; or the path of the
            ``model.json``.
        trust_edited: the checksums that an exported folder of `seqwise export` lists for its files need not
            hold. What the files hold is checked all the same.

    Returns:
        the Keras model, not compiled.

    Raises:
        BundleError: it is not a layers model, has a layer that Keras or Seqwise does not know, or is damaged or edited:
            the message says where.
    """
    path = as_path(folder, "a TensorFlow.js model's folder")
    try:
        file = path / MODEL_JSON if path.is_dir() else path
    except OSError as error:  # a name that is too long
        raise BundleError(f"There is no TensorFlow.js model {str(path)[:200]!r}: {error.strerror}.") from None
    try:
        topology, weights = _read(file, trust_edited=trust_edited)
        return _Reader(file, weights).model(topology)
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror or error}.") from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        line = (str(error).splitlines() or [""])[0]
        raise BundleError(f"{file} is damaged ({type(error).__name__}: {line[:200]}).") from error


def check_model(file: Path) -> None:
    """Raise `BundleError` unless a ``model.json`` is a layers model whose weights are there, inside its folder."""
    _read(file, trust_edited=True)


def _read(file: Path, *, trust_edited: bool) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the topology of a ``model.json``, and its weights."""
    listed = None if trust_edited else listed_above(file)
    if listed is not None:
        folder, export = listed
        here = file.relative_to(folder).parent
        names = [name for name in export["files"] if PurePosixPath(name).parent == PurePosixPath(here.as_posix())]
        waive = "trust_edited=True"
        check_contents(folder, export, filter(_of_model, names), trust_edited=False, waive=waive)
    content = _read_json(file)
    return _topology(file, content), _read_weights(file, content.get("weightsManifest"))


def _of_model(name: str) -> bool:
    return name.endswith((MODEL_JSON, ".bin"))


def _read_json(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise BundleError(f"There is no TensorFlow.js model {str(file)!r}. Give the folder that holds a model.json.")
    _check_inside(file, file.parent)
    if file.stat().st_size > MOST_JSON:
        raise BundleError(f"{file} has {file.stat().st_size:,} bytes, more than a model.json may have ({MOST_JSON:,}).")
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{file} is not JSON ({type(error).__name__}).") from None
    if not isinstance(content, dict):
        raise BundleError(f"{file} is not a TensorFlow.js model: it holds no object.")
    return cast(dict[str, Any], content)


def _topology(file: Path, content: dict[str, Any]) -> dict[str, Any]:
    if content.get("format") == "graph-model":
        raise BundleError(f"{file} is a graph model, which has no layers. Only layers models can be read.")
    topology: Any = content.get("modelTopology")
    topology = topology.get("model_config", topology) if isinstance(topology, dict) else None
    if not isinstance(topology, dict) or not isinstance(topology.get("config"), (dict, list)):
        raise BundleError(f"{file} is not a layers model: it has no modelTopology.")
    return cast(dict[str, Any], topology)


# weights


def _read_weights(file: Path, manifest: Any) -> dict[str, np.ndarray]:
    """Read every array of the manifest; sizes are checked against the files before anything is read."""
    arrays: dict[str, np.ndarray] = {}
    used: set[Path] = set()
    if not isinstance(manifest, list):
        raise BundleError(f"{file} has no weightsManifest.")
    for group in cast(list[Any], manifest):
        paths = group.get("paths") if isinstance(group, dict) else None
        specs = group.get("weights") if isinstance(group, dict) else None
        if not isinstance(paths, list) or not isinstance(specs, list):
            raise BundleError(f"{file}: a group of the weightsManifest has no paths or no weights.")
        shards = [_shard(file, name) for name in paths]
        for shard in shards:
            if shard.resolve() in used:  # a small file could stand for any number of weights
                raise BundleError(f"{file} names the weights' file {shard.name!r} twice.")
            used.add(shard.resolve())
        sizes = [_size(file, spec) for spec in specs]
        there = sum(shard.stat().st_size for shard in shards)
        if there != sum(sizes):
            raise BundleError(f"{file} declares {sum(sizes):,} bytes of weights; its files hold {there:,}.")
        data = b"".join(shard.read_bytes() for shard in shards)
        offset = 0
        for spec, size in zip(specs, sizes, strict=True):
            name = spec["name"]
            if name in arrays:
                raise BundleError(f"{file} names the weights {name!r} twice.")
            stored = np.frombuffer(data, _stored(spec), offset=offset, count=size // _stored(spec).itemsize)
            arrays[name] = restored(stored.reshape(spec["shape"]), spec)
            if not np.isfinite(arrays[name]).all():
                raise BundleError(f"{file}: the weights {name!r} hold a value that is not finite.")
            offset += size
    return arrays


def _shard(file: Path, name: Any) -> Path:
    """Return the path of a shard, which must lie in the folder of the model."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    climbs = not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name or ":" in name
    if climbs or "\0" in name:
        raise BundleError(f"{file} names weights outside of its folder: {name!r}.")
    shard = file.parent / name
    if not shard.exists():
        raise BundleError(f"{shard} is missing.")
    _check_inside(shard, file.parent)
    return shard


def _check_inside(path: Path, folder: Path) -> None:
    """Raise `BundleError` unless a path is a file that lies in a folder: no link out of it is followed."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BundleError(f"{path} is a link out of its folder. Nothing was read through it.")
    kind = kind_of(path.resolve())
    if kind != "file":
        raise BundleError(f"{path} is {kind}; expected a file.")


def _stored(spec: dict[str, Any]) -> np.dtype[Any]:
    return np.dtype(STORED[spec.get("quantization", spec)["dtype"]])


def _size(file: Path, spec: Any) -> int:
    """Return the bytes of an array, as its spec declares them."""
    try:
        name, shape, quantization = spec["name"], spec["shape"], spec.get("quantization", {})
        kind = quantization.get("dtype", spec["dtype"])
        fine = isinstance(name, str) and kind in STORED and spec["dtype"] in ("float32", "int32", "bool")
        fine = fine and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
        if kind in ("uint8", "uint16"):
            fine = fine and all(np.isfinite(float(quantization[key])) for key in ("min", "scale"))
    except (KeyError, TypeError, ValueError, AttributeError):
        kind, shape, fine = "", [], False
    if not fine:
        raise BundleError(f"{file}: the weightsManifest describes an array that cannot be read: {str(spec)[:200]}.")
    size = np.dtype(STORED[kind]).itemsize
    for length in shape:  # Python's integers do not overflow
        size *= length
    return size


# layers


def _first_layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the layer, in models inside of models, that says the shape of the input."""
    while entry["class_name"] in MODELS:
        config = entry["config"]
        entry = (config if isinstance(config, list) else config["layers"])[0]
    return entry


def _first_node(entry: dict[str, Any]) -> int:
    """Return the number of a layer's first call: call 0 of a model is that of its own inputs."""
    return int(entry["class_name"] in MODELS)


class _Reader:
    """Makes the layers of a topology."""

    def __init__(self, file: Path, weights: dict[str, np.ndarray]) -> None:
        self.file = file
        self.weights = weights
        self.keras = import_keras()
        self.masked: set[str] = set()  # models whose output has a mask

    def model(self, topology: dict[str, Any]) -> keras.Model:
        kind, config = topology.get("class_name"), topology["config"]
        if kind not in MODELS:
            raise BundleError(f"{self.file} holds a {kind!r}; expected a Sequential or a Model.")
        return self._sequential(config) if kind == "Sequential" else self._functional(config)

    def _sequential(self, config: Any) -> keras.Model:
        entries: list[dict[str, Any]] = config if isinstance(config, list) else config["layers"]
        name = None if isinstance(config, list) else config.get("name")
        if entries[0]["class_name"] != "InputLayer":
            first = _first_layer(entries[0])
            if not isinstance(first["config"].get("batch_input_shape"), list):
                raise BundleError(f"{self.file}: the first layer says no batch_input_shape.")
            dtype = "int32" if first["class_name"] == "Embedding" else first["config"].get("dtype")
            own = {"name": f"{entries[0]['config']['name']}_input", "dtype": dtype}
            own["batch_input_shape"] = first["config"]["batch_input_shape"]
            entries = [{"class_name": "InputLayer", "config": own}, *entries]
        chain = [{**entry, "name": entry["config"]["name"]} for entry in entries]
        for before, entry in pairwise(chain):
            entry["inbound_nodes"] = [[[before["name"], _first_node(before), 0, {}]]]
        last = chain[-1]
        ends = {"input_layers": [[chain[0]["name"], 0, 0]], "output_layers": [[last["name"], _first_node(last), 0]]}
        model = self._functional({"name": name, "layers": chain} | ends)
        if any(entry["class_name"] == "Masking" or entry["config"].get("mask_zero") for entry in chain):
            return model  # masks are passed from layer to layer by TensorFlow.js's rules
        return self.keras.Sequential(model.layers, name=name)

    def _functional(self, config: dict[str, Any]) -> keras.Model:
        tensors: dict[tuple[str, int, int], Any] = {}
        masks: dict[tuple[str, int, int], Any] = {}
        made: dict[str, list[Any]] = {}
        waiting: list[tuple[dict[str, Any], int, list[Any]]] = []
        names = [entry["name"] for entry in config["layers"]]
        if len(set(names)) != len(names):
            raise BundleError(f"{self.file} has two layers of one name.")
        for entry in config["layers"]:
            if entry["class_name"] == "InputLayer":
                shape, dtype = entry["config"]["batch_input_shape"], entry["config"].get("dtype") or "float32"
                tensor = self.keras.Input(batch_shape=tuple(shape), dtype=dtype, name=entry["name"])
                tensors[entry["name"], 0, 0] = tensor
            else:
                waiting += [(entry, i, node) for i, node in enumerate(entry["inbound_nodes"], _first_node(entry))]
        while waiting:
            later = []
            for entry, number, node in waiting:
                refs = [(ref[0], int(ref[1]), int(ref[2])) for ref in node]
                before = number == _first_node(entry) or (entry["name"], number - 1, 0) in tensors
                if not before or any(ref not in tensors for ref in refs):
                    later.append((entry, number, node))
                    continue
                inputs, attached = [tensors[ref] for ref in refs], [masks.get(ref) for ref in refs]
                outputs, mask = self._call(entry, made, inputs, attached)
                for i, tensor in enumerate(outputs):
                    tensors[entry["name"], number, i] = tensor
                    masks[entry["name"], number, i] = mask
            if len(later) == len(waiting):
                raise BundleError(f"{self.file}: layer {later[0][0]['name']!r} reads what no layer returns.")
            waiting = later
        ends = ([tensors[ref[0], ref[1], ref[2]] for ref in config[f"{side}_layers"]] for side in ("input", "output"))
        inputs, outputs = (end[0] if len(end) == 1 else end for end in ends)
        if any(masks.get((ref[0], ref[1], ref[2])) is not None for ref in config["output_layers"]):
            self.masked.add(config.get("name", ""))
        return self.keras.Model(inputs, outputs, name=config.get("name"))

    def _call(
        self, entry: dict[str, Any], made: dict[str, list[Any]], inputs: list[Any], masks: list[Any]
    ) -> tuple[list[Any], Any]:
        """Call a layer of TensorFlow.js; returns its outputs and the mask that TensorFlow.js attaches to them."""
        name, kind = entry["name"], entry["class_name"]
        if kind in MODELS:
            return self._call_model(entry, made, inputs, masks), None
        fresh = self._layers(entry, [tensor.shape for tensor in inputs]) if name not in made else []
        if fresh:
            made[name] = [layer for layer, _ in fresh]
        result: Any = inputs if len(inputs) > 1 else inputs[0]
        for layer in made[name]:
            if kind in RECURRENT or kind == "GlobalAveragePooling1D":
                mask = masks[0] if kind in RECURRENT else None
                if mask is None and getattr(inputs[0], "_keras_mask", None) is not None:
                    mask = self._every_step(inputs[0])
                states = {"initial_state": inputs[1:]} if len(inputs) > 1 else {}
                result = layer(inputs[0], mask=mask, **states)
            else:
                result = layer(result)
        for layer, arrays in fresh:
            layer.set_weights(arrays)
        outputs: list[Any] = list(result) if isinstance(result, (list, tuple)) else [result]
        return outputs, self._mask_after(made[name][-1], kind, inputs, masks)

    def _call_model(
        self, entry: dict[str, Any], made: dict[str, list[Any]], inputs: list[Any], masks: list[Any]
    ) -> list[Any]:
        """Call a model that is a layer of this one."""
        name = entry["name"]
        if name not in made:
            made[name] = [self.model(entry)]
        if name in self.masked or any(mask is not None for mask in masks):
            raise BundleError(
                f"{self.file}: a mask passes into or out of the model {str(name)[:80]!r} inside of this one, which "
                "cannot be read. Put the layer that makes the mask and the layers that use it into one model."
            )
        result = made[name][0](inputs if len(inputs) > 1 else inputs[0])
        return list(result) if isinstance(result, (list, tuple)) else [result]

    def _every_step(self, tensor: Any) -> Any:
        ops = self.keras.ops
        return ops.any(ops.ones_like(tensor, dtype="bool"), axis=-1)

    def _mask_after(self, layer: Any, kind: str, inputs: list[Any], masks: list[Any]) -> Any:
        """Return the mask that TensorFlow.js attaches; see `seqwise.export.tfjs.graph.mask_after`."""
        if kind in ("Embedding", "Masking"):
            return layer.compute_mask(inputs[0], None)
        if kind in HAND_ON:
            return masks[0]
        if kind in RECURRENT:
            return masks[0] if layer.return_sequences else None
        if kind == "Concatenate":
            known = [mask for mask in masks if mask is not None]
            joined = known[0] if known else None
            for mask in known[1:]:
                joined = joined if mask is joined else self.keras.ops.logical_and(joined, mask)
            return joined
        return None

    def _layers(self, entry: dict[str, Any], shapes: Sequence[Any]) -> list[tuple[Any, list[np.ndarray]]]:
        """Make the layers that one of TensorFlow.js's is in Keras, each with its arrays."""
        kind, config = entry["class_name"], entry["config"]
        name = config["name"]
        inner_kind = config["layer"]["class_name"] if kind in WRAPPERS else kind
        if inner_kind not in KINDS and inner_kind != "Softmax":
            raise BundleError(
                f"{self.file}: layer {str(name)[:80]!r} is a {str(inner_kind)[:80]!r}, which cannot be read."
                + nearest(inner_kind, KINDS)
            )
        settings = config["layer"]["config"] if kind in WRAPPERS else config
        keras_config = self._settings(inner_kind, settings)
        arrays = self._arrays(kind, inner_kind, name, keras_config)
        self._check_shapes(kind, inner_kind, name, keras_config, arrays, shapes)
        classes = self.keras.layers
        layer = getattr(classes, inner_kind)(**keras_config | ({} if kind in WRAPPERS else {"name": name}))
        trainable = bool(config.get("trainable", True)) and bool(settings.get("trainable", True))
        if kind == "Bidirectional":
            layer = classes.Bidirectional(layer, merge_mode=config.get("merge_mode"), name=name)
        elif kind == "TimeDistributed":
            layer = classes.TimeDistributed(layer, name=name)
        layer.trainable = trainable
        if inner_kind == "Activation" and keras_config["activation"] == HARD_SIGMOID:
            return [(classes.Rescaling(TO_KERAS, name=f"{name}_input"), []), (layer, arrays)]
        return [(layer, arrays)]

    def _settings(self, kind: str, config: dict[str, Any]) -> dict[str, Any]:
        """Return the settings that Keras's layer takes."""
        if kind == "Softmax":
            return {"axis": int(config.get("axis", -1))}
        known = KINDS[kind]
        settings: dict[str, Any] = dict(LESS.get(kind, {}))
        for key in known.settings:
            if key not in config or config[key] is None:
                continue
            value = config[key]
            if key in ("activation", "recurrent_activation"):
                value = KERAS_ACTIVATIONS[value]
            elif key.endswith("_initializer"):
                value = self._named(value, "initializers", INITIALIZERS, KERAS_INITIALIZERS)
            elif key.endswith("_regularizer"):
                value = self._named(value, "regularizers", {"L1", "L2", "L1L2"}, {})
            elif key.endswith("_constraint"):
                value = self._named(value, "constraints", {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}, {})
            settings[key] = value
        settings |= {old: config[new] for old, new in known.renamed.items() if new in config}
        return settings

    def _named(self, value: Any, module: str, known: set[str], renamed: dict[str, str]) -> Any:
        """Make an initializer, regularizer or constraint of a known class from plain numbers."""
        if not isinstance(value, dict):
            return None
        kind = renamed.get(str(value.get("class_name")), value.get("class_name"))
        if kind not in known:
            return None
        settings = {k: v for k, v in value.get("config", {}).items() if isinstance(v, (int, float, str))}
        return getattr(getattr(self.keras, module), kind)(**settings)

    def _arrays(self, kind: str, inner: str, name: str, config: dict[str, Any]) -> list[np.ndarray]:
        own = {key: array for key, array in self.weights.items() if key.rpartition("/")[0].split("/")[0] == name}
        names = weight_names(inner, config) if inner in KINDS else []
        sides = ["/forward_", "/backward_"] if kind == "Bidirectional" else [""]
        arrays: list[np.ndarray] = []
        for side in sides:
            for part in names:
                matching = [array for key, array in own.items() if side in key and key.rpartition("/")[2] == part]
                if len(matching) != 1:
                    raise BundleError(f"{self.file}: layer {name!r} has {len(matching)} arrays {part!r}; expected 1.")
                arrays.append(matching[0])
        hard = config.get("recurrent_activation") == HARD_SIGMOID and inner in GATES
        if hard or (inner in ("Dense", "Conv1D") and config.get("activation") == HARD_SIGMOID):
            arrays = [self._rescaled(inner, array) for array in arrays]
        if inner in GATES and config.get("activation") == HARD_SIGMOID:
            raise BundleError(
                f"{self.file}: layer {name!r} has an activation hard_sigmoid, whose slope Keras 3 changed."
            )
        return arrays

    def _rescaled(self, kind: str, array: np.ndarray) -> np.ndarray:
        array = array.copy()
        if kind not in GATES:
            return array * np.float32(TO_KERAS)
        units = array.shape[-1] // GATES[kind]
        for gate in HARD_GATES[kind]:
            array[..., gate * units : (gate + 1) * units] *= np.float32(TO_KERAS)
        return array

    def _check_shapes(
        self,
        kind: str,
        inner: str,
        name: str,
        config: dict[str, Any],
        arrays: list[np.ndarray],
        shapes: Sequence[Any],
    ) -> None:
        """Compare the declared sizes with the arrays that are there, before Keras makes arrays of the declared ones."""
        width = shapes[0][-1]
        units: Any = config.get("units", config.get("filters"))
        expected: list[tuple[Any, ...]] = []
        if inner == "Dense":
            expected = [(width, units), (units,)]
        elif inner in GATES:
            gates = GATES[inner] * units
            expected = [(width, gates), (units, gates), (gates,)]
        elif inner == "Conv1D":
            (size,) = np.ravel(config["kernel_size"]).tolist()
            expected = [(size, width, units), (units,)]
        elif inner == "Embedding":
            expected = [(config["input_dim"], config["output_dim"])]
        elif inner == "PReLU":
            expected = [
                tuple(1 if i + 1 in (config.get("shared_axes") or []) else n for i, n in enumerate(shapes[0][1:]))
            ]
        elif arrays:  # BatchNormalization and LayerNormalization: of the normalized axes
            expected = [arrays[0].shape] * len(arrays)
            axes = np.ravel(config.get("axis", -1)).tolist()
            if tuple(shapes[0][axis] for axis in axes) != arrays[0].shape:
                expected = [tuple(shapes[0][axis] for axis in axes)]
        count = len(weight_names(inner, config)) if inner in KINDS else 0
        expected = expected[:count] * (2 if kind == "Bidirectional" else 1)
        for want, array in zip(expected, arrays, strict=False):
            if tuple(want) != array.shape:
                raise BundleError(
                    f"{self.file}: layer {name!r} needs an array {tuple(want)} where the file has {array.shape}."
                )
