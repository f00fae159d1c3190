"""A network's plain description, run layer by layer on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from seqwise.artifact.network import Network
from seqwise.artifact.numpy.attention import additive_attention, dot_attention
from seqwise.artifact.numpy.layers import (
    IDENTITIES,
    LAYERS,
    OPERATIONS,
    SETTINGS,
    WITH_DTYPE,
    WITHOUT_SETTINGS,
    Maker,
    Run,
)
from seqwise.artifact.numpy.recurrent import RECURRENT, bidirectional_layer
from seqwise.errors import BundleError, nearest

WITH_MASKS: dict[str, Maker] = {
    **RECURRENT,
    "AdditiveAttention": additive_attention,
    "Attention": dot_attention,
    "Bidirectional": bidirectional_layer,
}
KNOWN = sorted({*LAYERS, *IDENTITIES, *WITH_MASKS, "TimeDistributed"})
TAKE_MASKS = {*WITH_MASKS, "BatchNormalization", "GlobalAveragePooling1D"}
NO_MASKS = {"Conv1D", "Dot", "Flatten", "GlobalMaxPooling1D", "GlobalAveragePooling1D", "Permute", "RepeatVector",
            "Reshape"}  # fmt: skip

Ref = tuple[str, int, int]  # a tensor: a layer's name, the number of its call, the number of the output


class Step(NamedTuple):
    """One call of a layer: `run` on the arrays at the places `reads` gives those at the places `writes`."""

    run: Run
    reads: tuple[int, ...]
    writes: tuple[int, ...]


class NumpyNetwork:
    """A network that runs on NumPy, as Keras's does at inference.

    Args:
        network: its plain description.

    Raises:
        BundleError: it has a layer, or a setting of one, that is not there on NumPy; names it.

    Attributes:
        inputs: names of the inputs, in order.
    """

    def __init__(self, network: Network) -> None:
        self.inputs: list[str] = list(network.layers["inputs"])
        self._layers: dict[str, dict[str, Any]] = {layer["name"]: layer for layer in network.layers["layers"]}
        self._weights = network.weights
        self._places: dict[Any, int] = {}
        self._steps: list[Step] = []
        self._dtypes = [np.dtype(self._layers[name]["config"]["dtype"]) for name in self.inputs]
        for name in self.inputs:
            self._place((name, 0, 0))
        self._runs: dict[str, Run] = {}
        self._outputs = [self._compute(_ref(output)) for output in network.layers["outputs"]]
        self._size = max(self._places.values()) + 1

    def __call__(self, *inputs: Any) -> list[np.ndarray]:
        """Return the outputs.

        Args:
            inputs: arrays, each (samples, …), in the order of `inputs`.
        """
        values: list[Any] = [None] * self._size
        for i, (array, dtype) in enumerate(zip(inputs, self._dtypes, strict=True)):
            values[i] = np.asarray(array, dtype)
        for run, reads, writes in self._steps:
            result = run(*[values[i] for i in reads])
            if len(writes) == 1:
                values[writes[0]] = result
            else:
                for place, array in zip(writes, result, strict=True):
                    values[place] = array
        return [values[i] for i in self._outputs]

    # the order of the calls, from the outputs back to the inputs

    def _place(self, key: Any) -> int:
        return self._places.setdefault(key, len(self._places))

    def _compute(self, ref: Ref) -> int:
        """Add the steps that give a tensor, where there are none yet; returns its place."""
        if ref not in self._places:
            self._add_call(ref[0], ref[1])
        return self._places[ref]

    def _add_call(self, name: str, number: int) -> None:
        layer = self._layers[name]
        call: dict[str, Any] = layer["calls"][number]
        inputs = [self._compute(_ref(tensor)) for tensor in call["inputs"]]
        if layer["class"] in IDENTITIES:
            self._places[(name, number, 0)] = inputs[0]
            return
        masks = [None if mask is None else self._mask(mask) for mask in call.get("masks", [])]
        states = [self._compute(_ref(tensor)) for tensor in call.get("initial_state", [])]
        if layer["class"].startswith("ops."):
            run = _operation(layer, call)
        else:
            if name not in self._runs:
                self._runs[name] = make_layer(layer["class"], layer["config"], self._weights_of(layer))
            run = _with_extras(self._runs[name], layer, call, len(inputs), masks)
        reads = (*inputs, *(mask for mask in masks if mask is not None), *states)
        writes = tuple(self._place((name, number, i)) for i in range(len(call["shapes"])))
        self._steps.append(Step(run, reads, writes))

    def _weights_of(self, layer: dict[str, Any]) -> list[np.ndarray]:
        return [self._weights[weight] for weight in layer["weights"]]

    # masks

    def _mask(self, mask: dict[str, Any]) -> int:
        """Return the place of a mask that a call uses."""
        if "tensor" in mask:
            return self._compute(_ref(mask["tensor"]))
        place = self._attached(_ref(mask["of"]))
        assert place is not None, "the description says that there is a mask"
        return place

    def _attached(self, ref: Ref) -> int | None:
        """Return the place of the mask that Keras attaches to a tensor; None for none."""
        key = ("mask", *ref)
        if key in self._places:
            return self._places[key]
        layer = self._layers[ref[0]]
        kind, call = layer["class"], layer["calls"][ref[1]]
        inputs = [_ref(tensor) for tensor in call["inputs"]]
        if kind in ("Embedding", "Masking"):
            return self._mask_step(_own_mask(kind, layer["config"]), [self._compute(inputs[0])], key)
        if not inputs or kind in NO_MASKS or kind.startswith("ops."):
            return None
        if kind in RECURRENT or kind == "Bidirectional":
            settings = layer["config"]["layer"]["config"] if kind == "Bidirectional" else layer["config"]
            if ref[2] or not settings["return_sequences"]:  # a state, or an output without steps
                return None
        if kind in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Concatenate"):
            return self._merged(kind, layer["config"], inputs, call, key)
        explicit = call.get("masks")
        if explicit:
            return None if explicit[0] is None else self._mask(explicit[0])
        return self._attached(inputs[0])

    def _merged(
        self, kind: str, config: dict[str, Any], inputs: list[Ref], call: dict[str, Any], key: Any
    ) -> int | None:
        masks = [self._attached(ref) for ref in inputs]
        joined = kind == "Concatenate"
        if all(mask is None for mask in masks) or (not joined and None in masks):
            return None
        if joined and config["axis"] == 1 and len(call["shapes"][0]) > 2:
            if None in masks:
                raise BundleError(
                    f"The layer {config.get('name')!r} joins steps with a mask and steps without, which the NumPy "
                    "backend does not. Load the run with Keras: sw.load(run)."
                )
            return self._mask_step(
                lambda *parts: np.concatenate(parts, axis=1), [mask for mask in masks if mask is not None], key
            )
        if None in masks:  # joined with features that are all there
            (first, *_) = (mask for mask in masks if mask is not None)
            return self._mask_step(np.ones_like, [first], key)
        places = [mask for mask in masks if mask is not None]
        return self._mask_step(lambda *parts: np.logical_or.reduce(parts), places, key)

    def _mask_step(self, run: Callable[..., np.ndarray], reads: Sequence[int], key: Any) -> int:
        place = self._place(key)
        self._steps.append(Step(run, tuple(reads), (place,)))
        return place


def make_layer(kind: str, config: dict[str, Any], weights: Sequence[np.ndarray]) -> Run:
    """Return the function of a layer.

    Raises:
        BundleError: there is no such layer on NumPy; names it.
    """
    if kind == "TimeDistributed":
        inner = config["layer"]
        return _at_each_step(make_layer(str(inner["class_name"]).rpartition(">")[2], inner["config"], weights))
    maker = WITH_MASKS.get(kind) or LAYERS.get(kind)
    if kind in IDENTITIES:
        return _same
    if maker is None:
        raise BundleError(
            f"The NumPy backend has no layer {kind}, which {config.get('name')!r} is.{nearest(kind, KNOWN)} Load the "
            "run with Keras: sw.load(run)."
        )
    if config.get("stateful"):
        raise BundleError(
            f"The layer {config.get('name')!r} is stateful, which the NumPy backend is not. Load the run with Keras: "
            "sw.load(run)."
        )
    return maker(config, *weights)


def _same(x: np.ndarray) -> np.ndarray:
    return x


def _at_each_step(run: Run) -> Run:
    def stepwise(x: np.ndarray, masks: Any = None) -> np.ndarray:
        y = run(x.reshape(-1, *x.shape[2:]))
        return y.reshape(*x.shape[:2], *y.shape[1:])

    return stepwise


def _with_extras(run: Run, layer: dict[str, Any], call: dict[str, Any], inputs: int, masks: list[int | None]) -> Run:
    """Return the function of one call: of its inputs, its masks and its initial states, one after another."""
    kind = layer["class"]
    arguments: dict[str, Any] = {n: v for n, v in call.get("arguments", {}).items() if n != "training"}
    unknown = [name for name in arguments if name != "use_causal_mask" or "Attention" not in kind]
    masked = any(mask is not None for mask in masks)
    if masked and kind not in TAKE_MASKS and kind != "TimeDistributed":
        unknown.append("mask")
    if unknown:
        raise BundleError(
            f"The layer {layer['name']!r}, a {kind}, is called with {', '.join(unknown)}, which the NumPy backend does "
            "not have. Load the run with Keras: sw.load(run)."
        )
    states = len(call.get("initial_state", []))
    if not masked and not states and not arguments:
        return run
    present = [mask is not None for mask in masks]

    def with_extras(*arrays: np.ndarray) -> Any:
        extras = dict(arguments)
        rest = iter(arrays[inputs:])
        if masked:
            extras["masks"] = [next(rest) if there else None for there in present]
        if states:
            extras["initial_state"] = list(rest)
        return run(*arrays[:inputs], **extras)

    return with_extras


def _own_mask(kind: str, config: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    if kind == "Embedding":
        return lambda ids: ids != 0
    value = config["mask_value"]
    return lambda x: (x != value).any(axis=-1)


def _operation(layer: dict[str, Any], call: dict[str, Any]) -> Run:
    """Return an operation of `keras.ops`: its arguments in their order, an input where there is none."""
    name = layer["class"].removeprefix("ops.")
    if name not in OPERATIONS:
        raise BundleError(
            f"The NumPy backend has no operation keras.ops.{name}, which {layer['name']!r} is."
            f"{nearest(name, OPERATIONS)} Load the run with Keras: sw.load(run)."
        )
    function, config = OPERATIONS[name], layer["config"]
    passed_on = (*SETTINGS, "dtype") if name in WITH_DTYPE else () if name in WITHOUT_SETTINGS else SETTINGS
    arguments: dict[str, Any] = call.get("arguments", {})
    settings: dict[str, Any] = {
        key: tuple(cast(list[Any], value)) if isinstance(value, list) else value
        for key, value in config.items()
        if key in passed_on and key not in arguments and value is not None
    }
    template: list[Any] = list(arguments.values())

    def run(*arrays: np.ndarray) -> Any:
        remaining = iter(arrays)
        filled: list[Any] = []
        for part in template:
            if isinstance(part, list):  # arrays to be joined
                filled.append([next(remaining) for _ in cast(list[Any], part)])
            else:
                filled.append(next(remaining, None) if part is None else part)
        return function(*filled, **settings)

    return run


def _ref(tensor: Sequence[Any]) -> Ref:
    name, call, output = tensor
    return str(name), int(call), int(output)
