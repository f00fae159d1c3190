"""Writing what a fix does with data as code."""

from __future__ import annotations

from seqwise.inspection.check.context import Input
from seqwise.inspection.data import Array

WINDOWS = "np.lib.stride_tricks.sliding_window_view"


def as_array(data: Array) -> str:
    """Write the data as an array: a table or list is converted."""
    return data.name if data.kind == "array" else f"np.asarray({data.name})"


def scaling_code(data: Array) -> str:
    """Write the lines that standardise each feature, the last axis."""
    axes = tuple(range(len(data.shape) - 1))
    return (
        f"mean, std = {data.name}.mean(axis={axes}), {data.name}.std(axis={axes})\n"
        f'{data.name} = (({data.name} - mean) / std).astype("float32")'
    )


def finite_rows_code(data: Array, partner: Array | None) -> str:
    """Write the lines that keep the samples without NaN and infinity, here and in an array of as many samples."""
    axes = tuple(range(1, len(data.shape)))
    rows = f".all(axis={axes if len(axes) > 1 else 1})" if axes else ""
    lines = [f"keep = np.isfinite({data.name}){rows}", f"{data.name} = {data.name}[keep]"]
    if partner is not None and partner.samples == data.samples:
        lines.append(f"{partner.name} = {partner.name}[keep]")
    return "\n".join(lines)


def window_length(entry: Input, data: Array) -> int:
    """Return the declared timesteps, else 10, or a quarter of the rows where those are few."""
    return (entry.declared[1] if entry.declared else None) or max(min(10, data.samples // 4), 1)
