"""Operations of `keras.ops` between layers, as ONNX nodes: arithmetic, comparisons, slices and sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from seqwise.export.onnx.call import Call
from seqwise.export.onnx.graph import LAST


def binary(op: str) -> Callable[[Call], list[str]]:
    """Two values, one of which may be a plain number."""

    def write(call: Call) -> list[str]:
        left, right = _operands(call)
        return [call.graph.add(op, left, right)]

    return write


def not_equal(call: Call) -> list[str]:
    return [call.graph.add("Not", call.graph.add("Equal", *_operands(call)))]


def _operands(call: Call) -> list[str]:
    """The operands by their order, numbers as constants of the values' own dtype."""
    graph, values = call.graph, iter(call.inputs)
    operands: list[str] = []
    for name, number in list(call.arguments.items())[:2]:
        if number is None:
            operands.append(next(values))
        elif isinstance(number, (int, float)):
            operands.append(graph.add("CastLike", graph.constant(number), call.input))
        else:
            raise call.refuse(f"its argument {name} is not a number.")
    return operands


def unary(op: str) -> Callable[[Call], list[str]]:
    return lambda call: [call.graph.add(op, call.input)]


def get_item(call: Call) -> list[str]:
    """``x[:, -1]`` and its like: whole numbers and slices."""
    graph, value = call.graph, call.input
    key = call.arguments.get("key")
    parts = _parsed(call, key)
    gone: list[int] = []
    for axis, part in enumerate(parts):
        if isinstance(part, int):
            value = graph.slice(value, axis, part, part + 1 if part != -1 else LAST)
            gone.append(axis)
        elif part != slice(None):
            start, stop, step = part.start or 0, LAST if part.stop is None else part.stop, part.step or 1
            if step < 0:
                start, stop = -1 if part.start is None else part.start, -LAST if part.stop is None else part.stop
            value = graph.slice(value, axis, start, stop, step)
    return [graph.squeeze(value, *gone) if gone else value]


def _parsed(call: Call, key: Any) -> list[int | slice]:
    parts = key if isinstance(key, (list, tuple)) else [key]
    parsed: list[int | slice] = []
    for part in parts:
        if isinstance(part, int):
            parsed.append(part)
        elif isinstance(part, str) and part.startswith("slice("):
            bounds = [
                None if b == "None" else int(b) for b in part.removeprefix("slice(").removesuffix(")").split(", ")
            ]
            parsed.append(slice(*bounds))
        else:
            raise call.refuse(f"only whole numbers and slices can stand in brackets, not {part!r}.")
    return parsed


def reduction(op: str) -> Callable[[Call], list[str]]:
    def write(call: Call) -> list[str]:
        axis, keepdims = call.config.get("axis"), bool(call.config.get("keepdims"))
        axes = list(range(call.rank)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
        if op == "ReduceSum":
            return [call.graph.sum(call.input, *axes, keepdims=keepdims)]
        return [call.graph.reduce(op, call.input, *axes, keepdims=keepdims)]

    return write


def truth(op: str) -> Callable[[Call], list[str]]:
    """Whether any, or all, along axes are true."""

    def write(call: Call) -> list[str]:
        whole = replace(call, inputs=[call.graph.cast(call.input, "int32")])
        return [call.graph.cast(reduction(op)(whole)[0], "bool")]

    return write


def cast(call: Call) -> list[str]:
    dtype = call.config.get("dtype")
    if dtype not in ("float32", "int32", "int64", "bool"):
        raise call.refuse(f"there is no cast to {dtype}.")
    return [call.graph.cast(call.input, dtype)]


def expand_dims(call: Call) -> list[str]:
    axis = call.config["axis"]
    return [call.graph.expand_dims(call.input, *([axis] if isinstance(axis, int) else axis))]


def squeeze(call: Call) -> list[str]:
    axis = call.config["axis"]
    if axis is None:
        raise call.refuse("name the axis to squeeze.")
    return [call.graph.squeeze(call.input, *([axis] if isinstance(axis, int) else axis))]


def transpose(call: Call) -> list[str]:
    return [call.graph.transpose(call.input, call.config.get("axes") or list(range(call.rank))[::-1])]


def concatenate(call: Call) -> list[str]:
    return [call.graph.add("Concat", *call.inputs, axis=int(call.config.get("axis", 0)))]


def softmax(call: Call) -> list[str]:
    return [call.graph.add("Softmax", call.input, axis=int(call.config.get("axis", -1)))]


OPERATIONS: dict[str, Callable[[Call], list[str]]] = {
    "ops.Add": binary("Add"),
    "ops.Subtract": binary("Sub"),
    "ops.Multiply": binary("Mul"),
    "ops.Divide": binary("Div"),
    "ops.TrueDivide": binary("Div"),
    "ops.Power": binary("Pow"),
    "ops.Maximum": binary("Max"),
    "ops.Minimum": binary("Min"),
    "ops.Matmul": binary("MatMul"),
    "ops.Equal": binary("Equal"),
    "ops.NotEqual": not_equal,
    "ops.Greater": binary("Greater"),
    "ops.GreaterEqual": binary("GreaterOrEqual"),
    "ops.Less": binary("Less"),
    "ops.LessEqual": binary("LessOrEqual"),
    "ops.LogicalAnd": binary("And"),
    "ops.LogicalOr": binary("Or"),
    "ops.LogicalNot": unary("Not"),
    "ops.Negative": unary("Neg"),
    "ops.Exp": unary("Exp"),
    "ops.Log": unary("Log"),
    "ops.Abs": unary("Abs"),
    "ops.Absolute": unary("Abs"),
    "ops.Sqrt": unary("Sqrt"),
    "ops.Tanh": unary("Tanh"),
    "ops.Sigmoid": unary("Sigmoid"),
    "ops.Relu": unary("Relu"),
    "ops.Softmax": softmax,
    "ops.Sum": reduction("ReduceSum"),
    "ops.Mean": reduction("ReduceMean"),
    "ops.Max": reduction("ReduceMax"),
    "ops.Min": reduction("ReduceMin"),
    "ops.Any": truth("ReduceMax"),
    "ops.All": truth("ReduceMin"),
    "ops.GetItem": get_item,
    "ops.Cast": cast,
    "ops.ExpandDims": expand_dims,
    "ops.Squeeze": squeeze,
    "ops.Transpose": transpose,
    "ops.Concatenate": concatenate,
}
