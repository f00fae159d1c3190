"""PyTorch's modules: inputs that they cannot read, or that they read along another axis than was meant."""

from __future__ import annotations

import math
from collections.abc import Iterator

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS, format_shape
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.finding import Severity
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.torch_selectors import (
    calls_of,
    changed_input,
    data_of,
    each_step,
    expression,
    index_of,
    indices,
    layer,
    module_code,
    name_of,
    operand,
    recurrent_inputs,
    sizes,
    state_of,
)
from seqwise.inspection.effects.effect import number
from seqwise.inspection.graph import Call, Value
from seqwise.inspection.torch_trace import RECURRENT

Shape = tuple[int, ...]


def _order(call: Call) -> tuple[str, str]:
    return (SAMPLES, TIMESTEPS) if call.layer.batch_first else (TIMESTEPS, SAMPLES)


def _fault(
    call: Call, name: str, shape: Shape, what: str, where: str, fix: str, severity: Severity = "error", **expected: int
) -> Fault:
    """A fault of a recurrent module's input; `expected` are the sizes of its axes, as far as they are known."""
    wanted = {axis: expected.get(axis) for axis in _order(call)}
    axes = {3: (*_order(call), FEATURES), 2: (TIMESTEPS, FEATURES)}.get(len(shape), ())
    words = format_shape(**dict(zip(axes, shape, strict=False)))
    got = {3: f"{name} {words}", 2: f"{name} {shape}, read as {words}"}.get(len(shape), f"{name} {shape}")
    return Fault(severity=severity, where=where, what=what, got=got, fix=fix,
                 expected=format_shape(**wanted, features=call.layer.input_size))  # fmt: skip


@rule("SW501", "torch-number-of-axes")
def number_of_axes(context: Context) -> Iterator[Fault]:
    """A recurrent module of PyTorch's gets an input that has neither two axes nor three.

    Error. Fires on the input of `torch.nn.LSTM`, `GRU` and `RNN`.
    """
    for call, name, shape in recurrent_inputs(context):
        if len(shape) in (2, 3):
            continue
        single = next((i for i, size in enumerate(shape) if size == 1 and len(shape) == 4), None)
        if single is not None:
            change = f".squeeze({single})"
        elif len(shape) < 2:
            change = "[:, None]"
        else:
            wide = math.prod(shape[2:]) == call.layer.input_size
            change = ".flatten(2)" if wide else f".flatten(0, {len(shape) - 3})"
        what = f"torch.nn.{call.kind} reads three axes, and {name} has {len(shape)}."
        yield _fault(call, name, shape, what, *changed_input(context, call, change))


@rule("SW502", "torch-features-axis-missing")
def features_axis(context: Context) -> Iterator[Fault]:
    """Samples and timesteps reach a recurrent module that reads one feature: the features axis is missing.

    Error. Fires where the input has two axes, ``input_size`` is 1 and the last axis is not.
    """
    for call, name, shape in recurrent_inputs(context):
        if len(shape) == 2 and call.layer.input_size == 1 != shape[1]:
            what = (
                f"{name} has two axes, so torch.nn.{call.kind} reads it as one sequence without samples, of {shape[1]} "
                "features at each timestep. The features axis is missing."
            )
            yield _fault(call, name, shape, what, *changed_input(context, call, "[..., None]"))


@rule("SW503", "torch-features-not-last")
def features_not_last(context: Context) -> Iterator[Fault]:
    """The features are on the second axis, where a convolution has them.

    Error. Fires where the last of three axes is not ``input_size`` and the second is.
    """
    for call, name, shape in recurrent_inputs(context):
        if len(shape) == 3 and shape[1] == call.layer.input_size != shape[2]:
            what = (
                f"The features of {name} are on its second axis, as a convolution has them; torch.nn.{call.kind} wants "
                "them on the last one."
            )
            yield _fault(call, name, shape, what, *changed_input(context, call, ".transpose(1, 2)"))


