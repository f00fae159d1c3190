"""From a PyTorch module and its data, or from the frames of an error, to the context that the rules look at."""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np

from seqwise.inspection.check.context import Context, Input, Output
from seqwise.inspection.check.measures import rows_unrelated, slides
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.torch_selectors import LOSS_FUNCTIONS, losses, made_by_module, torch_loss
from seqwise.inspection.data import Array, read_array
from seqwise.inspection.frameworks import is_framework
from seqwise.inspection.graph import OWN_CODE, Call, Graph, Value, is_sequence, is_tuple, map_leaves, values_in
from seqwise.inspection.receptive_field import ReceptiveField
from seqwise.inspection.torch_trace import (
    NOWHERE,
    RECURRENT,
    Place,
    is_open,
    is_torch_module,
    kind_of_module,
    place_of,
    trace_module,
)

EMPTY = inspect.Parameter.empty
LOOKED_AT = 32  # samples that a module may run on


def read_module(context: Context, module: Any, x: Any, y: Any, loss: Any) -> None:
    """Read a PyTorch module with its data and its loss into a context; the module and the data stay as they are."""
    context.model, context.torch = module, True
    for wrapper in ("_orig_mod", "module"):  # of torch.compile and DataParallel
        inner = getattr(module, wrapper, None)
        module = inner if type(module).__module__.startswith("torch.") and is_torch_module(inner) else module
    arguments = _arguments(module)
    parts = _parts(arguments, x)
    data_by_name = {
        name: read_array(part, context.names.of(part, label)) for name, (part, label) in parts.items()
        if not (is_tuple(part) and hasattr(part[0], "shape"))  # states, or a packed sequence
    }  # fmt: skip
    arrays = {name: array for name, array in data_by_name.items() if array.values is not None and array.values.size}
    target = read_array(y, context.names.of(y, "y")) if y is not None else None
    context.inputs = [Input(name, data=array) for name, array in data_by_name.items()]
    context.outputs = [Output("output", target=target, loss=torch_loss(loss) if loss is not None else None)]
    context.graph.failure = _why_not(module, parts, arrays)
    if context.graph.failure:
        return
    first = next(iter(arrays.values()))
    axis, certain = _samples_axis(module, first, target)
    samples = first.shape[axis]
    axes = {name: _axis_of(array, samples, axis) for name, array in arrays.items()}
    axes["y"] = _axis_of(target, samples, axis)
    lengths = [np.asarray(array.values) for array in arrays.values() if array.shape == (samples,) and array.whole]
    # packed sequences want the longest first
    chosen = np.argsort(-lengths[0], kind="stable") if lengths and len(parts) > 1 else np.arange(samples)
    inputs = {name: parts[name][0] if name in parts else default for name, default in arguments.items()}
    inputs |= {name: _some(module, array, axes[name], chosen[:LOOKED_AT]) for name, array in arrays.items()}
    # PyTorch names what is missing
    inputs = dict(itertools.takewhile(lambda pair: pair[1] is not EMPTY, inputs.items()))
    usable = target is not None and target.values is not None and axes["y"] is not None
    y, loss = _some(module, target, axes["y"], chosen[:LOOKED_AT]) if usable else None, loss if callable(loss) else None
    name, batch_size = context.names.of(module, "model"), context.batch_size
    context.graph = trace_module(
        module, inputs, y, loss, name=name, samples_axes=axes, certain=certain, batch_size=batch_size
    )
    made = made_by_module(context.graph.outputs[0]) if context.graph.outputs else None
    context.outputs[0].call = made if made is not None and hasattr(made.layer, "named_modules") else None
    context.outputs[0].target = _samples_first(target, axes["y"])
    for entry in context.inputs:
        entry.data = _samples_first(entry.data, axes.get(entry.name))
    if usable and not context.graph.failure and not any(losses(context)):
        context.unexamined.append("whether the targets fit the output, since no loss compares them: loss=…")


def _why_not(module: Any, parts: dict[str, Any], arrays: dict[str, Array]) -> str:
    """Why a module cannot be looked into; empty where it can."""
    torch: Any = sys.modules["torch"]
    if isinstance(module, torch.jit.ScriptModule):
        return "the calls in a TorchScript module cannot be seen; pass the module that it was made from"
    if any(isinstance(part, torch.nn.modules.lazy.LazyModuleMixin) for part in module.modules()):
        return "it has lazy modules, whose sizes are not known yet; call it once"
    return "" if next(iter(parts), None) in arrays else "it cannot run without an array or a tensor in x"


