"""What the rules on PyTorch select from the context, and modules and expressions written as code."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Any

from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.finding import Finding, Fix
from seqwise.inspection.check.losses import BATCH, Loss
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call, Value, is_tuple, values_in
from seqwise.inspection.torch_trace import NOWHERE, RECURRENT, Place, kind_of_module

LOSS_FUNCTIONS = {
    "mse_loss": "MSELoss", "l1_loss": "L1Loss", "smooth_l1_loss": "SmoothL1Loss", "huber_loss": "HuberLoss",
    "poisson_nll_loss": "PoissonNLLLoss", "binary_cross_entropy": "BCELoss", "nll_loss": "NLLLoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss", "cross_entropy": "CrossEntropyLoss",
}  # fmt: skip
CLASS_LOSSES = ("CrossEntropyLoss", "NLLLoss")
KERAS_NAMES = {"MSELoss": "mean_squared_error", "L1Loss": "mean_absolute_error", "SmoothL1Loss": "huber",
               "HuberLoss": "huber"}  # fmt: skip
RESHAPES = {"view", "reshape", "squeeze", "unsqueeze", "flatten", "transpose", "permute", "swapaxes", "movedim", "T",
            "mT", "contiguous", "to", "float", "long", "double", "clone", "detach", "Flatten", "Unflatten", "Identity",
            "type", "cpu", "expand"}  # fmt: skip
INDEXING = ("__getitem__", "select")
PASSES_ON = {*RESHAPES, *INDEXING, "Dropout", "dropout"}
# the arguments of a constructor: those that must stand, then those that stand where they differ from the default
REQUIRED = {**dict.fromkeys(RECURRENT, ("input_size", "hidden_size")), "Linear": ("in_features", "out_features"),
            "Embedding": ("num_embeddings", "embedding_dim")}  # fmt: skip
DEFAULTS = {"num_layers": 1, "batch_first": False, "dropout": 0.0, "bidirectional": False, "proj_size": 0,
            "nonlinearity": "tanh", "padding_idx": None, "reduction": "mean", "ignore_index": -100,
            "label_smoothing": 0.0}  # fmt: skip


def torch_loss(loss: Any) -> Loss:
    """A loss as the rules on data know it: a regression loss by the name that it has in Keras, else PyTorch's own."""
    function = LOSS_FUNCTIONS.get(getattr(loss, "__name__", ""), "custom")
    kind = kind_of_module(loss) if hasattr(loss, "named_modules") else function
    return Loss(KERAS_NAMES.get(kind, kind))


def module_code(module: Any, kind: str = "", **changes: Any) -> str:
    """Return the expression that makes a module like this one, with `changes`; `kind` is another class."""
    name = kind_of_module(module)
    parts = [repr(changes.get(setting, getattr(module, setting))) for setting in REQUIRED.get(name, ())]
    options = {option: changes.get(option, getattr(module, option, usual)) for option, usual in DEFAULTS.items()}
    parts += [f"{option}={value!r}" for option, value in options.items() if value != DEFAULTS[option]]
    if name in REQUIRED and any(getattr(module, "bias", True) is absent for absent in (None, False)):
        parts.append("bias=False")
    return f"torch.nn.{kind or name}({', '.join(parts)})"


def replace_module(call: Call, code: str) -> Fix:
    return Fix(f"layer {call.name!r}" if call.name else "the module", code)


def change_module(call: Call, **settings: Any) -> Fix:
    """Make a module with other settings."""
    return replace_module(call, module_code(call.layer, **settings))


def origin(value: Value, passed: Container[str] = RESHAPES) -> Value:
    """The value that this one is another shape of; or comes from through calls of the kinds `passed`."""
    while value.call is not None and value.call.kind in passed and value.call.inputs:
        value = value.call.first
    return value


def made_by_module(value: Value) -> Call | None:
    """The call that computed a value, what only reshapes or selects left aside."""
    return origin(value, PASSES_ON).call


def data_of(context: Context, value: Value) -> Array | None:
    """The user's data that a value is, perhaps in another shape."""
    value = origin(value)
    return context.target if value.call is None and value.made_by == "y" else context.data_of(value)


def sizes(context: Context, value: Value) -> tuple[int, ...]:
    """The shape of a value, with the user's number of samples."""
    samples = context.data.samples if context.data is not None else BATCH
    return tuple(samples if size is None else size for size in value.shape)


def name_of(context: Context, call: Call, value: Value) -> str:
    """What the user calls an argument of a call."""
    data = data_of(context, value)
    if data is not None and origin(value) is value:
        return data.name
    place: Place = call.node or NOWHERE
    return place.argument() if value is call.first and place.argument() else "its input"


NUMPY = {".transpose(1, 2)": ".swapaxes(1, 2)", ".long()": '.astype("int64")', ".float()": '.astype("float32")'}
IN_TORCH = {"np.isfinite": "torch.isfinite", "np.nan_to_num": "torch.nan_to_num", '.astype("float32")': ".float()",
            ".min(axis=(0, 1))": ".amin((0, 1))", ".max(axis=(0, 1))": ".amax((0, 1))"}  # fmt: skip


def for_torch(context: Context, finding: Finding) -> Finding:
    """A finding with its fix for tensors; without it where that is a Keras layer, or the samples are not first."""
    fix = "" if "keras." in finding.fix else finding.fix
    if context.data is not None and finding.code[:3] != "SW5":
        shape = tuple(getattr(context.data.original, "shape", context.data.shape))
        fix = fix if shape == context.data.shape else ""
    if context.data is not None and is_tensor(context.data):
        for function, method in IN_TORCH.items():
            fix = fix.replace(function, method)
        fix = f"import numpy as np\n{fix}" if "np." in fix else fix
    return replace(finding, fix=fix)