@rule("SW504", "torch-number-of-features", unless=("SW502", "SW503"))
def number_of_features(context: Context) -> Iterator[Fault]:
    """The input has another number of features than a recurrent module was made for.

    Error. Fires where the last axis is not ``input_size``.
    """
    for call, name, shape in recurrent_inputs(context):
        size = call.layer.input_size
        if len(shape) in (2, 3) and shape[-1] != size:
            what = f"torch.nn.{call.kind}(input_size={size}) reads {number(size, 'features')} at each timestep, and "
            what += f"{name} has {shape[-1]}."
            yield _fault(call, name, shape, what, layer(call), module_code(call.layer, input_size=shape[-1]))


@rule("SW505", "torch-batch-first", unless=("SW501", "SW502", "SW503", "SW504"))
def batch_first(context: Context) -> Iterator[Fault]:
    """A recurrent module reads the samples as timesteps: ``batch_first`` does not fit the input.

    Warning: nothing fails, and the state runs from one sample into the next. Fires where the axis that the module reads
    as timesteps counts the samples: it follows their number when the module runs, and there are as many targets. Error
    where a state is handed over for as many samples.
    """
    for call, name, shape in recurrent_inputs(context):
        state, steps = state_of(context, call), 1 if call.layer.batch_first else 0
        clash = len(shape) == len(state) == 3 and state[1] == shape[steps] != shape[1 - steps]
        if len(shape) != 3 or not (clash or call.first.axes[steps] == SAMPLES):
            continue
        what = (
            f"{'With' if steps else 'Without'} batch_first=True, torch.nn.{call.kind} reads axis {steps} of {name} as "
            f"timesteps, and that axis counts the samples: {shape[steps]} timesteps of {shape[1 - steps]} samples. The "
            "state runs from one sample into the next."
        )
        fix = module_code(call.layer, batch_first=not steps)
        if any(
            index[0] is not None for index in indices(context, each_step(context, call))
        ):  # what follows expects the other order
            what, fix = what + f" Exchange the first two axes of {name} before the module reads it.", ""
        severity: Severity = "error" if clash else "warning"
        sizes_here = {"samples": shape[steps], "timesteps": shape[1 - steps]}
        yield _fault(call, name, shape, what, layer(call), fix, severity, **sizes_here)


@rule("SW506", "torch-state-size", unless=("SW505",))
def state_size(context: Context) -> Iterator[Fault]:
    """The state that is handed over is for another number of samples than the input has.

    Error. Fires where both have three axes and the numbers differ.
    """
    for call, name, shape in recurrent_inputs(context):
        state = state_of(context, call)
        samples = shape[0 if call.layer.batch_first else 1] if len(shape) == 3 else 0
        if len(shape) == len(state) == 3 and state[1] != samples:
            what = f"The state is for {state[1]} samples, and {name} has {samples}: torch.zeros({state[0]}, {samples}, "
            yield _fault(call, name, shape, what + f"{state[2]}) fits.", "the state", "")


@rule("SW516", "torch-samples-axis-missing", unless=("SW502", "SW504"))
def samples_axis(context: Context) -> Iterator[Fault]:
    """A recurrent module reads two axes as one sequence, where samples were meant.

    Error where the state that is handed over has a samples axis. Else a warning: fires where each row has a target of
    its own and the rows are in no order (correlation of neighbours under 0.3 in size), so that they are samples.
    """
    for call, name, shape in recurrent_inputs(context):
        state = state_of(context, call)
        rows = call.first.axes[:1] == (SAMPLES,) and context.target is not None
        if len(shape) != 2 or not (len(state) == 3 or rows):
            continue
        single = len(state) == 3 and state[1] == 1
        axis = 0 if single == bool(call.layer.batch_first) else 1
        why = "the state has a samples axis, and the input has none" if len(state) == 3 else "its rows are samples"
        what = f"torch.nn.{call.kind} reads {name} as one sequence of {shape[0]} timesteps without samples; {why}."
        where, fix = changed_input(context, call, f".unsqueeze({axis})")
        yield _fault(call, name, shape, what, where, fix, "error" if len(state) == 3 else "warning")