def _arguments(module: Any) -> dict[str, Any]:
    """The arguments of `forward` with their defaults, `EMPTY` where there is none."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.kind in kinds} or {"x": EMPTY}


def _parts(arguments: dict[str, Any], x: Any) -> dict[str, tuple[Any, str]]:
    """What `x` holds for each argument, and what to call it."""
    if x is None:
        return {}
    if isinstance(x, Mapping):
        return {name: (x[name], f"x[{name!r}]") for name in arguments if name in x}
    needed = max(sum(default is EMPTY for default in arguments.values()), 2)
    if is_sequence(x) and needed <= len(x) <= len(arguments) and hasattr(x[0], "shape"):
        return {name: (part, f"x[{i}]") for i, (name, part) in enumerate(zip(arguments, x, strict=False))}
    return {next(iter(arguments)): (x, "x")}


def _samples_axis(module: Any, data: Array, target: Array | None) -> tuple[int, bool]:
    """The axis of the input that counts the samples, and whether no other one might."""
    if len(data.shape) < 2:
        return 0, False
    first, second = data.shape[:2]
    if len(data.shape) == 2 and not data.whole:  # rows, which may be the timesteps of one sequence
        return 0, rows_unrelated(data) or slides(data)
    recurrent = next((part for part in module.modules() if kind_of_module(part) in RECURRENT), None)
    each_step = target is None or (len(target.shape) > 1 and 1 < target.shape[1] in (first, second))
    if recurrent is not None and not recurrent.batch_first and (each_step or first == second):
        return 1, False
    if target is not None and target.samples == second != first:
        return 1, True
    return 0, True


def _axis_of(array: Array | None, samples: int, axis: int) -> int | None:
    shape = array.shape if array is not None else ()
    return next((i for i in (axis, 1 - axis) if i < len(shape) and shape[i] == samples), None)


def _some(module: Any, array: Array | None, axis: int | None, chosen: np.ndarray) -> Any:
    """The chosen samples as a tensor; numbers that are no tensor yet get the usual dtypes."""
    torch = sys.modules["torch"]
    assert array is not None and array.values is not None
    if isinstance(array.original, torch.Tensor):
        tensor = array.original.detach()
        return tensor if axis is None else tensor.index_select(axis, torch.as_tensor(chosen, device=tensor.device))
    tensor = torch.tensor(array.values if axis is None else array.values.take(chosen, axis))
    if tensor.is_floating_point():
        return tensor.to(next((weight.dtype for weight in module.parameters()), torch.float32))
    return tensor if tensor.dtype == torch.bool else tensor.long()


def _samples_first(array: Array | None, axis: int | None) -> Array | None:
    if array is None or axis != 1 or array.values is None:
        return array
    values = np.swapaxes(array.values, 0, 1)
    return replace(array, values=values, shape=values.shape)


def read_torch_error(frames: Sequence[FrameType], error: BaseException, names: Names) -> Context | None:
    """Read the call of a PyTorch module or loss that raised, from the frames of the error; None where there is none."""
    for i in reversed(range(len(frames))):
        local, function = frames[i].f_locals, frames[i].f_code.co_name
        owner: Any = function if function in LOSS_FUNCTIONS else local.get("self")
        if owner != function and (function != "forward" or not is_torch_module(owner) or is_open(owner)):
            continue
        first: Any = local.get("input")
        target: Any = local.get("target")
        recurrent = owner != function and kind_of_module(owner) in RECURRENT
        if recurrent and local.get("is_batched") is False and getattr(first, "ndim", 0) == 3:
            first = first.squeeze(0 if owner.batch_first else 1)  # PyTorch has added the samples axis by then
        kind = function if owner == function else kind_of_module(owner)
        modules = (frame.f_locals.get("self") for frame in frames)
        outermost: Any = next(filter(is_torch_module, modules), None)  # a module by itself has no name in it
        paths = outermost.named_modules() if outermost is not None else ()
        name = next((path for path, part in paths if part is owner), "")
        call = Call(owner, name, kind, node=_caller(frames[:i]), problem=str(error))
        call.args = tuple(map_leaves(_value, part) for part in (first, local.get("hx"), target) if part is not None)
        call.inputs = values_in(call.args)
        context = Context(names=names, torch=True, graph=Graph(call.inputs[:1], [call], failure=str(error)))
        if hasattr(first, "shape"):
            called = names.of(first, "x" if target is None else "output")
            context.inputs = [Input("input", data=read_array(first, called))]
        if target is not None:
            call.inputs[-1].made_by = "y"
            context.outputs = [Output("output", target=read_array(target, names.of(target, "y")))]
        return context
    return None


def _caller(frames: Sequence[FrameType]) -> Place:
    """Where a module of the user's own calls what raised."""
    user = next((frame for frame in reversed(frames) if not is_framework(frame.f_code.co_filename)), None)
    inside = user is not None and is_torch_module(user.f_locals.get("self"))
    return place_of(user.f_code, user.f_lasti) if user is not None and inside else NOWHERE


def _value(leaf: Any) -> Any:
    if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
        return leaf
    shape = tuple(leaf.shape)
    axes = tuple(f"axis {i}" for i in range(len(shape)))
    return Value(shape, axes, ReceptiveField.unknown(), OWN_CODE, str(leaf.dtype).removeprefix("torch."))
