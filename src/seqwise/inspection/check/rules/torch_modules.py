"""PyTorch's modules: inputs that they cannot read, or that they read along another axis than was meant."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS, format_shape
from seqwise.inspection.check.registry import Call, Context, Fault, Fix, Severity, rule
from seqwise.inspection.check.torch_selectors import (
    INDEXING,
    calls_of,
    change_expression,
    change_input,
    change_module,
    data_of,
    each_step,
    index_of,
    indices,
    name_of,
    operand,
    recurrent_inputs,
    sizes,
    state_of,
)
from seqwise.inspection.effects.effect import number
from seqwise.inspection.graph import Value
from seqwise.inspection.torch_trace import RECURRENT

Shape = tuple[int, ...]


def _fault(
    call: Call, name: str, shape: Shape, what: str, fix: Fix, severity: Severity = "error", **expected: int
) -> Fault:
    """A fault of a recurrent module's input; `expected` are the sizes of its axes, as far as they are known."""
    order = (SAMPLES, TIMESTEPS) if call.layer.batch_first else (TIMESTEPS, SAMPLES)
    axes = {3: (*order, FEATURES), 2: (TIMESTEPS, FEATURES)}.get(len(shape), ())
    words = format_shape(**dict(zip(axes, shape, strict=False)))
    return Fault(
        severity=severity,
        what=what,
        expected=format_shape(**{axis: expected.get(axis) for axis in order}, features=call.layer.input_size),
        got={3: f"{name} {words}", 2: f"{name} {shape}, read as {words}"}.get(len(shape), f"{name} {shape}"),
        fix=fix,
    )


