"""The axes of the input: one missing, one too many, two exchanged, or of the wrong size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.measures import column_scales
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import expected_shape, inputs_with_data, three_axes, token_like, two_axes
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Shape

WINDOWS = "np.lib.stride_tricks.sliding_window_view"


def read_as(one: Input) -> str:
    """Tell how a 2-D array is to be read where the model needs three axes.

    ``"samples axis"``: one sample without its axis. ``"rows"``: a table, a row a timestep. ``"flat"``: windows laid
    flat. ``"timesteps"``: a row is a sample with one feature. ``"unclear"``: it could be rows or timesteps.
    """
    data, declared = one.data, one.declared
    assert data is not None
    rows, columns = data.shape
    if declared is not None and len(declared) == 3:
        steps, features = declared[1], declared[2]
        if (steps in (rows, None)) and features == columns and features != 1 and _one_target_at_most(one, rows):
            return "samples axis"
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
    spread = scales.max() / scales.min() if scales.size and scales.min() > 0 else np.inf
    if spread > 20:
        return "rows"
    return "timesteps" if columns >= 5 and spread < 5 else "unclear"


def _one_target_at_most(one: Input, rows: int) -> bool:
    return one.labelled is None or one.labelled == 1 or one.labelled != rows


@rule("SW110", "features-axis-missing")
def features_axis(context: Context) -> Iterator[Fault]:
    """The features axis is missing: each row is a sample, each column a timestep of one feature.

    Error; a hint where the model declares ``Input((timesteps, 1))``, since Keras then adds the axis itself (PyTorch
    would not). Fires on a 2-D array where three axes are needed and the columns are the declared timesteps, or, with
    nothing declared, where there are at least 5 columns on one scale.
    """
    for one, data in two_axes(context):
        if read_as(one) != "timesteps":
            continue
        adapts = one.declared is not None and one.declared[2] == 1 and one.layer is not None
        yield Fault(
            severity="hint" if adapts else "error",
            where="x",
            what=f"{data.name} has two axes, (samples={data.shape[0]:,}, timesteps={data.shape[1]:,}); the features "
            "axis is missing. One number a timestep is one feature."
            + (" Keras adds the axis itself here, but other frameworks do not." if adapts else ""),
            expected=expected_shape(one),
            got=name_axes(data.shape, "timesteps"),
            fix=f"{as_array(data)} = {as_value(data)}[..., None]",
        )


def as_array(data: Array) -> str:
    return data.name


def as_value(data: Array) -> str:
    """Write the data as an array: a table or list is made one."""
    return data.name if data.kind == "array" else f"np.asarray({data.name})"


@rule("SW111", "samples-axis-missing")
def samples_axis(context: Context) -> Iterator[Fault]:
    """The samples axis is missing: one sample was handed over, not a batch of one.

    Error. Fires on a 2-D array whose axes are the declared timesteps and features, with no target for each row.
    """
    for one, data in two_axes(context):
        if read_as(one) != "samples axis":
            continue
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} is a single sample, (timesteps={data.shape[0]:,}, features={data.shape[1]:,}); a model "
            "reads a batch of samples, even if it is one.",
            expected=name_axes((1, *data.shape)),
            got=f"(timesteps={data.shape[0]:,}, features={data.shape[1]:,})",
            fix=f"{data.name} = {as_value(data)}[None]",
        )


@rule("SW112", "windows-missing")
def windows(context: Context) -> Iterator[Fault]:
    """A table of rows was not cut into windows.

    Error. Fires on a 2-D array whose columns are the declared features (or have names, or scales more than 20 times
    apart), and on a 1-D series, where three axes are needed.
    """
    for one, data in inputs_with_data(context):
        if data.values is None or one.rank != 3:
            continue
        series = len(data.shape) == 1
        if not series and (len(data.shape) != 2 or token_like(one) or read_as(one) != "rows"):
            continue
        rows = data.shape[0]
        steps = (one.declared[1] if one.declared else None) or max(min(10, rows // 4), 1)
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} is {'a series' if series else 'a table'} of {rows:,} rows; an LSTM reads windows of "
            f"rows: samples of {steps:,} timesteps each. Cut a window at every row; its target is that of its last "
            "row.",
            expected=expected_shape(one),
            got=f"(rows={rows:,})" if series else f"(rows={rows:,}, features={data.shape[1]:,})",
            fix=windows_code(context, data, steps),
        )


def windows_code(context: Context, data: Array, steps: int) -> str:
    """Write the lines that cut windows of `steps` rows, and keep the targets of their last rows."""
    if steps == 1:
        return (
            f"{data.name} = {as_value(data)}[:, None, :]"
            if len(data.shape) == 2
            else (f"{data.name} = {as_value(data)}[:, None, None]")
        )
    cut = f"{WINDOWS}({as_value(data)}, {steps}, axis=0)"
    lines = [f"{data.name} = {cut}.transpose(0, 2, 1)" if len(data.shape) == 2 else f"{data.name} = {cut}[..., None]"]
    target = context.outputs[0].target if context.outputs else None
    if target is not None and target.samples == data.samples:
        lines.append(f"{target.name} = {target.name}[{steps - 1}:]")
    return "\n".join(lines)


@rule("SW113", "flattened-windows")
def flat(context: Context) -> Iterator[Fault]:
    """The windows lie flat: timesteps × features in one axis.

    Error. Fires on a 2-D array with as many columns as the declared timesteps × features.
    """
    for one, data in two_axes(context):
        if read_as(one) != "flat" or one.declared is None:
            continue
        _, steps, features = one.declared
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} holds each sample as one row of {data.shape[1]:,} numbers, which is {steps} timesteps × "
            f"{features} features laid flat (each timestep's features side by side, as reshape lays them).",
            expected=expected_shape(one),
            got=f"(samples={data.shape[0]:,}, timesteps × features={data.shape[1]:,})",
            fix=f"{data.name} = {as_value(data)}.reshape(-1, {steps}, {features})",
        )


@rule("SW114", "two-readings")
def two_readings(context: Context) -> Iterator[Fault]:
    """A 2-D array that could be read in two ways.

    Error. Fires on a 2-D array where three axes are needed and neither the model, the columns' names nor their scales
    tell what the columns are.
    """
    for one, data in two_axes(context):
        if read_as(one) != "unclear":
            continue
        rows, columns = data.shape
        steps = (one.declared[1] if one.declared else None) or max(min(10, rows // 4), 1)
        other = windows_code(context, data, steps).replace("\n", "; ")
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} has two axes and can be read in two ways. If a row is one sample and its {columns:,} "
            "columns are one quantity at successive times, the features axis is missing. If a row is one point in time "
            f"and the columns are {columns:,} different quantities, the rows must be cut into windows. To tell: would "
            "it make sense to shuffle the rows? Then a row is a sample.",
            expected=expected_shape(one),
            got=f"({rows:,}, {columns:,})",
            fix=f"{data.name} = {as_value(data)}[..., None]\n# or, if the columns are different quantities: {other}",
        )


@rule("SW115", "extra-axis")
def extra_axis(context: Context) -> Iterator[Fault]:
    """There is an axis too many: a stray `expand_dims`, or a trailing 1.

    Error; a hint where the model declares its input and Keras drops the trailing 1 itself. Fires where the input has
    more axes than the first layer takes.
    """
    for one, data in inputs_with_data(context):
        need = one.rank
        if data.values is None or need is None or len(data.shape) <= need:
            continue
        axes = _axes_to_drop(data.shape, need, one.declared)
        adapts = one.declared is not None and one.layer is not None and axes == (len(data.shape) - 1,)
        if axes:
            where = axes[0] if len(axes) == 1 else axes
            fix = f"{data.name} = np.squeeze({data.name}, axis={where})"
            what = f"Axis {', '.join(map(str, axes))} has size 1: a stray expand_dims, [..., None] or reshape."
        elif one.embedded is not None and len(data.shape) == 3:
            fix = f"{data.name} = {data.name}.argmax(-1)"
            what = "An Embedding reads token ids, (samples, timesteps); this looks like one-hot vectors."
        else:
            kept = data.shape[1 : need - 1]
            fix = f"{data.name} = {as_value(data)}.reshape({', '.join(map(str, (data.shape[0], *kept, -1)))})"
            what = f"Axes {need - 1} to {len(data.shape) - 1} can be laid into one."
        yield Fault(
            severity="hint" if adapts else "error",
            where="x",
            what=f"{data.name} has {len(data.shape)} axes, the model reads {need}. {what}"
            + (" Keras drops it here, other frameworks do not." if adapts else ""),
            expected=expected_shape(one),
            got=f"{tuple(map(int, data.shape))}",
            fix=fix,
        )


def _axes_to_drop(shape: tuple[int, ...], need: int, declared: Shape | None) -> tuple[int, ...]:
    """Return the axes of size 1 to leave out so that `need` are left; empty where there are not enough of them."""
    many = len(shape) - need
    ones = [axis for axis in range(len(shape) - 1, -1, -1) if shape[axis] == 1 and (axis > 0 or shape[0] == 1)]
    if len(ones) < many:
        return ()
    if many == 1 and declared is not None:
        for axis in ones:
            left = shape[1:axis] + shape[axis + 1 :] if axis else shape[2:]
            if axis and all(want in (None, size) for want, size in zip(declared[1:], left, strict=True)):
                return (axis,)
    ones = [axis for axis in ones if axis > 0] or ones
    return tuple(sorted(ones[:many])) if len(ones) >= many else ()


@rule("SW116", "time-first")
def time_first(context: Context) -> Iterator[Fault]:
    """The timesteps come first, as PyTorch's LSTM has them without ``batch_first=True``.

    Error. Fires where the second axis, and not the first, has as many entries as there are targets.
    """
    for one, data in three_axes(context):
        count = one.labelled
        if count is None or count == data.shape[0] or count != data.shape[1]:
            continue
        steps = one.declared[1] if one.declared else None
        if steps not in (None, data.shape[0]):
            continue
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} has {data.shape[0]:,} entries on its first axis and {data.shape[1]:,} on its second, "
            f"and there are {count:,} targets: the timesteps come first, as in PyTorch without batch_first=True. Keras "
            "reads the samples first.",
            expected=name_axes((data.shape[1], data.shape[0], data.shape[2])),
            got=f"(timesteps={data.shape[0]:,}, samples={data.shape[1]:,}, features={data.shape[2]:,})",
            fix=f"{data.name} = np.swapaxes({data.name}, 0, 1)",
        )


@rule("SW117", "axes-swapped", unless=("time-first",))
def swapped(context: Context) -> Iterator[Fault]:
    """Features and timesteps are exchanged.

    Error. Fires where the last two axes have the declared sizes in the other order.
    """
    for one, data in three_axes(context):
        if one.declared is None:
            continue
        (_, steps, features), (_, first, second) = one.declared, data.shape
        if features != first or features == second or steps not in (None, second):
            continue
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} has its features before its timesteps: (samples, {first:,}, {second:,}), but the model "
            f"reads {features:,} feature(s) at each timestep. Exchange the two axes (reshape would mix the values up).",
            expected=expected_shape(one),
            got=f"(samples={data.shape[0]:,}, features={first:,}, timesteps={second:,})",
            fix=f"{data.name} = np.swapaxes({data.name}, 1, 2)",
        )
