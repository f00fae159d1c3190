"""From the plain description of a network to layers that TensorFlow.js has: layer by layer, masks made explicit.

A call is translated when one of its outputs is first read, from the network's outputs backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seqwise.artifact import Network
from seqwise.errors import ExportError
from seqwise.export.tfjs.graph import RECURRENT, Graph, Mask, Tensor

Call = dict[str, Any]
ALL: Mask = ("every step",)
NO_VALUE = 3e38  # that no data hold: a Masking of it hides nothing
SMALLEST = 1e-30  # what a Masking layer's values must differ by to count as different


class Lowering:
    """A network on its way to TensorFlow.js.

    Attributes:
        graph: the layers so far.
        translate: by the class of a layer, what translates a call of it: ``(lowering, layer, call) → outputs``.
        notes: what the user should know, one sentence each.
        isolate: every recurrent layer gets a mask of its own, since TensorFlow.js leaves one layer's mask to the next.
    """

    def __init__(
        self,
        network: Network,
        translate: dict[str, Callable[[Lowering, dict[str, Any], Call], list[Tensor]]],
        *,
        isolate: bool = False,
    ) -> None:
        self.network = network
        self.translate = translate
        self.isolate = isolate
        self.described = {layer["name"]: layer for layer in network.layers["layers"]}
        self.graph = Graph(set(self.described))
        self.notes: list[str] = []
        self._values: dict[tuple[str, int], list[Tensor]] = {}
        self._columns: dict[Mask, Tensor] = {}
        self._zeroed: dict[int, Tensor] = {}  # by the id of a tensor, which its layer's outputs keep alive
        self._markers: dict[tuple[Mask, int | None], Tensor] = {}
        self.wanted = {
            self.mask_key(mask)
            for layer in network.layers["layers"]
            if layer["class"] in RECURRENT or layer["class"] == "RNN"
            for call in layer["calls"]
            for mask in call.get("masks", [])
            if mask is not None
        }

    def run(self) -> list[Tensor]:
        """Translate everything that the outputs need; returns the outputs."""
        for name in self.network.layers["inputs"]:
            self._call(name, 0)
        return [self.zeroed(self.value(ref)) for ref in self.network.layers["outputs"]]

    # values

    def value(self, ref: list[Any]) -> Tensor:
        """Return a tensor of the network as TensorFlow.js has it."""
        name, number, output = ref
        return self._call(name, number)[output]

    def inputs(self, call: Call, *, plain: bool = False) -> list[Tensor]:
        """Return what a call reads.

        Args:
            plain: without TensorFlow.js's masks.
        """
        tensors = [self.zeroed(self.value(ref)) for ref in call["inputs"]]
        return [self.without_mask(tensor) for tensor in tensors] if plain else tensors

    def weights(self, layer: dict[str, Any]) -> list[np.ndarray]:
        """Return a layer's arrays, float32."""
        return [self.network.weights[name].astype(np.float32) for name in layer["weights"]]

    def _call(self, name: str, number: int) -> list[Tensor]:
        key = (name, number)
        if key not in self._values:
            layer = self.described[name]
            translate = self.translate.get(layer["class"])
            if translate is None:
                raise ExportError(_missing(name, layer["class"]))
            if number == 0 and layer["config"].get("activity_regularizer") is not None:
                self.notes.append(f"Layer {name!r}: TensorFlow.js does not train with its activity regularizer.")
            self._values[key] = translate(self, layer, layer["calls"][number])
        return self._values[key]

    # layers of constants

    def made(
        self, kind: str, name: str, config: dict[str, Any], inputs: list[Tensor], shape: Any, **weights: Any
    ) -> Tensor:
        """Add a layer that stands for none of the user's own; training leaves it as it is."""
        arrays = {part: np.asarray(array, np.float32) for part, array in weights.items()}
        settings = {"dtype": "float32"} | config
        return self.graph.add(kind, self.graph.free_name(name), settings, inputs, [tuple(shape)], arrays, made=True)[0]

    def dense(self, tensor: Tensor, name: str, kernel: Any, bias: Any = None) -> Tensor:
        """A fixed linear map of the last axis."""
        kernel = np.asarray(kernel, np.float32)
        config = {"units": kernel.shape[1], "activation": "linear", "use_bias": bias is not None}
        weights = {"kernel": kernel} | ({} if bias is None else {"bias": bias})
        return self.made("Dense", name, config, [tensor], (*tensor.shape[:-1], kernel.shape[1]), **weights)

    def constant(self, like: Tensor, value: Any, name: str) -> Tensor:
        """A constant that can be multiplied with or added to a tensor: shape (…, 1) or (…, width)."""
        bias = np.atleast_1d(np.asarray(value, np.float32))
        return self.dense(like, name, np.zeros((like.width or 1, len(bias))), bias)

    def affine(self, tensor: Tensor, name: str, *, before: Any = 0.0, scale: Any = 1.0, after: Any = 0.0) -> Tensor:
        """(tensor + before) × scale + after; each a number or one for each feature."""
        if tensor.width is None:  # ids: a last axis of unknown size
            column = self.column_of(tensor, name)
            changed = self.affine(column, name, before=before, scale=scale, after=after)
            return self.reshaped(changed, f"{name}_row", (tensor.shape[-1],))
        for what, merge, neutral in ((before, "Add", 0), (scale, "Multiply", 1), (after, "Add", 0)):
            if np.any(np.asarray(what) != neutral):
                other = self.constant(self.without_mask(tensor), what, f"{name}_{merge.lower()}_by")
                tensor = self.merged(merge, f"{name}_{merge.lower()}", [tensor, other])
        return tensor

    def merged(self, kind: str, name: str, tensors: list[Tensor], **config: Any) -> Tensor:
        tensors = [self.without_mask(tensor) for tensor in tensors]
        if kind == "Concatenate":
            widths = [tensor.width for tensor in tensors]
            shape = (*tensors[0].shape[:-1], None if None in widths else sum(w for w in widths if w))
            return self.made(kind, name, {"axis": -1}, tensors, shape)
        shape = tuple(_broadcast(sizes) for sizes in zip(*(tensor.shape for tensor in tensors), strict=True))
        return self.made(kind, name, config, tensors, shape)

    def reshaped(self, tensor: Tensor, name: str, target: tuple[int | None, ...]) -> Tensor:
        """Reshape the axes after samples; one size may be unknown."""
        config = {"target_shape": [-1 if size is None else size for size in target]}
        return self.made("Reshape", name, config, [tensor], (tensor.shape[0], *target))

    def permuted(self, tensor: Tensor, name: str, dims: tuple[int, ...]) -> Tensor:
        shape = (tensor.shape[0], *(tensor.shape[axis] for axis in dims))
        return self.made("Permute", name, {"dims": list(dims)}, [tensor], shape)

    def dot(self, left: Tensor, right: Tensor, axes: tuple[int, int], name: str) -> Tensor:
        """Multiply two tensors of rank 3 over an axis of each."""
        kept = [size for axis, size in enumerate(left.shape) if axis != axes[0]]
        kept += [size for axis, size in enumerate(right.shape) if axis not in (0, axes[1])]
        return self.made("Dot", name, {"axes": list(axes), "normalize": False}, [left, right], kept)

    def softmax(self, tensor: Tensor, name: str) -> Tensor:
        """Softmax of the last axis; as an activation, since TensorFlow.js's Softmax layer reads stray masks."""
        return self.made("Activation", name, {"activation": "softmax"}, [tensor], tensor.shape)

    def column_of(self, tensor: Tensor, name: str) -> Tensor:
        """(samples, timesteps) → (samples, timesteps, 1)."""
        return self.reshaped(tensor, f"{name}_column", (tensor.shape[1], 1))

    # masks

    def mask_key(self, mask: dict[str, Any] | None) -> Mask | None:
        """Return one key for the same mask, however the network names it; None where every step is seen."""
        if mask is None:
            return None
        if "of" in mask:
            return self._made_mask(mask["of"])
        name, number, output = mask["tensor"]
        layer = self.described[name]
        if layer["class"] == "ops.NotEqual":
            (source,), value = layer["calls"][number]["inputs"], _constant_of(layer["calls"][number])
            for other in self.described.values():
                if other["class"] == "Embedding" and other["config"].get("mask_zero") and value == 0:
                    for i, call in enumerate(other["calls"]):
                        if call["inputs"] == [source]:
                            return ("of", other["name"], i)
            return ("not equal", *source, value)
        if layer["class"] == "ops.LogicalOr":
            return self._any_of([{"tensor": ref} for ref in layer["calls"][number]["inputs"]])
        if layer["class"] == "ops.Any" and layer["config"].get("axis") in (-1, [-1], 2, [2]):
            (inner,) = layer["calls"][number]["inputs"]
            compared = self.described[inner[0]]
            if compared["class"] == "ops.NotEqual":
                (source,) = compared["calls"][inner[1]]["inputs"]
                value = _constant_of(compared["calls"][inner[1]])
                for other in self.described.values():
                    if other["class"] == "Masking" and other["config"]["mask_value"] == value:
                        for i, call in enumerate(other["calls"]):
                            if call["inputs"] == [source]:
                                return ("of", other["name"], i)
            if compared["class"] == "ops.Concatenate":
                return self._joined_masks(compared["calls"][inner[1]]["inputs"])
        return ("tensor", name, number, output)

    def _joined_masks(self, refs: list[list[Any]]) -> Mask | None:
        """The mask that Keras makes for a Concatenate: of masks spread over features, and of ones for none."""
        masks: list[dict[str, Any] | None] = []
        for name, number, _ in refs:
            layer = self.described[name]
            if layer["class"] == "ops.OnesLike":
                return None
            spread = layer["calls"][number]["inputs"][0] if layer["class"] == "ops.LogicalOr" else [name, number, 0]
            if self.described[spread[0]]["class"] != "ops.ExpandDims":
                raise ExportError(f"The mask {name!r} has no equal in TensorFlow.js.")
            masks.append({"tensor": self.described[spread[0]]["calls"][spread[1]]["inputs"][0]})
        return self._any_of(masks)

    def _made_mask(self, ref: list[Any]) -> Mask | None:
        """The mask that a layer made: for a merge, where any of its inputs is seen."""
        layer = self.described[ref[0]]
        call = layer["calls"][ref[1]]
        if "merged_masks" not in call:
            return ("of", ref[0], ref[1])
        return self._any_of(call["merged_masks"])

    def _any_of(self, masks: list[dict[str, Any] | None]) -> Mask | None:
        """The mask of the steps that any of these shows."""
        keys = [self.mask_key(mask) for mask in masks]
        if None in keys:
            return None
        known = sorted(set(keys), key=repr)
        return known[0] if len(known) == 1 else ("any of", *known)

    def column(self, key: Mask) -> Tensor:
        """Return a mask as numbers, 1 where a step is seen and 0 where it is hidden: (samples, timesteps, 1)."""
        if key not in self._columns:
            self._columns[key] = self._column(key)
        return self._columns[key]

    def _column(self, key: Mask) -> Tensor:
        if key[0] == "any of":
            return self.merged("Maximum", "any_mask", [self.column(part) for part in key[1:]])
        if key[0] == "tensor":
            return self.column_of(self.without_mask(self.value(list(key[1:]))), f"{key[1]}_seen")
        if key[0] == "not equal":
            tensor = self.without_mask(self.value(list(key[1:4])))
            return self._differs(self.column_of(tensor, f"{key[1]}_values"), key[4], f"{key[1]}_seen")
        _, name, number = key
        layer = self.described[name]
        (source,) = layer["calls"][number]["inputs"]
        tensor = self.without_mask(self.value(source))
        if layer["class"] == "Embedding":
            tokens = layer["config"]["input_dim"]
            seen = np.ones((tokens, 1))
            seen[0] = 0
            config = {"input_dim": tokens, "output_dim": 1, "mask_zero": False}
            return self.made("Embedding", f"{name}_seen", config, [tensor], (*tensor.shape, 1), embeddings=seen)
        if layer["class"] == "Masking":
            return self._differs(tensor, layer["config"]["mask_value"], f"{name}_seen")
        raise ExportError(f"The mask that layer {name!r} makes has no equal in TensorFlow.js.")

    def _differs(self, tensor: Tensor, value: float, name: str) -> Tensor:
        """1 where any feature differs from a value, else 0."""
        width = tensor.width or 1
        shifted = self.affine(tensor, name, before=-value)
        both = np.concatenate([np.eye(width), -np.eye(width)], axis=1) / SMALLEST
        steps = self._clipped(self.dense(shifted, f"{name}_differences", both), f"{name}_each")
        return self._clipped(self.dense(steps, f"{name}_any", np.ones((2 * width, 1))), name)

    def _clipped(self, tensor: Tensor, name: str) -> Tensor:
        return self.made("ReLU", name, {"max_value": 1.0}, [tensor], tensor.shape)

    def without_mask(self, tensor: Tensor) -> Tensor:
        """Return the tensor without TensorFlow.js's mask: a Permute ends it."""
        if tensor.mask is None:
            return tensor
        return self.permuted(tensor, f"{tensor.layer}_unmasked", tuple(range(1, tensor.rank)))

    def zeroed(self, tensor: Tensor) -> Tensor:
        """Return the tensor with zeros at hidden steps, where Keras has them (``zero_output_for_mask``)."""
        if tensor.not_zeroed is None:
            return tensor
        if id(tensor) not in self._zeroed:
            column = self.column(tensor.not_zeroed)
            self._zeroed[id(tensor)] = self.merged("Multiply", f"{tensor.layer}_zeroed", [tensor, column])
        return self._zeroed[id(tensor)]

    def with_mask(self, tensor: Tensor, key: Mask | None) -> Tensor:
        """Return a tensor (samples, timesteps, features) to which TensorFlow.js attaches just this mask."""
        if key is None:
            key = ALL if self.isolate else None
        if tensor.mask == key:
            return tensor
        tensor = self.without_mask(tensor)
        if key is None:
            return tensor
        if key == ALL:
            name = self.graph.free_name(f"{tensor.layer}_all_seen")
            config = {"dtype": "float32", "mask_value": NO_VALUE}
            return self.graph.add("Masking", name, config, [tensor], [tensor.shape], made=True, mask=ALL)[0]
        # a Concatenate hands on the mask of the one input that has a mask; then the column goes
        joined = self._joined(tensor, self._marker(key, tensor.shape[1]))
        return self.dense(joined, f"{tensor.layer}_masked", np.eye(joined.width or 1, tensor.width))

    def _joined(self, tensor: Tensor, marker: Tensor) -> Tensor:
        name = self.graph.free_name(f"{tensor.layer}_with_mask")
        shape = (*tensor.shape[:-1], (tensor.width or 0) + 1)
        config = {"dtype": "float32", "axis": -1}
        self.graph.joined.add(name)
        return self.graph.add("Concatenate", name, config, [tensor, marker], [shape], made=True)[0]

    def _marker(self, key: Mask, timesteps: int | None) -> Tensor:
        if (key, timesteps) not in self._markers:
            column = self._with_steps(self.column(key), timesteps)
            name = self.graph.free_name(f"{column.layer}_marks")
            config = {"dtype": "float32", "mask_value": 0.0}
            marked = self.graph.add("Masking", name, config, [column], [column.shape], made=True, mask=key)
            self._markers[key, timesteps] = marked[0]
        return self._markers[key, timesteps]

    def _with_steps(self, column: Tensor, timesteps: int | None) -> Tensor:
        """Declare the number of timesteps: TensorFlow.js compares the declared sizes."""
        if column.shape[1] == timesteps:
            return column
        return self.reshaped(column, f"{column.layer}_steps", (timesteps, 1))

    def below_at_hidden(self, key: Mask, timesteps: int | None, name: str) -> Tensor:
        """What hides steps from a softmax: 0 where a step is seen, -1e9 where not, (samples, 1, timesteps)."""
        low = self.dense(self._with_steps(self.column(key), timesteps), f"{name}_hidden", [[1e9]], [-1e9])
        return self.permuted(low, f"{name}_hidden_row", (2, 1))


def _constant_of(call: Call) -> Any:
    constants = [value for value in call["arguments"].values() if value is not None]
    return constants[0] if len(constants) == 1 else None


def _broadcast(sizes: tuple[int | None, ...]) -> int | None:
    known = [size for size in sizes if size != 1]
    if not known:
        return 1
    return next((size for size in known if size is not None), None)


def _missing(name: str, kind: str) -> str:
    if kind.startswith("ops."):
        return (
            f"Operation {name!r} (keras.{kind}) has no equal of layers that TensorFlow.js has. Use a Keras layer in "
            "its place, or export to ONNX: seqwise.export.onnx(model, 'model.onnx')."
        )
    return (
        f"Layer {name!r} is of the class {kind}, which TensorFlow.js does not have, nor an equal of layers that it "
        "has. Replace it, or export to ONNX: seqwise.export.onnx(model, 'model.onnx')."
    )