def is_tensor(data: Array) -> bool:
    return type(data.original).__module__.partition(".")[0] == "torch"


def change_expression(place: Place, code: str) -> Fix:
    """Put `code` in the place of the user's own expression; no code where either is empty."""
    return Fix(f"expression {place.code!r}", code) if place.code and code else Fix("forward")


def change_input(context: Context, call: Call, change: str) -> Fix:
    """Change the first argument of a call, as a method of a tensor does it: ``".long()"``."""
    data, place = data_of(context, call.first), call.node or NOWHERE
    if data is not None and origin(call.first) is call.first:
        return Fix("x", f"{data.name} = {data.name}{change if is_tensor(data) else NUMPY.get(change, change)}")
    return change_expression(place, place.code.replace(place.argument(), place.argument() + change, 1))


def operand(call: Call) -> str:
    """The source of the tensor that a function or a method reads first; empty where it is not at hand."""
    return call.node.owner() if hasattr(call.layer, "__objclass__") else call.node.argument()


def calls_of(context: Context, kinds: Container[str]) -> Iterator[Call]:
    return (call for call in context.torch_calls if call.kind in kinds)


def recurrent_inputs(context: Context) -> Iterator[tuple[Call, str, tuple[int, ...]]]:
    """Yield the calls of recurrent modules on tensors that are not packed, with the name and shape of the input."""
    for call in calls_of(context, RECURRENT):
        if call.args and isinstance(call.args[0], Value):
            yield call, name_of(context, call, call.first), sizes(context, call.first)


def states_of(call: Call) -> list[Value]:
    """The states that are handed over to a recurrent module."""
    return values_in((call.args[1:], call.kwargs.get("hx")))


def state_of(context: Context, call: Call) -> tuple[int, ...]:
    """The shape of the first state that is handed over to a recurrent module; () where there is none."""
    states = states_of(call)
    return sizes(context, states[0]) if states else ()


def indices(context: Context, value: Value | None) -> list[tuple[int | None, ...]]:
    """What is taken from a value by whole numbers: an index or None for each of its axes."""
    return [index_of(call) for call in calls_of(context, INDEXING) if call.first is value]


def index_of(call: Call) -> tuple[int | None, ...]:
    """The whole number that an index holds for each axis of what is indexed; None for another index."""
    rank, index = call.first.rank, call.args[1]
    parts: tuple[Any, ...] = index if is_tuple(index) else (index,)
    if call.kind == "select":
        parts = (*[None] * (int(call.args[1]) % rank), call.args[2])
    wide = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    if wide is not None:
        parts = (*parts[:wide], *[None] * (rank - len(parts) + 1), *parts[wide + 1 :])
    whole = [part if type(part) is int else None for part in parts]
    return (*whole, *[None] * (rank - len(whole)))


def each_step(context: Context, call: Call) -> Value | None:
    """What a recurrent module returns for every timestep, padded and sorted again where the sequences were packed."""
    value = call.outputs[0] if call.outputs else None
    for other in calls_of(context, ("_pad_packed_sequence", "index_select")):
        if value is not None and other.inputs and other.first is value:
            value = other.outputs[0] if other.outputs else None
    return value


def reads_padding(context: Context, entry: Input) -> Call | None:
    """The recurrent module that reads an input, not packed, and whose last state or last timestep is read."""
    for call, _, _ in recurrent_inputs(context):
        value = origin(call.first, {*RESHAPES, "Embedding", "Dropout"})
        states = any(state in other.inputs for state in call.outputs[1:] for other in context.torch_calls)
        last = any(-1 in index for index in indices(context, each_step(context, call)))
        if len(context.inputs) == 1 and data_of(context, value) is entry.data and (states or last):
            return call
    return None


@dataclass(frozen=True)
class LossCall:
    """A loss that ran: its class (a function counts as one), what it compares, with shapes and names.

    Attributes:
        shape, wanted: those of the output and of the target.
        y, data: the name of the target, and what the user holds for it.
    """

    call: Call
    kind: str
    output: Value
    target: Value
    shape: tuple[int, ...]
    wanted: tuple[int, ...]
    y: str
    data: Array | None


def losses(context: Context, of: Container[str] = tuple(LOSS_FUNCTIONS.values())) -> Iterator[LossCall]:
    """Yield the calls of losses of these classes."""
    for call in context.torch_calls:
        kind = LOSS_FUNCTIONS.get(call.kind, call.kind)
        if kind not in of or len(values_in((call.args, call.kwargs))) < 2:
            continue
        output, target, *_ = values_in((call.args, call.kwargs))
        data = data_of(context, target)
        shape, wanted = (tuple(BATCH if size is None else size for size in value.shape) for value in (output, target))
        yield LossCall(call, kind, output, target, shape, wanted, data.name if data is not None else "y", data)


def change_target(loss: LossCall, change: str) -> Fix:
    """Change the target as `change_input` does an input."""
    if loss.data is not None and not is_tensor(loss.data):
        for method, function in NUMPY.items():
            change = change.replace(method, function)
    return Fix("y", f"{loss.y} = {loss.y}{change}")


def change_output(context: Context, loss: LossCall, change: str) -> Fix:
    """Change what the loss gets: the user's variable, or the expression that makes it."""
    data = data_of(context, loss.output)
    if data is not None:
        return Fix("the output", f"{data.name} = {data.name}{change}")
    place = loss.output.call.node if loss.output.call is not None else NOWHERE
    return change_expression(place, place.code and place.code + change)
