"""Tracing a PyTorch module to the same graph as a Keras model, by running its `forward` on a few samples.

Forward hooks see the calls of modules, a `TorchFunctionMode` those of functions and tensor methods between them. The
module runs twice, with different numbers of samples: the axis that follows that number is the samples axis, wherever
it goes. A loss runs after the module, so that its call is part of the graph. PyTorch is never imported here: who holds
a module has imported it.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import linecache
import random
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType, FrameType
from typing import Any

import numpy as np

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.effects.effect import UNITS
from seqwise.inspection.frameworks import is_framework
from seqwise.inspection.graph import (
    OWN_CODE,
    AxisNames,
    Call,
    Graph,
    Shape,
    Value,
    flatten,
    is_tensor,
    is_tuple,
    map_leaves,
    values_in,
)
from seqwise.inspection.receptive_field import ReceptiveField
from seqwise.inspection.restore import CannotRestoreError, left_as_found

RECURRENT = ("LSTM", "GRU", "RNN")
UNFINISHED = "unfinished"
COUNTS = (5, 7, 11, 13, 17, 19, 23)  # samples to run with; those that are a size of the data are left aside


def is_torch_module(thing: Any) -> bool:
    """Tell whether something is a module of PyTorch's; on Keras's PyTorch backend a Keras layer is one, too."""
    torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
    if torch is None or not isinstance(thing, torch.nn.Module):
        return False
    return keras is None or not isinstance(thing, keras.Layer)


@dataclass(frozen=True)
class Place:
    """Where a call stands in the user's code; `code` is the expression, empty where the source is not at hand."""

    line: int
    code: str

    def argument(self) -> str:
        """The source of the first argument of a call; empty where there is none."""
        node = self._node()
        return self._source(node.args[0]) if isinstance(node, ast.Call) and node.args else ""

    def owner(self) -> str:
        """The source of what is indexed, or of the tensor whose method is called."""
        node = self._node()
        if isinstance(node, ast.Call):
            node = node.func
        return self._source(node.value) if isinstance(node, (ast.Subscript, ast.Attribute)) else ""

    def _node(self) -> ast.expr | None:
        with contextlib.suppress(SyntaxError):
            return ast.parse(self.code, mode="eval").body
        return None

    def _source(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.code, node) or ""


NOWHERE = Place(0, "")


