"""The axes of the input: missing, too many, in the wrong order, or of another size than the model declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.fixes import as_array, at_layer, change_layer, change_x, cut_windows, window_length
from seqwise.inspection.check.measures import column_scales, slides
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Input, Shape, rule
from seqwise.inspection.check.selectors import expected_shape, numbers, of_axes, recurrent_calls, token_like

three_axes = partial(of_axes, count=3)


def meaning_of_two_axes(entry: Input, data: Array) -> str:
    """Return what a 2-D array probably holds where the model needs three axes.

    ``"sample"``: a single one. ``"rows"``: a table, a row for each timestep. ``"flat"``: flattened windows.
    ``"timesteps"``: one feature, a row for each sample. ``"unclear"``: rows or timesteps.
    """
    if data.single:
        return "sample"
    rows, columns = data.shape
    if entry.declared is not None and len(entry.declared) == 3:
        _, steps, features = entry.declared
        one_target = entry.labelled in (None, 1) or entry.labelled != rows
        if steps in (rows, None) and features == columns and features != 1 and one_target:
            return "sample"
        if features == 1:
            return "timesteps"
        if features == columns:
            return "rows"
        if steps and features and columns == steps * features:
            return "flat"
        return "timesteps" if steps == columns else "unclear"
    if any(not name.isdigit() for name in data.columns):
        return "rows"
    scales = column_scales(data)
    ratio = scales.max() / scales.min() if scales.size and scales.min() > 0 else np.inf
    if ratio > 20:
        return "rows"
    return "timesteps" if columns >= 5 and ratio < 5 else "unclear"


def two_axes(context: Context, meaning: str) -> Iterator[tuple[Input, Array]]:
    """Yield the inputs that have two axes of this meaning where three are needed, token ids aside."""
    for entry, data in of_axes(context, 2):
        if not token_like(entry) and meaning_of_two_axes(entry, data) == meaning:
            yield entry, data


@rule("SW110", "features-axis-missing", "error", partial(two_axes, meaning="timesteps"))
def features_axis(context: Context, entry: Input, data: Array) -> Faults:
    """The features axis is missing: each row is a sample, each column a timestep of one feature."""
    added_by_keras = entry.declared is not None and entry.declared[2] == 1 and entry.layer is not None
    yield Fault(
        severity="hint" if added_by_keras else "error",
        what=f"{data.name} has two axes, (samples={data.shape[0]:,}, timesteps={data.shape[1]:,}); the features axis "
        "is missing. One number for each timestep is one feature."
        + (" Keras adds the axis itself here, other frameworks do not." if added_by_keras else ""),
        expected=expected_shape(entry),
        got=name_axes(data.shape, "timesteps"),
        fix=change_x(data, f"{as_array(data)}[..., None]"),
    )


@rule("SW111", "samples-axis-missing", "error", partial(two_axes, meaning="sample"))
def samples_axis(context: Context, entry: Input, data: Array) -> Faults:
    """The samples axis is missing: the input is a single sample, not a batch of one."""
    sample = f"(timesteps={data.shape[0]:,}, features={data.shape[1]:,})"
    yield Fault(
        what=f"{data.name} is a single sample, {sample}; a model reads a batch of samples, even if it is one.",
        expected=name_axes((1, *data.shape)),
        got=sample,
        fix=change_x(data, f"{as_array(data)}[None]"),
    )


@rule("SW112", "windows-missing", "error", numbers)
def windows(context: Context, entry: Input, data: Array) -> Faults:
    """A table of rows was not cut into windows."""
    series = len(data.shape) == 1
    table = any(other is entry for other, _ in two_axes(context, "rows"))
    if entry.rank != 3 or not (series or table):
        return
    rows, steps = data.samples, window_length(entry, data)
    yield Fault(
        what=f"{data.name} is {'a series' if series else 'a table'} of {rows:,} rows; an LSTM reads windows of rows: "
        f"samples of {steps:,} timesteps each. Cut a window at every row; its target is that of its last row.",
        expected=expected_shape(entry),
        got=f"(rows={rows:,})" if series else f"(rows={rows:,}, features={data.shape[1]:,})",
        fix=Fix("x", windows_code(context, data, steps)),
    )


def windows_code(context: Context, data: Array, steps: int) -> str:
    """Write the lines that cut a table or a series into windows of `steps` rows."""
    table = len(data.shape) == 2
    if steps == 1:
        return f"{data.name} = {as_array(data)}[{':, None, :' if table else ':, None, None'}]"
    return cut_windows(context, data, steps, "{}.transpose(0, 2, 1)" if table else "{}[..., None]")


@rule("SW113", "flattened-windows", "error", partial(two_axes, meaning="flat"))
def flat(context: Context, entry: Input, data: Array) -> Faults:
    """The windows are flattened: timesteps × features on one axis."""
    _, steps, features = entry.declared or (None, None, None)
    yield Fault(
        what=f"{data.name} has each sample as one row of {data.shape[1]:,} numbers, which is {steps} timesteps × "
        f"{features} features, flattened (the features of a timestep side by side, as reshape lays them out).",
        expected=expected_shape(entry),
        got=f"(samples={data.shape[0]:,}, timesteps × features={data.shape[1]:,})",
        fix=change_x(data, f"{as_array(data)}.reshape(-1, {steps}, {features})"),
    )


@rule("SW114", "two-readings", "error", partial(two_axes, meaning="unclear"))
def two_readings(context: Context, entry: Input, data: Array) -> Faults:
    """A 2-D array can be read in two ways."""
    rows, columns = data.shape
    alternative = windows_code(context, data, window_length(entry, data)).replace("\n", "; ")
    yield Fault(
        what=f"{data.name} has two axes and can be read in two ways. If a row is one sample and its {columns:,} "
        "columns are one quantity at successive times, the features axis is missing. If a row is one point in time and "
        f"the columns are {columns:,} different quantities, the rows must be cut into windows. To decide: does it make "
        "sense to shuffle the rows? Then a row is a sample.",
        expected=expected_shape(entry),
        got=f"({rows:,}, {columns:,})",
        fix=change_x(
            data, f"{as_array(data)}[..., None]\n# or, if the columns are different quantities: {alternative}"
        ),
    )


@rule("SW107", "batched-twice", "error", numbers)
def batched_twice(context: Context, entry: Input, data: Array) -> Faults:
    """A source of batches puts its batches in batches."""
    declared, target = (entry.declared or ())[1:], context.target
    fits = declared and len(data.shape) == len(declared) + 2
    if not fits or target is None or "x" not in context.data_from or target.shape[:2] != data.shape[:2]:
        return
    if all(size in (None, actual) for size, actual in zip(declared, data.shape[2:], strict=True)):
        yield Fault(
            what=f"The source, {context.data_from['x']}, hands out {data.shape[1]:,} samples inside each sample: its "
            "batches were batched again. Call batch once, or unbatch first.",
            expected=expected_shape(entry),
            got=str(data.shape),
            fix=Fix("x"),
        )


@rule("SW115", "extra-axis", "error", numbers, unless=("picture-layer-on-video", "batched-twice"))
def extra_axis(context: Context, entry: Input, data: Array) -> Faults:
    """The input has too many axes: a stray `expand_dims`, or a trailing 1."""
    shape, rank = data.shape, entry.rank
    if rank is None or len(shape) <= rank:
        return
    axes = _axes_to_drop(shape, rank, entry.declared)
    dropped_by_keras = entry.declared is not None and entry.layer is not None and axes == (len(shape) - 1,)
    if axes:
        what = f"Axis {', '.join(map(str, axes))} has size 1: a stray expand_dims, [..., None] or reshape."
        fix = f"np.squeeze({data.name}, axis={axes[0] if len(axes) == 1 else axes})"
    elif entry.embedded is not None and len(shape) == 3:
        what = "An Embedding reads token ids, (samples, timesteps); this looks like one-hot vectors."
        fix = f"{data.name}.argmax(-1)"
    else:
        what = f"Axes {rank - 1} to {len(shape) - 1} can be merged."
        fix = f"{as_array(data)}.reshape({', '.join(map(str, (*shape[: rank - 1], -1)))})"
    yield Fault(
        severity="hint" if dropped_by_keras else "error",
        what=f"{data.name} has {len(shape)} axes, the model reads {rank}. {what}"
        + (" Keras drops it here, other frameworks do not." if dropped_by_keras else ""),
        expected=expected_shape(entry),
        got=f"{tuple(map(int, shape))}",
        fix=change_x(data, fix),
    )


def _axes_to_drop(shape: tuple[int, ...], rank: int, declared: Shape | None) -> tuple[int, ...]:
    """Return the axes of size 1 to drop so that `rank` remain; empty where there are too few of them."""
    excess = len(shape) - rank
    candidates = [axis for axis in range(len(shape) - 1, -1, -1) if shape[axis] == 1]
    inner = [axis for axis in candidates if axis > 0]
    if excess == 1 and declared is not None:
        for axis in inner:
            sizes = shape[1:axis] + shape[axis + 1 :]
            if all(size in (None, actual) for size, actual in zip(declared[1:], sizes, strict=True)):
                return (axis,)
    axes = (inner or candidates)[:excess]
    return tuple(sorted(axes)) if len(axes) == excess else ()


@rule("SW116", "time-first", "error", three_axes)
def time_first(context: Context, entry: Input, data: Array) -> Faults:
    """The timesteps come first, as in PyTorch's LSTM without ``batch_first=True``."""
    first, second, features = data.shape
    if entry.labelled in (None, first) or entry.labelled != second or entry.timesteps not in (None, first):
        return
    yield Fault(
        what=f"{data.name} has {first:,} entries on its first axis and {second:,} on its second, and there are "
        f"{second:,} targets: the timesteps come first, as in PyTorch without batch_first=True. Keras expects the "
        "samples first.",
        expected=name_axes((second, first, features)),
        got=f"(timesteps={first:,}, samples={second:,}, features={features:,})",
        fix=change_x(data, f"np.swapaxes({data.name}, 0, 1)"),
    )