@rule("SW517", "torch-sample-for-timestep", unless=("SW505",))
def sample_for_timestep(context: Context) -> Iterator[Fault]:
    """One sample is taken from what a recurrent module returns, where one timestep was meant.

    Warning. Fires where an index stands on the samples axis: ``output[-1]`` with ``batch_first=True``, or ``output[:,
    -1]`` without it.
    """
    outputs = [each_step(context, call) for call in calls_of(context, *RECURRENT)]
    for call in calls_of(context, "__getitem__", "select"):
        taken = [pair for pair in zip(call.first.axes, index_of(call), strict=False) if pair[1] is not None]
        if call.first not in outputs or [axis for axis, _ in taken] != [SAMPLES] or sizes(context, call.first)[0] == 1:
            continue
        index, owner = taken[0][1], call.node.owner()
        right = f"[:, {index}]" if call.first.axes[0] == SAMPLES else f"[{index}]"
        where, fix = expression(call.node, owner and owner + right)
        what = f"{call.node.code or 'The index'} takes one sample with all its timesteps; [{right[1:-1]}] takes that "
        what += "timestep of every sample."
        yield Fault(severity="warning", where=where, what=what, expected=f"({SAMPLES}, {FEATURES})",
                    got=f"({TIMESTEPS}, {FEATURES})", fix=fix)  # fmt: skip


@rule("SW518", "torch-one-direction")
def one_direction(context: Context) -> Iterator[Fault]:
    """Half of what a bidirectional module has read is not used.

    Warning. Fires where the last state of one direction alone is taken from ``h_n``; as a hint where the last timestep
    of the output is taken: the backward direction has read that one timestep there.
    """
    for call in calls_of(context, *RECURRENT):
        state = next((value for value in call.outputs if value.axes[:1] == ("layers",)), None)
        if not call.layer.bidirectional or state is None:
            continue
        output = each_step(context, call)
        readers = [[other for other in context.torch_calls if value in other.inputs] for value in (state, output)]
        rows = [index[0] for index in indices(context, state)]
        steps = [index[1 if call.layer.batch_first else 0] for index in indices(context, output)]
        if not readers[1] and len(rows) == len(readers[0]) and len(set(rows)) == 1 and rows[0] is not None:
            severity, got = "warning", f"h_n[{rows[0]}], the last state of one direction"
        elif not readers[0] and len(steps) == len(readers[1]) and set(steps) == {-1}:
            severity, got = (
                "hint",
                "the last timestep of the output, where the backward direction has read one timestep",
            )
        else:
            continue
        what = (
            f"torch.nn.{call.kind}(bidirectional=True) is used for {got}. torch.cat((h_n[-2], h_n[-1]), dim=1) is what "
        )
        yield Fault(severity=severity, where="forward", what=what + "both directions have read.",
                    expected="the last states of both directions", got=got)  # fmt: skip


@rule("SW519", "torch-reshape-mixes-samples")
def reshape_mixes(context: Context) -> Iterator[Fault]:
    """`view` or `reshape` in the place of `transpose`: the numbers of several samples are mixed up.

    Warning. Fires where the samples axis comes out with other axes after it than it went in with.
    """
    for call in calls_of(context, "view", "reshape"):
        values = [call.first, *call.outputs[:1]]
        if len(values) < 2 or any(SAMPLES not in value.axes for value in values):
            continue
        after = [math.prod(size or 0 for size in value.shape[value.axes.index(SAMPLES) + 1 :]) for value in values]
        if after[0] == after[1] or 0 in after:
            continue
        first, second, *rest = call.first.shape
        tensor = operand(call) if call.node.code.startswith(f"{operand(call)}.{call.kind}") else ""
        code = f"{tensor}.transpose(0, 1)" if tensor and None in (first, second) else ""
        if code and (second, first, *rest) != values[1].shape:
            code += call.node.code[len(tensor) :].replace(".view(", ".reshape(", 1)
        where, fix = expression(call.node, code)
        what = (
            f"{call.kind} lays the numbers out anew in their order in memory, so that each sample that it returns is "
        )
        what += "made of pieces of several. transpose exchanges axes."
        got = " to ".join(str(sizes(context, value)) for value in values)
        yield Fault(
            severity="warning", where=where, what=what, expected="axes exchanged by transpose", got=got, fix=fix
        )


