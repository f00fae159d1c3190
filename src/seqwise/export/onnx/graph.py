"""An ONNX graph while it is written: nodes, constants, and names that are used once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # of the file: the one that came with opset 17, which older runtimes read
LAST = 2**63 - 1  # the end of an axis, for Slice
ONNX_TYPES = {
    "float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "int64": TensorProto.INT64, "bool": TensorProto.BOOL,
}  # fmt: skip


class Graph:
    """The nodes of a network, in the order in which they run; a value is known by its name."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self._names = set(reserved)
        self._constants: dict[tuple[Any, ...], str] = {}

    def add(self, op: str, *inputs: str, name: str = "", outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; returns the name of its output, or the names where it has several.

        Args:
            inputs: names of values; ``""`` leaves an optional one out.
            name: what the node's name starts with; a layer's, as a rule.
        """
        label = self._unused(name or op.lower())
        names = [label if outputs == 1 else self._unused(f"{label}_{i}") for i in range(outputs)]
        input_names = list(inputs)
        while input_names and not input_names[-1]:
            input_names.pop()
        self.nodes.append(helper.make_node(op, input_names, names, name=label, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Any, dtype: Any = np.float32, name: str = "constant") -> str:
        """Return the name of an array in the file; equal ones are kept once."""
        array = np.asarray(value, dtype, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            label = self._constants[key] = self._unused(name)
            self.initializers[label] = numpy_helper.from_array(array, label)
        return self._constants[key]

    def whole(self, value: int | Sequence[int]) -> str:
        """Return the name of whole numbers (int64): axes, sizes, bounds."""
        return self.constant(value, np.int64)

    def input(self, name: str, dtype: str, shape: Sequence[int | str], default: np.ndarray | None = None) -> str:
        """Add an input of the graph; one with a default may be left out."""
        self.inputs.append(helper.make_tensor_value_info(name, ONNX_TYPES[dtype], shape))
        if default is not None:
            self.initializers[name] = numpy_helper.from_array(default, name)
        return name

    def output(self, value: str, name: str, dtype: str, shape: Sequence[int | str]) -> None:
        """Make a value an output of the graph, under a name of its own."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"output_{name}"))
        self.outputs.append(helper.make_tensor_value_info(name, ONNX_TYPES[dtype], shape))

    def model(self, name: str, metadata: dict[str, str]) -> onnx.ModelProto:
        """Return the whole as ONNX has it, checked.

        Raises:
            ValueError: it breaks ONNX's rules.
        """
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, list(self.initializers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="seqwise")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model)
        return model

    def _unused(self, name: str) -> str:
        label, count = name, 1
        while label in self._names:
            count += 1
            label = f"{name}_{count}"
        self._names.add(label)
        return label

    # what many layers need

    def cast(self, value: str, dtype: str) -> str:
        return self.add("Cast", value, to=ONNX_TYPES[dtype])

    def slice(self, value: str, axis: int, start: int, stop: int = LAST, step: int = 1) -> str:
        bounds = (self.whole([number]) for number in (start, stop, axis, step))
        return self.add("Slice", value, *bounds)

    def flip(self, value: str, axis: int) -> str:
        """Reverse an axis."""
        return self.slice(value, axis, -1, -LAST, -1)

    def expand_dims(self, value: str, *axes: int) -> str:
        return self.add("Unsqueeze", value, self.whole(list(axes)))

    def squeeze(self, value: str, *axes: int) -> str:
        return self.add("Squeeze", value, self.whole(list(axes)))

    def sum(self, value: str, *axes: int, keepdims: bool = False) -> str:
        return self.add("ReduceSum", value, self.whole(list(axes)), keepdims=int(keepdims))

    def reduce(self, op: str, value: str, *axes: int, keepdims: bool = False) -> str:
        return self.add(op, value, axes=list(axes), keepdims=int(keepdims))

    def size(self, value: str, axis: int) -> str:
        """Return the size of an axis, int64, shape (1,)."""
        return self.add("Gather", self.add("Shape", value), self.whole([axis]), axis=0)

    def scalar_size(self, value: str, axis: int) -> str:
        """Return the size of an axis, int64, shape ()."""
        return self.squeeze(self.size(value, axis), 0)

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """Bring a value to a shape: 0 keeps the size that stands in its place, -1 takes the rest."""
        return self.add("Reshape", value, self.whole(list(shape)))

    def transpose(self, value: str, order: Sequence[int]) -> str:
        return value if list(order) == list(range(len(order))) else self.add("Transpose", value, perm=list(order))