@rule("SW117", "axes-swapped", "error", three_axes, unless=("time-first",))
def swapped(context: Context, entry: Input, data: Array) -> Faults:
    """Features and timesteps are swapped."""
    samples, first, second = data.shape
    if entry.features != first or entry.features == second or entry.timesteps not in (None, second):
        return
    yield Fault(
        what=f"{data.name} has its features before its timesteps: (samples, {first:,}, {second:,}), but the model "
        f"reads {first:,} feature(s) at each timestep. Swap the two axes (reshape would mix up the values).",
        expected=expected_shape(entry),
        got=f"(samples={samples:,}, features={first:,}, timesteps={second:,})",
        fix=change_x(data, f"np.swapaxes({data.name}, 1, 2)"),
    )


def _declare(context: Context, entry: Input, steps: int | None, features: int | None) -> Fix:
    first = context.calls[0].layer if context.calls else None
    if entry.layer is not None and getattr(first, "_input_shape_arg", None) is None:
        return change_layer(entry.layer, shape=(steps, features))
    if first is None:
        return Fix("layer 'input'", f"keras.Input({(steps, features)})")
    return change_layer(first, input_shape=(steps, features))


@rule("SW118", "features-count", "error", three_axes, unless=("SW116", "SW117"))
def features_count(context: Context, entry: Input, data: Array) -> Faults:
    """The input has a different number of features than the model declares."""
    _, steps, count = data.shape
    if entry.features in (None, count):
        return
    columns = f" ({data.name}[..., :{entry.features}])" if entry.features < count else ""
    yield Fault(
        what=f"The model reads {entry.features:,} feature(s) at each timestep, {data.name} has {count:,}. Make the "
        f"model for these features, or select the columns it was made for{columns}.",
        expected=expected_shape(entry),
        got=name_axes(data.shape),
        fix=_declare(context, entry, None if entry.timesteps is None else steps, count),
    )