@rule("SW507", "torch-linear-features")
def linear(context: Context) -> Iterator[Fault]:
    """A Linear module gets another number of features than it was made for.

    Error. Fires where the last axis is not ``in_features``.
    """
    for call in calls_of(context, "Linear"):
        shape = sizes(context, call.first) if call.inputs else ()
        if not shape or shape[-1] == call.layer.in_features or not isinstance(call.args[0], Value):
            continue
        size, name = call.layer.in_features, name_of(context, call, call.first)
        what = f"torch.nn.Linear reads {size} features on the last axis, and {name} has {shape[-1]} there."
        what += " (An LSTM with bidirectional=True returns twice as many.)" if shape[-1] == 2 * size else ""
        yield Fault(severity="error", where=layer(call), what=what, expected=f"(…, features={size})",
                    got=f"{name} {shape}", fix=module_code(call.layer, in_features=shape[-1]))  # fmt: skip


@rule("SW508", "torch-tokens-not-whole")
def tokens_not_whole(context: Context) -> Iterator[Fault]:
    """An Embedding module gets numbers of a floating dtype.

    Error. Fires on any floating dtype.
    """
    for call in calls_of(context, "Embedding"):
        if "float" not in call.first.dtype:
            continue
        name = name_of(context, call, call.first)
        where, fix = changed_input(context, call, ".long()")
        what = f"torch.nn.Embedding looks up whole numbers, and {name} holds torch.{call.first.dtype}."
        yield Fault(severity="error", where=where, what=what, expected="torch.int64", got=f"torch.{call.first.dtype}",
                    fix=fix)  # fmt: skip


@rule("SW509", "torch-token-out-of-range", unless=("SW508",))
def token_out_of_range(context: Context) -> Iterator[Fault]:
    """A token id is negative, or beyond the rows of an Embedding module.

    Error. Fires on a single one.
    """
    for call in calls_of(context, "Embedding"):
        data, rows = data_of(context, call.first), call.layer.num_embeddings
        if data is None or data.values is None or not data.values.size:
            continue
        low, high = int(data.values.min()), int(data.values.max())
        if low >= 0 and high < rows:
            continue
        where, fix = layer(call), module_code(call.layer, num_embeddings=high + 1)
        if low < 0:
            where, fix = "x", f"{data.name} = {data.name} + {-low}"
        what = f"torch.nn.Embedding has rows for the tokens 0 to {rows - 1}, and {data.name} holds {low} to {high}."
        yield Fault(severity="error", where=where, what=what, expected=f"tokens 0 to {rows - 1}",
                    got=f"tokens {low} to {high}", fix=fix)  # fmt: skip


@rule("SW520", "torch-tuple-as-input")
def tuple_as_input(context: Context) -> Iterator[Fault]:
    """A module gets all that a recurrent module returns: a tuple of the output and the states.

    Error. Fires where a module that reads a tensor gets a tuple. In a Sequential, a module of your own must take the
    first of it.
    """
    for call in context.torch_calls:
        if not call.problem or call.kind in RECURRENT or not call.args or not isinstance(call.args[0], tuple):
            continue
        argument = call.node.argument()
        where, fix = expression(call.node, call.node.code.replace(argument, f"{argument}[0]", 1) if argument else "")
        yield Fault(
            severity="error", where=where, fix=fix, expected="a tensor", got="a tuple of the output and the states",
            what=f"torch.nn.{call.kind} reads a tensor, and a recurrent module returns a tuple: the output at every "
            "timestep, then the states. Take the first: output, _ = lstm(x). In the place of a Sequential, write a "
            "forward of your own.",
        )  # fmt: skip
