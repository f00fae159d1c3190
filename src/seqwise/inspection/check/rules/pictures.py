"""Pictures and videos: an axis that is missing, layers that read one picture, frames that are not laid flat."""

from __future__ import annotations

from typing import Any

from seqwise.axes import TIMESTEPS, format_shape, name_axes
from seqwise.inspection.check.fixes import as_array, at_layer, cut_windows, window_length
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Array, Call, Context, Fault, Faults, Fix, Input, Shape, rule
from seqwise.inspection.check.selectors import describe, ended_by, expected_shape, numbers, wrong_rank
from seqwise.inspection.layer_kinds import PICTURE_LAYERS, is_a, is_recurrent, needed_rank
from seqwise.inspection.model_inputs import is_watched
from seqwise.inspection.trace import is_video

NO_CHANNELS = "The channels are missing: grey pictures have one."
NO_PICTURES = "It holds no pictures; an LSTM reads (samples, timesteps, features)."
CHANNELS = 4  # the last axis is that of the channels where it is no longer: grey, with two bands, RGB, RGBA


@rule("SW125", "picture-axis-missing", "error")
def picture_axis(context: Context) -> Faults:
    """An axis of pictures or videos is missing: the channels, the timesteps or the samples."""
    yield from list(_short_inputs(context)) or _short_calls(context)


def _short_inputs(context: Context) -> Faults:
    for entry, data in numbers(context):
        rank = entry.rank or 0
        declared = entry.declared or (None,)
        added_by_keras = declared[-1] == 1 and _alike(declared[1:-1], data.shape[1:])
        if rank < 4 or len(data.shape) >= rank or added_by_keras:
            continue
        what, fix = _missing(context, entry, data) if len(data.shape) == rank - 1 else (NO_PICTURES, "")
        yield Fault(
            what=f"{data.name} has {len(data.shape)} axes, the model reads {rank}. {what}".strip(),
            expected=expected_shape(entry),
            got=str(tuple(map(int, data.shape))),
            fix=Fix("x", fix),
        )


def _short_calls(context: Context) -> Faults:
    for call in wrong_rank(context):
        need = needed_rank(call.layer) or 0
        sequences = is_a(call.layer, "TimeDistributed") and is_recurrent(call.layer.layer)
        if need < 4 or sequences or call.first.rank != need - 1 or ended_by(call) is not None:
            continue
        sizes = call.first.shape[1:]
        grey = sizes[-1] is None or sizes[-1] > CHANNELS
        text = ", ".join(str(-1 if size is None else size) for size in sizes)
        reshape = f"keras.layers.Reshape(({text}, 1))"
        frames = (
            "The timesteps are missing. If each sample is one picture, use layers that read pictures; if the pictures "
            f"are frames of a video, cut it into windows and declare Input((frames, {text}))."
        )
        yield Fault(
            what=f"{describe(call)} reads {need} axes, and gets {need - 1}. {NO_CHANNELS if grey else frames}",
            expected=name_axes((None,) * need),
            got=format_shape(**dict(call.first.named)),
            fix=at_layer(call, reshape if grey and sizes.count(None) < 2 else "", "before"),
        )


def _alike(declared: Shape, sizes: tuple[int, ...]) -> bool:
    return len(declared) == len(sizes) and all(a in (None, b) for a, b in zip(declared, sizes, strict=True))


def _missing(context: Context, entry: Input, data: Array) -> tuple[str, str]:
    """Return which axis is missing, in words, and the lines that add it."""
    array, frames, declared = as_array(data), entry.rank == 5, entry.declared
    if not frames and context.calls and is_a(context.calls[0].layer, "TimeDistributed"):
        return "Cut each sample into shorter sequences: reshape it to (samples, sequences, timesteps, features).", ""
    if declared is not None and not _alike(declared[2:], data.shape[1:]):
        return "", ""
    if declared is not None and entry.labelled in (None, 1) and declared[1] in (None, data.samples):
        return "It is a single sample, not a batch of one.", f"{data.name} = {array}[None]"
    if declared is None and (data.shape[-1] > CHANNELS or not frames):
        return NO_CHANNELS, f"{data.name} = {array}[..., None]"
    steps = window_length(entry, data)
    return (
        f"The timesteps are missing: cut the video into windows of {steps} frames, the target of each is that of "
        "its last frame. (If each sample is one picture, use layers that read pictures.)",
        cut_windows(context, data, steps, "np.moveaxis({}, -1, 1)"),
    )


