"""Layers that cannot read what the layer before them returns, and settings that rarely mean well."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from seqwise.axes import FEATURES, TIMESTEPS, format_shape, name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import (
    describe,
    ended_by,
    steps_read,
    target_steps,
)
from seqwise.inspection.graph import RANK, Call
from seqwise.inspection.layer_kinds import is_a, is_recurrent, needed_rank, recurrent
from seqwise.inspection.model_inputs import is_watched


@rule("SW210", "return-sequences-missing")
def return_sequences(context: Context) -> Iterator[Fault]:
    """A recurrent layer returns its last state only, but the next layer reads a sequence.

    Error. Fires on an LSTM, GRU, SimpleRNN, Conv1D, TimeDistributed, … after a recurrent layer without
    ``return_sequences=True``, whatever Dropout, Dense or normalisation lies between; on ConvLSTM2D, Conv3D, … after a
    ConvLSTM2D.
    """
    for call, ended in _without_time(context):
        if _repeats(context, ended):
            continue
        axes = call.first.named
        steps = ended.first.shape[1] if ended.inputs and ended.first.rank > 1 else None
        pictures = len(axes) > 2
        yield Fault(
            severity="error",
            where=f"layer {ended.name!r}",
            what=f"{describe(ended)} returns its last state only, {_write(axes).replace('=any', '')}; {describe(call)} "
            f"reads a sequence{' of pictures' if pictures else ', (samples, timesteps, features)'}. A recurrent layer "
            "below another one must return every timestep.",
            expected=_write((axes[0], (TIMESTEPS, steps), *axes[1:])) + f" into {describe(call)}",
            got=_write(axes),
            fix=layer_code(ended.layer, return_sequences=True),
        )


def _without_time(context: Context) -> Iterator[tuple[Call, Call]]:
    """Yield the calls that need a time axis, with the recurrent call before them that ended it."""
    for call in context.calls:
        need = needed_rank(call.layer) or 3
        if call.problem == RANK and call.first.rank == need - 1:
            ended = ended_by(call)
            if ended is not None and is_recurrent(ended.layer):
                yield call, ended


def _write(axes: Sequence[tuple[str, int | None]]) -> str:
    return format_shape(**{"units" if name == FEATURES else name: size for name, size in axes})


def _repeats(context: Context, encoder: Call) -> bool:
    """Tell whether the target has other timesteps than the encoder reads, so that a decoder must make its own."""
    wanted, steps = target_steps(context), steps_read(context, encoder)
    return wanted is not None and steps is not None and wanted != steps


@rule("SW211", "repeat-vector-missing")
def repeat_vector(context: Context) -> Iterator[Fault]:
    """A decoder reads the encoder's last state, which has no timesteps, and the target has its own number of them.

    Error. Fires where a layer that reads a sequence follows a recurrent layer without ``return_sequences`` and the
    target's timesteps are not the input's.
    """
    for call, ended in _without_time(context):
        if call.first.rank != 2 or not _repeats(context, ended):
            continue
        wanted = target_steps(context)
        yield Fault(
            severity="error",
            where=f"before layer {call.name!r}",
            what=f"{describe(ended)} ends the time axis and {describe(call)} reads a sequence. The target has {wanted} "
            f"timesteps, the input {steps_read(context, ended)}: repeat the encoder's last state once for each "
            "timestep of the target.",
            expected=name_axes((None, wanted, call.first.shape[-1]), "units"),
            got=name_axes(call.first.shape, "units"),
            fix=f"keras.layers.RepeatVector({wanted})",
        )
        return


@rule("SW212", "time-axis-ended", unless=("picture-layer-on-video",))
def time_ended(context: Context) -> Iterator[Fault]:
    """Flatten or a global pooling ends the time axis before a layer that reads a sequence.

    Error. Fires on any layer that needs three axes after Flatten, GlobalAveragePooling1D or GlobalMaxPooling1D.
    """
    for call in context.calls:
        if call.problem != RANK or call.first.rank != 2:
            continue
        ended = ended_by(call)
        if ended is None or is_recurrent(ended.layer):
            continue
        if is_a(ended.layer, "Flatten"):
            fix = "keras.layers.TimeDistributed(keras.layers.Flatten())"
        elif is_a(ended.layer, "GlobalMaxPooling1D"):
            fix = "keras.layers.MaxPooling1D(2)"
        elif is_a(ended.layer, "GlobalAveragePooling1D"):
            fix = "keras.layers.AveragePooling1D(2)"
        else:
            fix = f"keras.layers.Reshape(({call.first.shape[-1]}, 1))"
        yield Fault(
            severity="error",
            where=f"layer {ended.name!r}",
            what=f"{describe(ended)} leaves no time axis, but {describe(call)} reads a sequence, (samples, timesteps, "
            "features).",
            expected="three axes into " + describe(call),
            got=name_axes(call.first.shape, "units"),
            fix=fix,
        )


@rule("SW213", "layer-refuses-input", unless=("SW1", "SW2"))
def refuses(context: Context) -> Iterator[Fault]:
    """A layer cannot take the shape that reaches it.

    Error. Fires where Keras's own calculation of the shapes fails and no other rule explains it.
    """
    for call in context.calls:
        if not call.problem:
            continue
        shape = call.first.shape
        axes = "one with its timesteps" if call.problem == RANK else "one that it can take"
        words = "" if call.problem == RANK else f" Keras: {call.problem}. Change its settings, or what it reads."
        fix = f"keras.layers.Reshape((-1, {shape[-1]}))" if len(shape) != 3 and call.problem == RANK else ""
        if len(shape) == 3 and is_a(call.layer, "RepeatVector"):
            source = call.source
            if source is not None and is_recurrent(source.layer):
                yield Fault(
                    severity="error",
                    where=f"layer {source.name!r}",
                    what="RepeatVector repeats one vector, (samples, features); "
                    f"{describe(source)} returns every timestep.",
                    expected="(samples=any, units)",
                    got=name_axes(shape, "units"),
                    fix=layer_code(source.layer, return_sequences=False),
                )
                return
        yield Fault(
            severity="error",
            where=f"before layer {call.name!r}" if fix else f"layer {call.name!r}",
            what=f"{describe(call)} cannot take the shape that reaches it.{words}",
            expected=f"{axes}: (samples, timesteps, features)"
            if call.problem == RANK
            else "a shape that fits its settings",
            got=name_axes(shape),
            fix=fix,
        )
        return


UNBOUNDED = ("relu", "elu", "selu", "linear", "softplus", "leaky_relu", "relu6", "gelu", "silu", "swish")


@rule("SW214", "relu-in-recurrent-layer")
def relu(context: Context) -> Iterator[Fault]:
    """A recurrent layer has an activation without an upper bound.

    Hint. With relu (or elu, selu, linear, softplus) an LSTM's state can grow from timestep to timestep without bound,
    and the loss with it; the fast kernels know tanh only. Fires on any recurrent layer whose `activation` is one of
    these.
    """
    for call in context.recurrent_calls:
        layer = recurrent(call.layer)
        name = getattr(getattr(layer, "activation", None), "__name__", "")
        if name not in UNBOUNDED or (name == "relu" and _starts_as_identity(layer)):
            continue
        yield Fault(
            severity="hint",
            where=f"layer {call.name!r}",
            what=f"{describe(call)} has activation={name!r}: its state has no upper bound and can grow at every "
            "timestep. tanh, the default, keeps it between -1 and 1.",
            expected="activation='tanh'",
            got=f"activation={name!r}",
            fix=layer_code(call.layer, activation="tanh"),
        )


def _starts_as_identity(layer: Any) -> bool:
    """Tell whether a layer is the IRNN of Le et al. (2015), which is made for relu."""
    return is_a(layer, "SimpleRNN") and "Identity" in type(layer.cell.recurrent_initializer).__name__


@rule("SW215", "bidirectional-while-streaming")
def streaming(context: Context) -> Iterator[Fault]:
    """A model that is to run one timestep at a time has a bidirectional layer.

    Error with ``streaming=True``; a warning where the layer is stateful. The backward direction starts at the last
    timestep, which a stream does not have yet. Fires on every Bidirectional layer in such a model.
    """
    for call in context.recurrent_calls:
        if not is_a(call.layer, "Bidirectional"):
            continue
        forward = call.layer.forward_layer
        if not (context.streaming or getattr(forward, "stateful", False)):
            continue
        yield Fault(
            severity="error" if context.streaming else "warning",
            where=f"layer {call.name!r}",
            what=f"{describe(call)} reads each sequence from its end as well, and a stream has no end yet"
            + (
                ": streaming=True." if context.streaming else ": the layer is stateful, so the next batch continues it."
            ),
            expected="layers that read forwards only",
            got="Bidirectional",
            fix=layer_code(forward, units=forward.units * (2 if call.layer.merge_mode == "concat" else 1)),
        )


@rule("SW216", "stateful-batch-size")
def stateful(context: Context) -> Iterator[Fault]:
    """A stateful layer has no fixed batch size, or one that does not divide the samples.

    Error. A stateful layer keeps one state for each sample of a batch, so every batch must have the same size. Fires
    where no batch size is declared, and where the declared one does not divide the number of samples.
    """
    call = next((call for call in context.recurrent_calls if recurrent(call.layer).stateful), None)
    entry = context.inputs[0] if context.inputs else None
    if call is None or entry is None:
        return
    batch_size = entry.declared[0] if entry.declared else None
    if batch_size is None and is_watched(context.model):  # it is built on the batches of `fit`
        batch_size = context.batch_size or 32
    samples = context.data.samples if context.data is not None else None
    if batch_size is None:
        size = context.batch_size or _divisor(samples or 32)
        first = context.calls[0]
        shape = (entry.declared or (first.first.shape if first.inputs else (None, None, None)))[1:]
        yield Fault(
            severity="error",
            where=f"layer {entry.layer.name!r}" if entry.layer is not None else f"before layer {first.name!r}",
            what=f"{describe(call)} is stateful: it keeps one state for each sample of a batch, so declare the batch "
            "size, and pass it to fit and predict.",
            expected=f"Input(batch_shape=({size}, timesteps, features)) and fit(…, batch_size={size})",
            got="no declared batch size",
            fix=f"keras.Input(batch_shape={(size, *shape)})",
        )
    elif context.data is not None and samples and samples % batch_size and samples > batch_size:
        count = samples // batch_size * batch_size
        fix = f"{context.data.name} = {context.data.name}[:{count}]"
        if context.target is not None and context.target.samples == samples:
            fix += f"\n{context.target.name} = {context.target.name}[:{count}]"
        yield Fault(
            severity="error",
            where="x",
            what=f"{describe(call)} is stateful with batches of {batch_size:,}, and {samples:,} samples leave a last "
            f"batch of {samples % batch_size:,}: its states do not fit. Leave out the last {samples - count:,}.",
            expected=f"a number of samples that {batch_size:,} divides, for example {count:,}",
            got=f"samples={samples:,}",
            fix=fix,
        )


def _divisor(samples: int) -> int:
    """Return the largest batch size up to 32 that divides the samples."""
    return next((size for size in range(min(32, samples), 0, -1) if samples % size == 0), 1)


@rule("SW217", "state-lost-between-batches")
def state_lost(context: Context) -> Iterator[Fault]:
    """A stateful layer of Keras's own loses its state between batches on JAX.

    Warning. On JAX, Keras 3.15 passes the variables of a model from batch to batch, and the state is not among them:
    `fit` and `predict` run without an error, as if ``stateful=True`` were not there. Fires on such a layer where the
    state is not among its variables; in Seqwise's layers it is.
    """
    keras = sys.modules.get("keras")
    if keras is None or keras.backend.backend() != "jax":
        return
    for call in context.recurrent_calls:
        layer = call.layer
        if not getattr(layer, "stateful", False) or getattr(layer, "states", None) is None:
            continue
        variables = set(map(id, layer.variables))
        if all(id(state) in variables for state in keras.tree.flatten(layer.states)):
            continue
        if is_a(layer, "LSTM"):
            fix = f"import seqwise as sw\nsw.accelerate({context.names.of(context.model, 'model')})"
        else:
            fix = 'os.environ["KERAS_BACKEND"] = "tensorflow"  # before Keras is imported'
        yield Fault(
            severity="warning",
            where="model",
            what=f"{describe(call)} is stateful, but on JAX Keras starts every batch of fit and predict at zero: its "
            "state is not among the model's variables.",
            expected="a state that continues from batch to batch",
            got="a state that is lost after each batch",
            fix=fix,
        )
        return