@rule("SW501", "torch-number-of-axes", "error", recurrent_inputs)
def number_of_axes(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """A recurrent module of PyTorch's gets an input that has neither two axes nor three.

    Error. Fires on the input of `torch.nn.LSTM`, `GRU` and `RNN`.
    """
    if len(shape) in (2, 3):
        return
    if len(shape) == 4 and 1 in shape:
        change = f".squeeze({shape.index(1)})"
    elif len(shape) < 2:
        change = "[:, None]"
    else:
        wide = math.prod(shape[2:]) == call.layer.input_size
        change = ".flatten(2)" if wide else f".flatten(0, {len(shape) - 3})"
    what = f"torch.nn.{call.kind} reads three axes, and {name} has {len(shape)}."
    yield _fault(call, name, shape, what, change_input(context, call, change))


@rule("SW502", "torch-features-axis-missing", "error", recurrent_inputs)
def features_axis(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """Samples and timesteps reach a recurrent module that reads one feature: the features axis is missing.

    Error. Fires where the input has two axes, ``input_size`` is 1 and the last axis is not.
    """
    if len(shape) == 2 and call.layer.input_size == 1 != shape[1]:
        what = f"{name} has two axes, so torch.nn.{call.kind} reads it as one sequence without samples, of {shape[1]} "
        what += "features at each timestep. The features axis is missing."
        yield _fault(call, name, shape, what, change_input(context, call, "[..., None]"))


@rule("SW503", "torch-features-not-last", "error", recurrent_inputs)
def features_not_last(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """The features are on the second axis, where a convolution has them.

    Error. Fires where the last of three axes is not ``input_size`` and the second is.
    """
    if len(shape) == 3 and shape[1] == call.layer.input_size != shape[2]:
        what = f"The features of {name} are on its second axis, as a convolution has them; torch.nn.{call.kind} wants "
        what += "them on the last one."
        yield _fault(call, name, shape, what, change_input(context, call, ".transpose(1, 2)"))


@rule("SW504", "torch-number-of-features", "error", recurrent_inputs, unless=("SW502", "SW503"))
def number_of_features(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """The input has another number of features than a recurrent module was made for.

    Error. Fires where the last axis is not ``input_size``.
    """
    size = call.layer.input_size
    if len(shape) in (2, 3) and shape[-1] != size:
        what = f"torch.nn.{call.kind}(input_size={size}) reads {number(size, 'features')} at each timestep, and {name} "
        yield _fault(call, name, shape, f"{what}has {shape[-1]}.", change_module(call, input_size=shape[-1]))


@rule("SW505", "torch-batch-first", "warning", recurrent_inputs, unless=("SW501", "SW502", "SW503", "SW504"))
def batch_first(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """A recurrent module reads the samples as timesteps: ``batch_first`` does not fit the input.

    Warning: nothing fails, and the state runs from one sample into the next. Fires where the axis that the module reads
    as timesteps counts the samples: it follows their number when the module runs, and there are as many targets. Error
    where a state is handed over for as many samples.
    """
    state, steps = state_of(context, call), 1 if call.layer.batch_first else 0
    clash = len(shape) == len(state) == 3 and state[1] == shape[steps] != shape[1 - steps]
    if len(shape) != 3 or not (clash or call.first.axes[steps] == SAMPLES):
        return
    samples, timesteps = shape[steps], shape[1 - steps]
    what = f"{'With' if steps else 'Without'} batch_first=True, torch.nn.{call.kind} reads axis {steps} of {name} as "
    what += f"timesteps, and that axis counts the samples: {samples} timesteps of {timesteps} samples. The state runs "
    what += "from one sample into the next."
    fix = change_module(call, batch_first=not steps)
    if any(index[0] is not None for index in indices(context, each_step(context, call))):
        # what follows expects the other order
        what, fix = f"{what} Exchange the first two axes of {name} before the module reads it.", Fix(fix.where)
    yield _fault(call, name, shape, what, fix, "error" if clash else "warning", samples=samples, timesteps=timesteps)


@rule("SW506", "torch-state-size", "error", recurrent_inputs, unless=("SW505",))
def state_size(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """The state that is handed over is for another number of samples than the input has.

    Error. Fires where both have three axes and the numbers differ.
    """
    state = state_of(context, call)
    samples = shape[0 if call.layer.batch_first else 1] if len(shape) == 3 else 0
    if len(shape) == len(state) == 3 and state[1] != samples:
        fits = f"torch.zeros({state[0]}, {samples}, {state[2]})"
        what = f"The state is for {state[1]} samples, and {name} has {samples}: {fits} fits."
        yield _fault(call, name, shape, what, Fix("the state"))


@rule("SW516", "torch-samples-axis-missing", "warning", recurrent_inputs, unless=("SW502", "SW504"))
def samples_axis(context: Context, call: Call, name: str, shape: Shape) -> Iterator[Fault]:
    """A recurrent module reads two axes as one sequence, where samples were meant.

    Error where the state that is handed over has a samples axis. Else a warning: fires where each row has a target of
    its own and the rows are in no order (correlation of neighbours under 0.3 in size), so that they are samples.
    """
    state = state_of(context, call)
    batched = len(state) == 3
    rows = call.first.axes[:1] == (SAMPLES,) and context.target is not None
    if len(shape) != 2 or not (batched or rows):
        return
    axis = 0 if (batched and state[1] == 1) == bool(call.layer.batch_first) else 1
    why = "the state has a samples axis, and the input has none" if batched else "its rows are samples"
    what = f"torch.nn.{call.kind} reads {name} as one sequence of {shape[0]} timesteps without samples; {why}."
    fix = change_input(context, call, f".unsqueeze({axis})")
    yield _fault(call, name, shape, what, fix, "error" if batched else "warning")


@rule("SW517", "torch-sample-for-timestep", "warning", partial(calls_of, kinds=INDEXING), unless=("SW505",))
def sample_for_timestep(context: Context, call: Call) -> Iterator[Fault]:
    """One sample is taken from what a recurrent module returns, where one timestep was meant.

    Warning. Fires where an index stands on the samples axis: ``output[-1]`` with ``batch_first=True``, or ``output[:,
    -1]`` without it.
    """
    taken = [pair for pair in zip(call.first.axes, index_of(call), strict=False) if pair[1] is not None]
    if [axis for axis, _ in taken] != [SAMPLES] or sizes(context, call.first)[0] == 1:
        return
    if all(each_step(context, other) is not call.first for other in calls_of(context, RECURRENT)):
        return
    index, owner = taken[0][1], call.node.owner()
    right = f"[:, {index}]" if call.first.axes[0] == SAMPLES else f"[{index}]"
    yield Fault(
        what=f"{call.node.code or 'The index'} takes one sample with all its timesteps; {right} takes that timestep of "
        "every sample.",
        expected=f"({SAMPLES}, {FEATURES})",
        got=f"({TIMESTEPS}, {FEATURES})",
        fix=change_expression(call.node, owner and owner + right),
    )


@rule("SW518", "torch-one-direction", "warning", partial(calls_of, kinds=RECURRENT))
def one_direction(context: Context, call: Call) -> Iterator[Fault]:
    """Half of what a bidirectional module has read is not used.

    Warning. Fires where the last state of one direction alone is taken from ``h_n``; as a hint where the last timestep
    of the output is taken: the backward direction has read that one timestep there.
    """
    state = next((value for value in call.outputs if value.axes[:1] == ("layers",)), None)
    if not call.layer.bidirectional or state is None:
        return
    output = each_step(context, call)
    of_state, of_output = (sum(value in other.inputs for other in context.torch_calls) for value in (state, output))
    rows = [index[0] for index in indices(context, state)]
    steps = [index[1 if call.layer.batch_first else 0] for index in indices(context, output)]
    severity: Severity = "warning"
    if not of_output and len(rows) == of_state and len(set(rows)) == 1 and rows[0] is not None:
        got = f"h_n[{rows[0]}], the last state of one direction"
    elif not of_state and len(steps) == of_output and set(steps) == {-1}:
        severity = "hint"
        got = "the last timestep of the output, where the backward direction has read one timestep"
    else:
        return
    yield Fault(
        severity=severity,
        what=f"torch.nn.{call.kind}(bidirectional=True) is used for {got}. torch.cat((h_n[-2], h_n[-1]), dim=1) is "
        "what both directions have read.",
        expected="the last states of both directions",
        got=got,
        fix=Fix("forward"),
    )


@rule("SW519", "torch-reshape-mixes-samples", "warning", partial(calls_of, kinds=("view", "reshape")))
def reshape_mixes(context: Context, call: Call) -> Iterator[Fault]:
    """`view` or `reshape` in the place of `transpose`: the numbers of several samples are mixed up.

    Warning. Fires where the samples axis comes out with other axes after it than it went in with.
    """
    values = [call.first, *call.outputs[:1]]
    if len(values) < 2 or any(SAMPLES not in value.axes for value in values):
        return
    after = [math.prod(size or 0 for size in value.shape[value.axes.index(SAMPLES) + 1 :]) for value in values]
    if after[0] == after[1] or 0 in after:
        return
    first, second, *rest = call.first.shape
    tensor = operand(call) if call.node.code.startswith(f"{operand(call)}.{call.kind}") else ""
    code = f"{tensor}.transpose(0, 1)" if tensor and None in (first, second) else ""
    if code and (second, first, *rest) != values[1].shape:
        code += call.node.code[len(tensor) :].replace(".view(", ".reshape(", 1)
    yield Fault(
        what=f"{call.kind} lays the numbers out anew in their order in memory, so that each sample that it returns is "
        "made of pieces of several. transpose exchanges axes.",
        expected="axes exchanged by transpose",
        got=" to ".join(str(sizes(context, value)) for value in values),
        fix=change_expression(call.node, code),
    )


@rule("SW507", "torch-linear-features", "error", partial(calls_of, kinds=("Linear",)))
def linear(context: Context, call: Call) -> Iterator[Fault]:
    """A Linear module gets another number of features than it was made for.

    Error. Fires where the last axis is not ``in_features``.
    """
    shape = sizes(context, call.first) if call.inputs else ()
    if not shape or shape[-1] == call.layer.in_features or not isinstance(call.args[0], Value):
        return
    size, name = call.layer.in_features, name_of(context, call, call.first)
    twice = " (An LSTM with bidirectional=True returns twice as many.)" if shape[-1] == 2 * size else ""
    yield Fault(
        what=f"torch.nn.Linear reads {size} features on the last axis, and {name} has {shape[-1]} there.{twice}",
        expected=f"(…, features={size})",
        got=f"{name} {shape}",
        fix=change_module(call, in_features=shape[-1]),
    )


@rule("SW508", "torch-tokens-not-whole", "error", partial(calls_of, kinds=("Embedding",)))
def tokens_not_whole(context: Context, call: Call) -> Iterator[Fault]:
    """An Embedding module gets numbers of a floating dtype.

    Error. Fires on any floating dtype.
    """
    if "float" in call.first.dtype:
        got = f"torch.{call.first.dtype}"
        what = f"torch.nn.Embedding looks up whole numbers, and {name_of(context, call, call.first)} holds {got}."
        yield Fault(what=what, expected="torch.int64", got=got, fix=change_input(context, call, ".long()"))


@rule("SW509", "torch-token-out-of-range", "error", partial(calls_of, kinds=("Embedding",)), unless=("SW508",))
def token_out_of_range(context: Context, call: Call) -> Iterator[Fault]:
    """A token id is negative, or beyond the rows of an Embedding module.

    Error. Fires on a single one.
    """
    data, last = data_of(context, call.first), call.layer.num_embeddings - 1
    if data is None or data.values is None or not data.values.size:
        return
    low, high = int(data.values.min()), int(data.values.max())
    if low >= 0 and high <= last:
        return
    shifted = Fix("x", f"{data.name} = {data.name} + {-low}")
    yield Fault(
        what=f"torch.nn.Embedding has rows for the tokens 0 to {last}, and {data.name} holds {low} to {high}.",
        expected=f"tokens 0 to {last}",
        got=f"tokens {low} to {high}",
        fix=shifted if low < 0 else change_module(call, num_embeddings=high + 1),
    )


@rule("SW520", "torch-tuple-as-input", "error", lambda context: context.torch_calls)
def tuple_as_input(context: Context, call: Call) -> Iterator[Fault]:
    """A module gets all that a recurrent module returns: a tuple of the output and the states.

    Error. Fires where a module that reads a tensor gets a tuple. In a Sequential, a module of your own must take the
    first of it.
    """
    if not call.problem or call.kind in RECURRENT or not call.args or not isinstance(call.args[0], tuple):
        return
    argument = call.node.argument()
    yield Fault(
        what=f"torch.nn.{call.kind} reads a tensor, and a recurrent module returns a tuple: the output at every "
        "timestep, then the states. Take the first: output, _ = lstm(x). In the place of a Sequential, write a forward "
        "of your own.",
        expected="a tensor",
        got="a tuple of the output and the states",
        fix=change_expression(call.node, argument and call.node.code.replace(argument, f"{argument}[0]", 1)),
    )