def place_of(code: CodeType, instruction: int) -> Place:
    """The expression that an instruction of a function's code belongs to."""
    line, end, column, end_column = next(islice(code.co_positions(), instruction // 2, None))
    text = ""
    if line is not None and line == end and column is not None:
        text = linecache.getline(code.co_filename, line).encode()[column:end_column].decode(errors="replace")
    return Place(line or 0, text)


def _own_place(frame: FrameType | None) -> Place:
    while frame is not None and (is_framework(frame.f_code.co_filename) or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return place_of(frame.f_code, frame.f_lasti) if frame is not None else NOWHERE


def kind_of_module(module: Any) -> str:
    """The name of the nearest class of PyTorch's own that a module is: ``"Module"`` for one of the user's."""
    return next(base.__name__ for base in type(module).__mro__ if base.__module__.startswith("torch.nn"))


def is_open(module: Any) -> bool:
    """Modules of the user's own and containers are looked into; PyTorch's other modules are not."""
    place = type(module).__module__
    return not place.startswith("torch.") or place.startswith("torch.nn.modules.container")


@dataclass
class _Run:
    """One run: the calls in their order, with the tensors themselves as arguments and outputs; what came out."""

    samples: int
    calls: list[Call] = field(default_factory=list[Call])
    inputs: list[Any] = field(default_factory=list[Any])
    result: Any = None
    kept: dict[str, Any] = field(default_factory=dict[str, Any])
    error: Exception | None = None


def trace_module(
    module: Any,
    inputs: dict[str, Any],
    target: Any = None,
    loss: Callable[..., Any] | None = None,
    *,
    name: str = "model",
    samples_axes: dict[str, int | None],
    certain: bool = True,
    batch_size: int | None = None,
) -> Graph:
    """Trace a module, and the loss after it.

    Args:
        inputs: the arguments of `forward` by name, in its order: tensors, or what is handed over as it is.
        target: a tensor, called ``"y"`` in `samples_axes`.
        name: what the module is called, for a module of PyTorch's own.
        samples_axes: the axis of each tensor that counts the samples; None where none does.
        certain: False where another axis might be that of the samples; the axes are then only numbered.
        batch_size: the samples that the module is made for, where it may be made for one number only.

    Returns:
        a graph whose inputs are the tensors among `inputs`. The call of the loss is its last; it reads the target as a
        value made by ``"y"``.
    """
    torch = sys.modules["torch"]
    sizes = {size for tensor in [*inputs.values(), target] if hasattr(tensor, "shape") for size in tensor.shape}
    counts = [count for count in COUNTS if count not in sizes]
    subject = _Subject(torch, module, inputs, target, loss, samples_axes)
    try:
        with _as_in_training(subject.parts):
            first, again = subject.run(counts[0]), subject.run(counts[1])
            for fixed in [batch_size] if batch_size else [getattr(module, "batch_size", None), _batch_of_state(first)]:
                if first.error is not None and isinstance(fixed, int) and 0 < fixed <= 4096:
                    other = subject.run(fixed)
                    first, again = (other, other) if other.error is None else (first, again)
    except CannotRestoreError as error:
        return Graph(failure=f"it depends on {error}")
    made_for = first.samples if again is first else None
    if [call.kind for call in again.calls] != [call.kind for call in first.calls]:
        again = first
    graph = _Reader(module, name, first, again, certain).graph([*inputs, "y"])
    graph.samples = made_for
    return graph


def _batch_of_state(run: _Run) -> int | None:
    """The samples of the state with which a recurrent module could not start."""
    last = run.calls[-1] if run.calls else None
    if last is None or last.kind not in RECURRENT or len(last.args) < 2:
        return None
    states = [leaf for leaf in flatten(last.args[1]) if hasattr(leaf, "shape")]
    return int(states[0].shape[1]) if states and states[0].ndim == 3 else None


@dataclass
class _Subject:
    """What runs: the module, what goes into it, and the loss."""

    torch: Any
    module: Any
    inputs: dict[str, Any]
    target: Any
    loss: Any
    samples_axes: dict[str, int | None]

    @property
    def parts(self) -> list[Any]:
        """The module and all modules in it, and those of the loss."""
        owners = [owner for owner in (self.module, self.loss) if isinstance(owner, self.torch.nn.Module)]
        return [part for owner in owners for part in owner.modules()]

    def run(self, count: int) -> _Run:
        """Run `forward` and the loss on `count` samples, with the same random numbers each time."""
        torch, run = self.torch, _Run(count)
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        device = next((weight.device for weight in self.module.parameters()), None)

        def some(name: str, value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            axis = self.samples_axes.get(name)
            if axis is not None and value.shape[axis]:
                index = (torch.arange(count) % value.shape[axis]).sort().values  # sorted by length they stay so
                value = value.index_select(axis, index.to(value.device))
            lengths = value.ndim == 1 and not value.is_floating_point() and name != "y"  # packing wants them on the CPU
            return value.clone() if lengths else value.to(device)

        samples = {name: some(name, value) for name, value in self.inputs.items()}
        target = some("y", self.target)
        run.inputs = [*samples.values(), target]
        try:
            with torch.no_grad(), self._watched(run):
                run.result = self.module(*samples.values())
                if self.loss is not None and target is not None and kind_of_module(self.module) not in RECURRENT:
                    output = run.result
                    if is_tuple(output) and output and type(self.loss).__module__.startswith("torch.nn"):
                        output = output[0]
                    self.loss(output, target)
        except Exception as error:  # whatever a module raises is what the run was to find out
            run.error = error
        outputs = {id(tensor) for call in run.calls for tensor in call.outputs}
        for part in self.parts:
            attributes: dict[str, Any] = part.__dict__
            for name, value in attributes.items():
                kept = [leaf for leaf in flatten(value) if is_tensor(leaf) and id(leaf) in outputs]
                if kept:
                    run.kept[name] = kept[0]
        return run

    @contextlib.contextmanager
    def _watched(self, run: _Run) -> Generator[None, None, None]:
        """Write down the calls of modules and functions."""
        inside: list[Call] = []

        def note(layer: Any, kind: str, args: Any, kwargs: dict[str, Any]) -> Call:
            own = inside and not type(inside[-1].layer).__module__.startswith("torch.")
            place = _own_place(inspect.currentframe()) if own else NOWHERE
            call = Call(layer, kind, kind, args, kwargs, depth=max(len(inside) - 1, 0), node=place, problem=UNFINISHED)
            call.opens = hasattr(layer, "named_modules") and is_open(layer)
            if not inside or inside[-1].opens:
                run.calls.append(call)
            return call

        def begin(layer: Any, args: Any, kwargs: dict[str, Any]) -> None:
            inside.append(note(layer, kind_of_module(layer), args, kwargs))

        def end(_layer: Any, _args: Any, _kwargs: Any, result: Any) -> None:
            call = inside.pop()
            call.outputs, call.problem = flatten(result), ""

        class Recorder(self.torch.overrides.TorchFunctionMode):
            def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                kind = getattr(func, "__name__", type(func).__name__)
                kind = getattr(func.__self__, "__name__", kind) if kind == "__get__" else kind
                call = note(func, kind, args, kwargs or {})
                result = func(*args, **call.kwargs)
                call.outputs, call.problem = flatten(result), ""
                if call in run.calls[-1:] and not any(map(is_tensor, call.outputs)):
                    run.calls.pop()  # sizes and plain numbers
                return result

        handles: list[Any] = []
        for part in self.parts:
            handles.append(part.register_forward_pre_hook(begin, with_kwargs=True))
            handles.append(part.register_forward_hook(end, with_kwargs=True))
        try:
            with Recorder():
                yield
        finally:
            for handle in handles:
                handle.remove()


@contextlib.contextmanager
def _as_in_training(modules: Sequence[Any]) -> Generator[None, None, None]:
    """Let modules run as in training, but silently and without the user's hooks; leave all as it was."""
    with left_as_found(*modules), contextlib.redirect_stdout(io.StringIO()):
        for module in modules:
            module._forward_hooks.clear()
            module.training = True  # a loss is computed in training, where some modules return something else
        yield


class _Reader:
    """From the calls of two runs to a graph."""

    def __init__(self, module: Any, name: str, first: _Run, again: _Run, certain: bool) -> None:
        self.module, self.first, self.again, self.certain = module, first, again, certain
        self.names = {id(part): path or name for path, part in module.named_modules()}
        self.known: dict[int, Value] = {}

    def graph(self, names: list[str]) -> Graph:
        graph = Graph()
        for name, tensor, other in zip(names, self.first.inputs, self.again.inputs, strict=True):
            if is_tensor(tensor):
                graph.inputs.append(self._value(tensor, other, name))
        if is_tensor(self.first.inputs[-1]):
            graph.inputs.pop()  # the target, which the loss reads
        called: set[int] = set()
        for call, other in zip(self.first.calls, self.again.calls, strict=True):
            if call.layer is self.module and call.opens:
                continue
            pairs = [(a, b) for a, b in zip(call.outputs, other.outputs, strict=True) if is_tensor(a)]
            call.name = self.names.get(id(call.layer), call.kind)
            call.again = id(call.layer) in called
            called.add(id(call.layer))
            call.args, call.kwargs = self._values(call.args, other.args), self._values(call.kwargs, other.kwargs)
            call.inputs = values_in((call.args, call.kwargs))
            call.problem = str(self.first.error) if call.problem else ""
            # what a module of the user's own returns was made inside it
            call.outputs = (
                [] if call.opens else [self._value(a, b, call.name, call, i) for i, (a, b) in enumerate(pairs)]
            )
            call.shapes = [value.shape for value in call.outputs]
            graph.calls.append(call)
        graph.outputs = values_in(self._values(self.first.result, self.again.result))
        graph.failure = "" if self.first.error is None else str(self.first.error)
        graph.kept = {name: self._values(tensor, tensor) for name, tensor in self.first.kept.items()}
        return graph

    def _values(self, structure: Any, other: Any) -> Any:
        def value(leaf: Any, leaf_again: Any) -> Any:
            if is_tuple(leaf):  # a packed sequence, whose parts have names
                return tuple(map(value, leaf, leaf_again))
            if not is_tensor(leaf):
                return leaf
            return self.known.get(id(leaf)) or self._value(leaf, leaf_again, OWN_CODE)

        return map_leaves(value, structure, other)

    def _value(self, tensor: Any, other: Any, made_by: str, call: Call | None = None, index: int = 0) -> Value:
        sizes, sizes_again = tuple(tensor.shape), tuple(other.shape)
        counts = (self.first.samples, self.again.samples)
        samples = next((i for i, pair in enumerate(zip(sizes, sizes_again, strict=False)) if pair == counts), None)
        shape: Shape = tuple(
            None if i == samples or size != size_again else size
            for i, (size, size_again) in enumerate(zip(sizes, sizes_again, strict=True))
        )
        state = call is not None and call.kind in RECURRENT and index > 0
        value = Value(shape, self._axes(shape, samples, str(tensor.dtype), state), ReceptiveField.unknown(), made_by,
                      str(tensor.dtype).removeprefix("torch."), call)  # fmt: skip
        self.known[id(tensor)] = value
        return value

    def _axes(self, shape: Shape, samples: int | None, dtype: str, state: bool) -> AxisNames:
        if samples is None or not self.certain:
            return tuple(f"axis {i}" for i in range(len(shape)))
        two = ["layers", UNITS] if state else [TIMESTEPS, FEATURES]
        usual = {1: [TIMESTEPS if "int" in dtype else FEATURES], 2: two}
        names = usual.get(len(shape) - 1) or [f"axis {i}" for i in range(len(shape)) if i != samples]
        return (*names[:samples], SAMPLES, *names[samples:])
