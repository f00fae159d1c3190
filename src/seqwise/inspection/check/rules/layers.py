"""Layers that cannot read what the layer before them returns, and settings that are rarely intended."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from seqwise.axes import FEATURES, TIMESTEPS, format_shape, name_axes
from seqwise.inspection.check.fixes import at_layer, beside, change_layer, cut, forwards_only
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Call, Context, Fault, Faults, Fix, rule
from seqwise.inspection.check.selectors import describe, ended_by, recurrent_calls, steps_read, wrong_rank
from seqwise.inspection.graph import RANK
from seqwise.inspection.layer_kinds import is_a, is_recurrent, needed_rank, recurrent
from seqwise.inspection.model_inputs import is_watched


def without_time(context: Context) -> Iterator[tuple[Call, Call]]:
    """Select the calls that need a time axis, with the recurrent call before them that ended it."""
    for call in wrong_rank(context):
        ended = ended_by(call)
        if call.first.rank == (needed_rank(call.layer) or 3) - 1 and ended is not None and is_recurrent(ended.layer):
            yield call, ended


def _repeats(context: Context, encoder: Call) -> int | None:
    """The target's timesteps where the encoder reads others, so that a decoder must make its own; else None."""
    target, steps = context.target, steps_read(context, encoder)
    if target is None or len(target.shape) != 3 or steps in (None, target.shape[1]):
        return None
    return target.shape[1]


@rule("SW210", "return-sequences-missing", "error", without_time)
def return_sequences(context: Context, call: Call, ended: Call) -> Faults:
    """A recurrent layer returns its last state only, but the next layer reads a sequence."""
    if _repeats(context, ended) is not None:
        return
    axes = call.first.named
    steps = ended.first.shape[1] if ended.inputs and ended.first.rank > 1 else None
    pictures = len(axes) > 2
    sequence = "a sequence of pictures" if pictures else "a sequence, (samples, timesteps, features)"
    yield Fault(
        what=f"{describe(ended)} returns its last state only, {_write(axes).replace('=any', '')}; {describe(call)} "
        f"reads {sequence}. A recurrent layer below another one must return every timestep.",
        expected=_write((axes[0], (TIMESTEPS, steps), *axes[1:])) + f" into {describe(call)}",
        got=_write(axes),
        fix=change_layer(ended.layer, return_sequences=True),
    )


def _write(axes: Sequence[tuple[str, int | None]]) -> str:
    return format_shape(**{"units" if name == FEATURES else name: size for name, size in axes})


@rule("SW211", "repeat-vector-missing", "error", without_time, once=True)
def repeat_vector(context: Context, call: Call, ended: Call) -> Faults:
    """A decoder reads the encoder's last state, which has no timesteps, and the target has its own number of them."""
    wanted = _repeats(context, ended)
    if call.first.rank != 2 or wanted is None:
        return
    yield Fault(
        what=f"{describe(ended)} ends the time axis and {describe(call)} reads a sequence. The target has {wanted} "
        f"timesteps, the input {steps_read(context, ended)}: repeat the encoder's last state once for each timestep of "
        "the target.",
        expected=name_axes((None, wanted, call.first.shape[-1]), "units"),
        got=name_axes(call.first.shape, "units"),
        fix=at_layer(call, f"keras.layers.RepeatVector({wanted})", "before"),
    )


KEEP_TIME = {  # what does nearly the same as a layer that ends the time axis
    "Flatten": "keras.layers.TimeDistributed(keras.layers.Flatten())",
    "GlobalMaxPooling1D": "keras.layers.MaxPooling1D(2)",
    "GlobalAveragePooling1D": "keras.layers.AveragePooling1D(2)",
}


@rule("SW212", "time-axis-ended", "error", wrong_rank, unless=("picture-layer-on-video",))
def time_ended(context: Context, call: Call) -> Faults:
    """Flatten or a global pooling ends the time axis before a layer that reads a sequence."""
    ended = ended_by(call)
    if call.first.rank != 2 or ended is None or is_recurrent(ended.layer):
        return
    kept = next((code for kind, code in KEEP_TIME.items() if is_a(ended.layer, kind)), None)
    yield Fault(
        what=f"{describe(ended)} leaves no time axis, but {describe(call)} reads a sequence, (samples, timesteps, "
        "features).",
        expected="three axes into " + describe(call),
        got=name_axes(call.first.shape, "units"),
        fix=at_layer(ended, kept or f"keras.layers.Reshape(({call.first.shape[-1]}, 1))"),
    )


@rule("SW213", "layer-refuses-input", "error", unless=("SW1", "SW2"))
def refuses(context: Context) -> Faults:
    """A layer cannot take the shape that reaches it."""
    call = next((call for call in context.calls if call.problem), None)
    if call is None:
        return
    shape, source, got = call.first.shape, call.source, name_axes(call.first.shape)
    what = f"{describe(call)} cannot take the shape that reaches it."
    if len(shape) == 3 and is_a(call.layer, "RepeatVector") and source is not None and is_recurrent(source.layer):
        what = f"RepeatVector repeats one vector, (samples, features); {describe(source)} returns every timestep."
        expected, got = "(samples=any, units)", name_axes(shape, "units")
        fix = change_layer(source.layer, return_sequences=False)
    elif is_a(call.layer, "TimeDistributed") and is_recurrent(call.layer.layer):
        what += " A recurrent layer runs over the timesteps itself; TimeDistributed would give it a single one."
        expected, fix = "no TimeDistributed", at_layer(call, layer_code(call.layer.layer, return_sequences=True))
    elif is_a(call.layer, "Attention", "AdditiveAttention") and len(call.inputs) == 1:
        tensor = context.names.of(context.construction.argument, "") if context.construction is not None else ""
        what += " It reads a list, [query, value]; attention of a sequence to itself is [sequence, sequence]."
        fix = at_layer(call, tensor and f"{layer_code(call.layer)}([{tensor}, {tensor}])", "call of")
        expected = "a list of two sequences or three"
    elif call.problem == RANK:
        expected = "one with its timesteps: (samples, timesteps, features)"
        reshape = at_layer(call, f"keras.layers.Reshape((-1, {shape[-1]}))", "before")
        fix = reshape if len(shape) != 3 else at_layer(call, "")
    else:
        what += f" Keras: {call.problem.rstrip('.')}. Change its settings, or what it reads."
        expected, fix = "a shape that fits its settings", at_layer(call, "")
    yield Fault(what=what, expected=expected, got=got, fix=fix)


