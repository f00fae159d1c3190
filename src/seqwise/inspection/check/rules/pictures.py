"""Pictures and videos: an axis that is missing, layers that read one picture, frames that are not laid flat."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.axes import TIMESTEPS, format_shape, name_axes
from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.data_code import WINDOWS, as_array, window_length
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import describe, ended_by, expected_shape, inputs_with_data
from seqwise.inspection.data import Array
from seqwise.inspection.graph import RANK, Call, Shape
from seqwise.inspection.layer_kinds import PICTURE_LAYERS, is_a, is_recurrent, needed_rank
from seqwise.inspection.model_inputs import is_watched
from seqwise.inspection.trace import is_video

NO_PICTURES = "It holds no pictures; an LSTM reads (samples, timesteps, features)."
CHANNELS = 4  # the last axis is that of the channels where it is no longer: grey, with two bands, RGB, RGBA


@rule("SW125", "picture-axis-missing")
def picture_axis(context: Context) -> Iterator[Fault]:
    """An axis of pictures or videos is missing: the channels, the timesteps or the samples.

    Error. Fires where the model reads pictures, or ConvLSTM sequences of them, and x has fewer axes. Where nothing is
    declared, the channels are missing if the last axis is longer than 4, else the timesteps. Keras itself adds the
    channels where ``Input((…, 1))`` is declared, so that is no fault.
    """
    yield from list(_short_inputs(context)) or _short_calls(context)


def _short_inputs(context: Context) -> Iterator[Fault]:
    for entry, data in inputs_with_data(context):
        rank = entry.rank or 0
        if rank < 4 or data.values is None or len(data.shape) >= rank or _added_by_keras(entry, data):
            continue
        what, fix = _missing(context, entry, data) if len(data.shape) == rank - 1 else (NO_PICTURES, "")
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} has {len(data.shape)} axes, the model reads {rank}. {what}".strip(),
            expected=expected_shape(entry),
            got=str(tuple(map(int, data.shape))),
            fix=fix,
        )


def _short_calls(context: Context) -> Iterator[Fault]:
    for call in context.calls:
        need = needed_rank(call.layer) or 0
        if call.problem != RANK or need < 4 or call.first.rank != need - 1 or ended_by(call) is not None:
            continue
        sizes = call.first.shape[1:]
        grey = sizes[-1] is None or sizes[-1] > CHANNELS
        text = ", ".join(str(-1 if size is None else size) for size in sizes)
        yield Fault(
            severity="error",
            where=f"before layer {call.name!r}",
            what=f"{describe(call)} reads {need} axes, and gets {need - 1}. "
            + (
                "The channels are missing: grey pictures have one."
                if grey
                else "The timesteps are missing. If each sample is one picture, use layers that read pictures; "
                f"if the pictures are frames of a video, cut it into windows and declare Input((frames, {text}))."
            ),
            expected=name_axes((None,) * need),
            got=format_shape(**dict(call.first.named)),
            fix=f"keras.layers.Reshape(({text}, 1))" if grey and sizes.count(None) < 2 else "",
        )


def _added_by_keras(entry: Input, data: Array) -> bool:
    return entry.declared is not None and entry.declared[-1] == 1 and _alike(entry.declared[1:-1], data.shape[1:])


def _alike(declared: Shape, sizes: tuple[int, ...]) -> bool:
    return len(declared) == len(sizes) and all(a in (None, b) for a, b in zip(declared, sizes, strict=True))


def _missing(context: Context, entry: Input, data: Array) -> tuple[str, str]:
    """Return which axis is missing, in words, and the lines that add it."""
    array, frames = as_array(data), entry.rank == 5
    if not frames and context.calls and is_a(context.calls[0].layer, "TimeDistributed"):
        return "Cut each sample into shorter sequences: reshape it to (samples, sequences, timesteps, features).", ""
    if entry.declared is not None and not _alike(entry.declared[2:], data.shape[1:]):
        return "", ""
    if entry.declared is not None and entry.labelled in (None, 1) and entry.declared[1] in (None, data.samples):
        return "It is a single sample, not a batch of one.", f"{data.name} = {array}[None]"
    if entry.declared is None and (data.shape[-1] > CHANNELS or not frames):
        return "The channels are missing: grey pictures have one.", f"{data.name} = {array}[..., None]"
    steps = window_length(entry, data)
    lines = [f"{data.name} = np.moveaxis({WINDOWS}({array}, {steps}, axis=0), -1, 1)"]
    if context.target is not None and context.target.samples == data.samples:
        lines.append(f"{context.target.name} = {context.target.name}[{steps - 1}:]")
    return (
        f"The timesteps are missing: cut the video into windows of {steps} frames, the target of each is that of "
        "its last frame. (If each sample is one picture, use layers that read pictures.)",
        "\n".join(lines),
    )


@rule("SW218", "picture-layer-on-video")
def picture_layers(context: Context) -> Iterator[Fault]:
    """A layer that reads one picture a sample gets videos: it must be applied to each frame.

    Error. Fires where five axes, (samples, timesteps, height, width, channels), reach Conv2D, MaxPooling2D or another
    layer of their kind. A Flatten after them that would lay the timesteps flat, too, is part of the finding.
    """
    calls = [call for call in context.calls if call.problem == RANK and is_video(call)]
    if not calls:
        return
    model = _model_around(context, calls[0])
    if model is not None:
        name = context.names.of(model.layer, model.name)
        yield Fault(
            severity="error",
            where=f"layer {model.name!r}",
            what=f"{name} reads pictures, and gets videos, {format_shape(**dict(model.first.named))}. Apply it to each "
            f"frame: keras.layers.TimeDistributed({name}).",
            expected="(samples, height, width, channels)",
            got=format_shape(**dict(model.first.named)),
        )
        return
    first = calls[0]
    blocked = [call for call in context.calls if call.problem == RANK and call.first.rank == 2]
    flattens = [ended for call in blocked if (ended := ended_by(call)) is not None and is_a(ended.layer, "Flatten")]
    layers = [call.layer for call in context.calls if call in calls or call in flattens]
    if is_watched(context.model) and context.calls[-1] is first:  # its `call` ends here: the other layers will follow
        uncalled = [layer for layer in context.model.layers if layer is not first.layer]
        flattens = [layer for layer in uncalled if is_a(layer, "Flatten") and any(map(is_recurrent, uncalled))]
        layers += [layer for layer in uncalled if is_a(layer, *PICTURE_LAYERS) or layer in flattens]
    names = ", ".join(repr(layer.name) for layer in layers)
    yield Fault(
        severity="error",
        where=f"layer{'s' if len(layers) > 1 else ''} {names}",
        what=f"{describe(first)} reads one picture a sample, and gets videos. TimeDistributed applies a layer to each "
        "frame; every layer that reads pictures needs it"
        + (", and Flatten, which would lay the frames of a video flat, too." if flattens else "."),
        expected="(samples, height, width, channels)",
        got=format_shape(**dict(first.first.named)),
        fix="\n".join(f"keras.layers.TimeDistributed({layer_code(layer)})" for layer in layers),
    )


def _model_around(context: Context, call: Call) -> Call | None:
    """Return the call of the model that holds a layer; None for a layer of the outermost model."""
    calls = context.graph.calls
    before = calls[: calls.index(call)]
    return next((other for other in reversed(before) if other.opens and other.depth == call.depth - 1), None)


@rule("SW219", "frames-not-flattened")
def frames(context: Context) -> Iterator[Fault]:
    """A layer that reads sequences gets pictures: each frame must become one vector of features first.

    Error. Fires where more than three axes reach an LSTM, Conv1D or another layer that reads (samples, timesteps,
    features), as after TimeDistributed convolutions or ConvLSTM2D.
    """
    for call in context.calls:
        if call.problem != RANK or needed_rank(call.layer) != 3 or not 4 <= call.first.rank <= 6:
            continue
        shape, steps = call.first.shape, call.first.axes[1]
        inner = f"GlobalAveragePooling{len(shape) - 3}D" if _any_size(context, call) else "Flatten"
        yield Fault(
            severity="error",
            where=f"before layer {call.name!r}",
            what=f"{describe(call)} reads one vector of features a timestep, and gets {len(shape)} axes. "
            f"{'Lay each frame flat' if inner == 'Flatten' else 'Average each frame'} first"
            + (f"; the axis {steps} is then read as the timesteps." if steps != TIMESTEPS else "."),
            expected="(samples, timesteps, features)",
            got=format_shape(**dict(call.first.named)),
            fix=f"keras.layers.TimeDistributed(keras.layers.{inner}())",
        )


def _any_size(context: Context, call: Call) -> bool:
    """Tell whether the frames may have any size, so that Flatten would give any number of features."""
    declared = [entry.declared[2:] for entry in context.inputs if entry.declared is not None]
    return None in call.first.shape[2:] or any(None in sizes for sizes in declared)
