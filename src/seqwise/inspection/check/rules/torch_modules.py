"""PyTorch's modules: inputs that they cannot read, or that they read along another axis than was meant."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import partial

import numpy as np

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS, format_shape
from seqwise.inspection.check.registry import Call, Context, Fault, Faults, Fix, Severity, rule
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
    replace_module,
    sizes,
    state_of,
    states_of,
)
from seqwise.inspection.effects.effect import number
from seqwise.inspection.graph import Value
from seqwise.inspection.torch_trace import RECURRENT

Shape = tuple[int, ...]
SOFTMAX = ("softmax", "log_softmax", "Softmax", "LogSoftmax")


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
def number_of_axes(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """A recurrent module of PyTorch's gets an input that has neither two axes nor three."""
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
def features_axis(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """Samples and timesteps reach a recurrent module that reads one feature: the features axis is missing."""
    if len(shape) == 2 and call.layer.input_size == 1 != shape[1]:
        what = f"{name} has two axes, so torch.nn.{call.kind} reads it as one sequence without samples, of {shape[1]} "
        what += "features at each timestep. The features axis is missing."
        yield _fault(call, name, shape, what, change_input(context, call, "[..., None]"))


@rule("SW503", "torch-features-not-last", "error", recurrent_inputs)
def features_not_last(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """The features are on the second axis, where a convolution has them."""
    if len(shape) == 3 and shape[1] == call.layer.input_size != shape[2]:
        what = f"The features of {name} are on its second axis, as a convolution has them; torch.nn.{call.kind} wants "
        what += "them on the last one."
        yield _fault(call, name, shape, what, change_input(context, call, ".transpose(1, 2)"))


@rule("SW504", "torch-number-of-features", "error", recurrent_inputs, unless=("SW502", "SW503"))
def number_of_features(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """The input has another number of features than a recurrent module was made for."""
    size = call.layer.input_size
    if len(shape) in (2, 3) and shape[-1] != size:
        what = f"torch.nn.{call.kind}(input_size={size}) reads {number(size, 'features')} at each timestep, and {name} "
        yield _fault(call, name, shape, f"{what}has {shape[-1]}.", change_module(call, input_size=shape[-1]))


@rule("SW505", "torch-batch-first", "warning", recurrent_inputs, unless=("SW501", "SW502", "SW503", "SW504"))
def batch_first(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """A recurrent module reads the samples as timesteps: ``batch_first`` does not fit the input."""
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
def state_size(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """The state that is handed over is not one that the module can start from."""
    state, module, states = state_of(context, call), call.layer, states_of(call)
    if len(shape) != 3 or len(state) != 3:
        return
    samples, wide = shape[0 if module.batch_first else 1], module.proj_size or module.hidden_size
    layers = module.num_layers * (2 if module.bidirectional else 1)
    fits = f"torch.zeros({layers}, {samples}, {wide})"
    all_samples, batch = context.data.samples if context.data is not None else 0, context.graph.samples
    if batch is not None and all_samples > batch and (rest := all_samples % batch):
        what = f"The state is for {batch} samples, and the last batch of {all_samples} has {rest}. Make the state for "
        what += "each batch (None starts from zeros), or leave that one out: DataLoader(…, drop_last=True)."
    elif state[1] != samples:
        what = f"The state is for {state[1]} samples, and {name} has {samples}: {fits} fits."
    elif state != (layers, samples, wide):
        what = f"The state has the shape {state}; it needs one vector of {module.hidden_size} units for each of "
        what += f"{number(layers, 'layers')}, a layer in both directions counted twice: {fits} fits."
    elif len(states) != (2 if call.kind == "LSTM" else 1):
        needed = "the pair (h, c)" if call.kind == "LSTM" else "h alone"
        what = f"torch.nn.{call.kind} starts from {needed}, and gets {number(len(states), 'tensors')}."
    else:
        return
    zeros = all(value.call is not None and value.call.kind in ("zeros", "zeros_like") for value in states)
    if zeros and call.node.argument():
        what += " It starts from zeros by itself."
    without = f"{call.node.code.partition('(')[0]}({call.node.argument()})" if zeros and call.node.argument() else ""
    yield _fault(call, name, shape, what, change_expression(call.node, without) if without else Fix("the state"))


@rule("SW516", "torch-samples-axis-missing", "warning", recurrent_inputs, unless=("SW502", "SW504"))
def samples_axis(context: Context, call: Call, name: str, shape: Shape) -> Faults:
    """A recurrent module reads two axes as one sequence, where samples were meant."""
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
def sample_for_timestep(context: Context, call: Call) -> Faults:
    """One sample is taken from what a recurrent module returns, where one timestep was meant."""
    indexed = [pair for pair in zip(call.first.axes, index_of(call), strict=False) if pair[1] is not None]
    if [axis for axis, _ in indexed] != [SAMPLES] or sizes(context, call.first)[0] == 1:
        return
    if all(each_step(context, other) is not call.first for other in calls_of(context, RECURRENT)):
        return
    index, owner = indexed[0][1], call.node.owner()
    right = f"[:, {index}]" if call.first.axes[0] == SAMPLES else f"[{index}]"
    yield Fault(
        what=f"{call.node.code or 'The index'} takes one sample with all its timesteps; {right} takes that timestep of "
        "every sample.",
        expected=f"({SAMPLES}, {FEATURES})",
        got=f"({TIMESTEPS}, {FEATURES})",
        fix=change_expression(call.node, owner and owner + right),
    )


@rule("SW518", "torch-one-direction", "warning", partial(calls_of, kinds=RECURRENT))
def one_direction(context: Context, call: Call) -> Faults:
    """Half of what a bidirectional module has read is not used."""
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


@rule("SW531", "torch-first-layer", "warning", partial(calls_of, kinds=RECURRENT))
def first_layer(context: Context, call: Call) -> Faults:
    """The state of the first of several layers is used, where that of the last was meant."""
    state = next((value for value in call.outputs if value.axes[:1] == ("layers",)), None)
    if call.layer.num_layers < 2 or call.layer.bidirectional or state is None:
        return
    readers = [other for other in context.torch_calls if {*other.inputs} & {*call.outputs}]
    if len(readers) != 1 or readers[0].first is not state or [*indices(context, state)][:1] != [(0, None, None)]:
        return
    place, layers = readers[0].node, call.layer.num_layers
    yield Fault(
        what=f"{place.code or 'h_n[0]'} is the state of the first of {layers} layers; what the others make of it is "
        "not used. h_n[-1] is that of the last.",
        expected="h_n[-1]",
        got=place.code,
        fix=change_expression(place, place.owner() and f"{place.owner()}[-1]"),
    )


@rule("SW519", "torch-reshape-mixes-samples", "warning", partial(calls_of, kinds=("view", "reshape")))
def reshape_mixes(context: Context, call: Call) -> Faults:
    """`view` or `reshape` in the place of `transpose`: the numbers of several samples are mixed up."""
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
def linear(context: Context, call: Call) -> Faults:
    """A Linear module gets another number of features than it was made for."""
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
def tokens_not_whole(context: Context, call: Call) -> Faults:
    """An Embedding module gets numbers of a floating dtype."""
    if "float" in call.first.dtype:
        got = f"torch.{call.first.dtype}"
        what = f"torch.nn.Embedding looks up whole numbers, and {name_of(context, call, call.first)} holds {got}."
        yield Fault(what=what, expected="torch.int64", got=got, fix=change_input(context, call, ".long()"))


@rule("SW509", "torch-token-out-of-range", "error", partial(calls_of, kinds=("Embedding",)), unless=("SW508",))
def token_out_of_range(context: Context, call: Call) -> Faults:
    """A token id is negative, or beyond the rows of an Embedding module."""
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
def tuple_as_input(context: Context, call: Call) -> Faults:
    """A module gets all that a recurrent module returns: a tuple of the output and the states."""
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


@rule("SW522", "torch-result-of-recurrent-module", "error")
def result_of_recurrent(context: Context) -> Faults:
    """What a recurrent module returns is taken apart in another way than it is put together."""
    failure, fix = context.graph.failure, Fix("forward")
    call = next((call for call in reversed(context.torch_calls) if call.kind != "unbind"), None)
    if not failure or call is None or call.kind not in RECURRENT or any(other.problem for other in context.torch_calls):
        return
    parts = "output, (h_n, c_n)" if call.kind == "LSTM" else "output, h_n"
    what = f"torch.nn.{call.kind} returns {parts}."
    if call.args and isinstance(call.args[0], tuple):
        what += " The output of a packed sequence is packed, too: "
        what += "output, lengths = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first=True) lays it out again."
    elif "unpack" not in failure and "tuple" in failure:
        what, fix = f"{what} Take the first.", change_expression(call.node, f"{call.node.code}[0]")
    elif "unpack" not in failure:
        return
    yield Fault(what=what, expected=parts, got=failure, fix=fix)


def lookups(context: Context) -> Iterator[tuple[Call, str]]:
    """Select the modules with weights that read floats, with the dtype of those."""
    for call in calls_of(context, (*RECURRENT, "Linear", "Conv1d", "LSTMCell", "GRUCell", "RNNCell")):
        weight = next(iter(call.layer.parameters()), None)
        if weight is not None and call.inputs and call.args and isinstance(call.args[0], Value):
            yield call, str(weight.dtype).removeprefix("torch.")


@rule("SW523", "torch-dtype", "error", lookups, once=True)
def dtype(context: Context, call: Call, wanted: str) -> Faults:
    """A module reads numbers of another dtype than its weights have: "expected Float but found Double"."""
    name, dtype = name_of(context, call, call.first), call.first.dtype
    if dtype == wanted or not call.problem:
        return
    change = ".float()" if wanted == "float32" else f".to(torch.{wanted})"
    yield Fault(
        what=f"{name} holds torch.{dtype}, and the weights of {call.name!r} are torch.{wanted}; PyTorch does not "
        "convert one to the other.",
        expected=f"torch.{wanted}",
        got=f"torch.{dtype}",
        fix=change_input(context, call, change),
    )


CHANNELS_SECOND = ("Conv1d", "BatchNorm1d", "InstanceNorm1d")


@rule("SW524", "torch-channels-not-second", "error", partial(calls_of, kinds=CHANNELS_SECOND))
def channels(context: Context, call: Call) -> Faults:
    """A convolution or a normalisation reads the features on the second axis, and they are on the last."""
    size = getattr(call.layer, "in_channels", None) or call.layer.num_features
    shape = sizes(context, call.first) if call.inputs else ()
    if len(shape) != 3 or shape[1] == size or shape[2] != size:
        return
    argument, code = call.node.argument(), call.node.code
    yield Fault(
        what=f"torch.nn.{call.kind} reads {number(size, 'features')} on the second axis, (samples, features, "
        f"timesteps), and {name_of(context, call, call.first)} has them on the last. Exchange the two, and again "
        "behind it.",
        expected=f"({SAMPLES}, {FEATURES}={size}, {TIMESTEPS})",
        got=str(shape),
        fix=change_expression(
            call.node, argument and f"{code.replace(argument, f'{argument}.transpose(1, 2)', 1)}.transpose(1, 2)"
        ),
    )


@rule("SW525", "torch-softmax-over-samples", "warning", partial(calls_of, kinds=SOFTMAX))
def softmax_axis(context: Context, call: Call) -> Faults:
    """A softmax runs over the samples of a batch instead of over the classes."""
    dim = getattr(call.layer, "dim", None) if hasattr(call.layer, "named_modules") else call.kwargs.get("dim")
    dim = next((part for part in call.args[1:2] if type(part) is int), dim)
    if not call.inputs or type(dim) is not int or call.first.axes[dim] != SAMPLES or call.first.rank < 2:
        return
    code = call.node.code
    if hasattr(call.layer, "named_modules"):
        fix = replace_module(call, f"torch.nn.{call.kind}(dim=-1)")
    else:
        fix = change_expression(call.node, code.replace(f"dim={dim}", "dim=-1") if "dim=" in code else "")
    yield Fault(
        what=f"{code or call.name} shares out 1 among the samples of a batch: what it returns for one depends on the "
        "others. The classes are on the last axis.",
        expected="dim=-1",
        got=f"dim={dim}, the samples",
        fix=fix,
    )


@rule("SW526", "torch-state-not-detached", "warning", lambda context: context.graph.kept.items())
def not_detached(context: Context, name: str, value: Value) -> Faults:
    """A module keeps its state for the next batch without detaching it from the batch that made it."""
    call = value.call
    own: list[str] = [*vars(context.model.__class__)]
    if call is None or call.kind not in RECURRENT or f".{name}" not in call.node.code:
        return
    if any(re.search("hidden|state|reset|detach|memory|zero", method) for method in own):
        return
    yield Fault(
        what=f"self.{name} keeps the state of one batch for the next with all that led to it, and the next backward "
        "would run through both. Detach what is kept: state = tuple(part.detach() for part in state)",
        expected="a detached state",
        got=call.node.code,
        fix=Fix("forward"),
    )


@rule("SW527", "torch-last-step-is-padding", "warning", partial(calls_of, kinds=INDEXING))
def last_step(context: Context, call: Call) -> Faults:
    """The last timestep is taken of sequences that were padded to the longest: of the shorter ones it is padding."""
    source = call.first.call
    if source is not None and source.kind == "index_select":  # in the user's own order again
        source = source.source
    if source is None or source.kind != "_pad_packed_sequence":
        return
    steps = dict(zip(call.first.axes, index_of(call), strict=False)).get(TIMESTEPS)
    arrays = [entry.data for entry in context.inputs if entry.data is not None and len(entry.data.shape) == 1]
    if steps != -1 or all(len(np.unique(data.numbers)) < 2 for data in arrays if data.values is not None):
        return
    yield Fault(
        what=f"{call.node.code or 'The index'} takes the last timestep of the padded sequences, which is padding where "
        "a sequence is shorter than the longest. The last state, h_n[-1], is that of each sequence's own end.",
        expected="the last state: h_n[-1]",
        got=call.node.code,
        fix=Fix("forward"),
    )


@rule("SW528", "torch-lengths-not-sorted", "error", partial(calls_of, kinds=("_pack_padded_sequence",)))
def not_sorted(context: Context, call: Call) -> Faults:
    """Sequences are packed as if they were sorted by their length, and they are not."""
    data = data_of(context, call.inputs[1]) if len(call.inputs) > 1 else None
    if "x" in context.data_from or data is None or data.values is None:
        return
    if (np.diff(data.numbers.astype(np.int64)) <= 0).all():
        return
    yield Fault(
        what=f"pack_padded_sequence wants the longest sequence first, and {data.name} is in no order. With "
        "enforce_sorted=False it sorts them, and what comes out is in your order again.",
        expected="enforce_sorted=False",
        got=call.node.code,
        fix=change_expression(call.node, call.node.code[:-1] + ", enforce_sorted=False)" if call.node.code else ""),
    )
