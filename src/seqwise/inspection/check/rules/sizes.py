"""The sizes of the input's axes beside those that the model declares."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import expected_shape, three_axes


def _declaration(context: Context, entry: Input, shape: tuple[int | None, ...]) -> tuple[str, str]:
    """Return (where, fix) with which the model declares an input of this shape, samples left out."""
    first = context.calls[0].layer if context.calls else None
    if entry.layer is not None and getattr(first, "_input_shape_arg", None) is None:
        return f"layer {entry.layer.name!r}", layer_code(entry.layer, shape=shape)
    if first is None:
        return "layer 'input'", f"keras.Input({shape})"
    return f"layer {first.name!r}", layer_code(first, input_shape=shape)


@rule("SW118", "features-count", unless=("SW116", "SW117"))
def features_count(context: Context) -> Iterator[Fault]:
    """The input has a different number of features than the model declares.

    Error. Fires where the last axis differs from the declared one.
    """
    for entry, data in three_axes(context):
        if entry.declared is None or entry.declared[2] in (None, data.shape[2]):
            continue
        _, steps, features = entry.declared
        where, fix = _declaration(context, entry, (None if steps is None else data.shape[1], data.shape[2]))
        columns = f" ({data.name}[..., :{features}])" if (features or 0) < data.shape[2] else ""
        yield Fault(
            severity="error",
            where=where,
            what=f"The model reads {features:,} feature(s) at each timestep, {data.name} has {data.shape[2]:,}. Make "
            f"the model for these features, or select the columns it was made for{columns}.",
            expected=expected_shape(entry),
            got=name_axes(data.shape),
            fix=fix,
        )


@rule("SW119", "timesteps-count", unless=("SW116", "SW117", "features-count"))
def timesteps_count(context: Context) -> Iterator[Fault]:
    """The input has a different number of timesteps than the model declares.

    Warning: an LSTM runs over any number of timesteps, so Keras says nothing (a functional model refuses on some
    backends), and the model is used on windows other than those it was made for. Fires where the second axis differs
    from the declared one; never where the model declares None.
    """
    for entry, data in three_axes(context):
        if entry.declared is None or entry.timesteps in (None, data.shape[1]):
            continue
        where, fix = _declaration(context, entry, (data.shape[1], entry.declared[2]))
        yield Fault(
            severity="warning",
            where=where,
            what=f"The model declares {entry.timesteps:,} timesteps, {data.name} has {data.shape[1]:,}. An LSTM runs "
            "over any number of them, so where Keras does not refuse, this trains silently.",
            expected=expected_shape(entry),
            got=name_axes(data.shape),
            fix=fix,
        )
