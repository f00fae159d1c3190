"""Running a `call` of the user's own on tensors without numbers, while the calls of its layers are watched.

Nothing is patched: Python's own profiling hook (`sys.setprofile`) sees each call begin and end.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from seqwise.inspection.graph import Shape, map_leaves

SIZES = ((2, 61), (2, 67))  # samples and every open size, in two runs: what differs between them is open


@dataclass
class Record:
    """A call of a layer: its arguments and its result as the backend's tensors, and the calls inside it.

    `done` is False where it raised.
    """

    layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None
    done: bool = False
    inside: list[Record] = field(default_factory=lambda: list[Record]())


@dataclass
class Run:
    """One run: the calls in the order in which they began, the arguments as tensors, the result, what stopped it."""

    records: list[Record] = field(default_factory=list[Record])
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict[str, Any])
    result: Any = None
    error: Exception | None = None


def run_watched(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sizes: tuple[int, int]) -> Run:
    """Run ``layer.call`` once.

    Args:
        args, kwargs: the arguments, a (shape, dtype) pair in the place of each tensor (see `Spec`).
        sizes: what samples and the other open sizes are taken to be.
    """
    keras = sys.modules["keras"]
    calls = keras.Layer.__call__.__wrapped__.__code__
    builds = keras.Layer._maybe_build.__code__  # Keras runs unbuilt layers once more to build them
    run = Run()
    stack: list[Record | None] = []

    def watch(frame: Any, event: str, value: Any) -> None:
        if frame.f_code is builds and event in ("call", "return"):
            if event == "call":
                stack.append(None)
            elif stack:
                stack.pop()
            return
        if frame.f_code is not calls:
            return
        if event == "call":
            record = None
            if None not in stack:
                local = frame.f_locals
                record = Record(local["self"], local["args"], dict(local["kwargs"]))
                outer = stack[-1] if stack else None
                (outer.inside if outer is not None else run.records).append(record)
            stack.append(record)
        elif event == "return" and stack:
            record = stack.pop()
            if record is not None and value is not None:  # a call that raises returns None to the hook
                record.result, record.done = value, True

    def call(*tensors: Any, **named: Any) -> Any:
        run.records.clear()  # PyTorch's backend tries the meta device first
        stack.clear()
        run.args, run.kwargs = tensors, named
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            run.result = layer.call(*tensors, **named)
        finally:
            sys.setprofile(before)
        return run.result

    def tensor(leaf: Any) -> Any:
        if not isinstance(leaf, Spec):
            return leaf
        filled = [sizes[0 if axis == 0 else 1] if size is None else size for axis, size in enumerate(leaf.shape)]
        return keras.KerasTensor(tuple(filled), dtype=leaf.dtype)

    try:
        with keras.StatelessScope(initialize_variables=False):  # no weight is drawn: only sizes are asked for
            keras.src.backend.compute_output_spec(call, *map_leaves(tensor, args), **map_leaves(tensor, kwargs))
    except Exception as error:  # whatever a layer raises is what the run was to find out
        run.error = error
    return run


@dataclass(frozen=True)
class Spec:
    """A tensor without numbers; the shape has the samples first, None for an open size, and is empty where unknown.

    `key` is that under which a model of the user's own is handed it, in a dict; None where it gets no dict.
    """

    shape: Shape
    dtype: str = "float32"
    name: str = ""
    key: Any = None


def open_shape(tensor: Any, other: Any) -> Shape:
    """The shape of a tensor, with those sizes open that differ between two runs."""
    if not len(tensor.shape):
        return ()
    pairs = zip(tensor.shape[1:], other.shape[1:], strict=True)
    return (None, *(int(a) if int(a) == int(b) and int(a) != SIZES[0][1] else None for a, b in pairs))