def videos(context: Context) -> list[Call]:
    return [call for call in wrong_rank(context) if is_video(call)]


@rule("SW218", "picture-layer-on-video", "error", videos, once=True)
def picture_layers(context: Context, first: Call) -> Faults:
    """A layer that reads one picture a sample gets videos: it must be applied to each frame."""
    calls = context.graph.calls
    before = calls[: calls.index(first)]
    model = next((call for call in reversed(before) if call.opens and call.depth == first.depth - 1), None)
    if model is not None:  # the layer is not one of the outermost model
        name = context.names.of(model.layer, model.name)
        what = f"{name} reads pictures, and gets videos, {format_shape(**dict(model.first.named))}. Apply it to each "
        what += f"frame: keras.layers.TimeDistributed({name})."
        fix = at_layer(model, "")
    else:
        layers, flattens = _of_each_frame(context, first)
        what = (
            f"{describe(first)} reads one picture a sample, and gets videos. TimeDistributed applies a layer to each "
        )
        what += "frame; every layer that reads pictures needs it"
        what += ", and Flatten, which would lay the frames of a video flat, too." if flattens else "."
        where = f"layer{'s' if len(layers) > 1 else ''} {', '.join(repr(layer.name) for layer in layers)}"
        fix = Fix(where, "\n".join(f"keras.layers.TimeDistributed({layer_code(layer)})" for layer in layers))
    yield Fault(
        what=what,
        expected="(samples, height, width, channels)",
        got=format_shape(**dict((model or first).first.named)),
        fix=fix,
    )


def _of_each_frame(context: Context, first: Call) -> tuple[list[Any], bool]:
    """Return the layers that must be applied to each frame, and whether a Flatten is among them."""
    ended = [ended_by(call) for call in wrong_rank(context) if call.first.rank == 2]
    flattens = [call.layer for call in ended if call is not None and is_a(call.layer, "Flatten")]
    calls = videos(context)
    layers = [call.layer for call in context.calls if call in calls or call.layer in flattens]
    if is_watched(context.model) and context.calls[-1] is first:  # its `call` ends here: the other layers will follow
        uncalled = [layer for layer in context.model.layers if layer is not first.layer]
        flattens = [layer for layer in uncalled if is_a(layer, "Flatten") and any(map(is_recurrent, uncalled))]
        layers += [layer for layer in uncalled if is_a(layer, *PICTURE_LAYERS) or layer in flattens]
    return layers, bool(flattens)


@rule("SW219", "frames-not-flattened", "error", wrong_rank)
def frames(context: Context, call: Call) -> Faults:
    """A layer that reads sequences gets pictures: each frame must become one vector of features first."""
    if needed_rank(call.layer) != 3 or not 4 <= call.first.rank <= 6:
        return
    shape, steps = call.first.shape, call.first.axes[1]
    declared = [entry.declared[2:] for entry in context.inputs if entry.declared is not None]
    any_size = any(None in sizes for sizes in (shape[2:], *declared))  # Flatten would give any number of features
    inner = f"GlobalAveragePooling{len(shape) - 3}D" if any_size else "Flatten"
    yield Fault(
        what=f"{describe(call)} reads one vector of features a timestep, and gets {len(shape)} axes. "
        f"{'Average each frame' if any_size else 'Lay each frame flat'} first"
        + (f"; the axis {steps} is then read as the timesteps." if steps != TIMESTEPS else "."),
        expected="(samples, timesteps, features)",
        got=format_shape(**dict(call.first.named)),
        fix=at_layer(call, f"keras.layers.TimeDistributed(keras.layers.{inner}())", "before"),
    )