UNBOUNDED = ("relu", "elu", "selu", "linear", "softplus", "leaky_relu", "relu6", "gelu", "silu", "swish")


@rule("SW214", "relu-in-recurrent-layer", "hint", recurrent_calls)
def relu(context: Context, call: Call) -> Faults:
    """A recurrent layer has an activation without an upper bound."""
    layer = recurrent(call.layer)
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    # the IRNN of Le et al. (2015) is made for relu
    identity = is_a(layer, "SimpleRNN") and "Identity" in type(layer.cell.recurrent_initializer).__name__
    if name not in UNBOUNDED or (name == "relu" and identity):
        return
    yield Fault(
        what=f"{describe(call)} has activation={name!r}: its state has no upper bound and can grow at every timestep. "
        "tanh, the default, keeps it between -1 and 1.",
        expected="activation='tanh'",
        got=f"activation={name!r}",
        fix=change_layer(call.layer, activation="tanh"),
    )


@rule("SW215", "bidirectional-while-streaming", "error", recurrent_calls)
def streaming(context: Context, call: Call) -> Faults:
    """A model that is to run one timestep at a time has a bidirectional layer."""
    forward = recurrent(call.layer)
    if not is_a(call.layer, "Bidirectional") or not (context.streaming or getattr(forward, "stateful", False)):
        return
    why = "streaming=True." if context.streaming else "the layer is stateful, so the next batch continues it."
    yield Fault(
        severity="error" if context.streaming else "warning",
        what=f"{describe(call)} reads each sequence from its end as well, and a stream has no end yet: {why}",
        expected="layers that read forwards only",
        got="Bidirectional",
        fix=forwards_only(call.layer),
    )


@rule("SW216", "stateful-batch-size", "error", recurrent_calls, once=True)
def stateful(context: Context, call: Call) -> Faults:
    """A stateful layer has no fixed batch size, or one that does not divide the samples."""
    if not recurrent(call.layer).stateful or not context.inputs:
        return
    entry, data = context.inputs[0], context.data
    samples = data.samples if data is not None else 0
    batch_size = entry.declared[0] if entry.declared else None
    if batch_size is None and is_watched(context.model):  # it is built on the batches of `fit`
        batch_size = context.batch_size or 32
    if batch_size is None:
        divisor = next(size for size in range(32, 0, -1) if (samples or 32) % size == 0)
        size, first = context.batch_size or divisor, context.calls[0]
        shape = entry.declared or (first.first.shape if first.inputs else (None, None, None))
        code = f"keras.Input(batch_shape={(size, *shape[1:])})"
        yield Fault(
            what=f"{describe(call)} is stateful: it keeps one state for each sample of a batch, so declare the batch "
            "size, and pass it to fit and predict.",
            expected=f"Input(batch_shape=({size}, timesteps, features)) and fit(…, batch_size={size})",
            got="no declared batch size",
            fix=at_layer(entry.layer, code) if entry.layer is not None else at_layer(first, code, "before"),
        )
    elif data is not None and samples > batch_size and samples % batch_size:
        count = samples // batch_size * batch_size
        yield Fault(
            what=f"{describe(call)} is stateful with batches of {batch_size:,}, and {samples:,} samples leave a last "
            f"batch of {samples % batch_size:,}: its states do not fit. Leave out the last {samples - count:,}.",
            expected=f"a number of samples that {batch_size:,} divides, for example {count:,}",
            got=f"samples={samples:,}",
            fix=Fix("x", "\n".join(cut(f":{count}", data, beside(data, context.target)))),
        )


@rule("SW217", "state-lost-between-batches", "warning", recurrent_calls, once=True)
def state_lost(context: Context, call: Call) -> Faults:
    """A stateful layer of Keras's own loses its state between batches on JAX."""
    layer, keras = call.layer, sys.modules.get("keras")
    if keras is None or keras.backend.backend() != "jax" or not getattr(layer, "stateful", False):
        return
    states, variables = getattr(layer, "states", None), set(map(id, layer.variables))
    if states is None or all(id(state) in variables for state in keras.tree.flatten(states)):
        return
    if is_a(layer, "LSTM"):
        fix = f"import seqwise as sw\nsw.accelerate({context.names.of(context.model, 'model')})"
    else:
        fix = 'os.environ["KERAS_BACKEND"] = "tensorflow"  # before Keras is imported'
    yield Fault(
        what=f"{describe(call)} is stateful, but on JAX Keras starts every batch of fit and predict at zero: its state "
        "is not among the model's variables.",
        expected="a state that continues from batch to batch",
        got="a state that is lost after each batch",
        fix=Fix("model", fix),
    )