@rule("SW119", "timesteps-count", "warning", three_axes, unless=("SW116", "SW117", "features-count"))
def timesteps_count(context: Context, entry: Input, data: Array) -> Faults:
    """The input has a different number of timesteps than the model declares."""
    if entry.timesteps in (None, data.shape[1]):
        return
    yield Fault(
        what=f"The model declares {entry.timesteps:,} timesteps, {data.name} has {data.shape[1]:,}. An LSTM runs over "
        "any number of them, so where Keras does not refuse, this trains silently.",
        expected=expected_shape(entry),
        got=name_axes(data.shape),
        fix=_declare(context, entry, data.shape[1], entry.features),
    )


@rule("SW126", "window-as-features", "warning", three_axes)
def window_as_features(context: Context, entry: Input, data: Array) -> Faults:
    """A window lies on the features axis, beside one timestep: a recurrent layer has nothing to run over."""
    call = next(iter(recurrent_calls(context)), None)
    if data.shape[1] != 1 or data.shape[2] < 5 or call is None or call.first.shape[1:2] != (1,):
        return
    if not slides(replace(data, values=data.numbers[:, 0], shape=(data.samples, data.shape[2]))):
        return
    yield Fault(
        what=f"{data.name} has one timestep, and its {data.shape[2]:,} features are a window of one series: the "
        f"{type(call.layer).__name__} takes one step, and its memory has nothing to do. Exchange the two axes.",
        expected=name_axes((None, data.shape[2], 1)),
        got=name_axes(data.shape),
        fix=at_layer(call, "keras.layers.Permute((2, 1))", "before"),
    )
