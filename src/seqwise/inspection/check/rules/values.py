"""The values of the input: missing, infinite, on scales that hide one another, or beyond float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.measures import column_scales, not_finite, place
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import inputs_with_data, measured
from seqwise.inspection.data import Array

SCALES_APART = 1000.0  # features whose sizes differ by more hide one another
FAR_FROM_ONE = 100.0  # an LSTM's gates saturate long before


@rule("SW130", "input-not-finite")
def finite(context: Context) -> Iterator[Fault]:
    """The input holds NaN or infinity.

    Warning: it trains, the loss is NaN from the first epoch on, and every weight with it. Fires on a single one.
    """
    for _, data in inputs_with_data(context):
        if data.values is None:
            continue
        found = not_finite(data.values)
        if found is None:
            continue
        bad = len(np.unique(found[:, 0]))
        target = next((o.target for o in context.outputs if o.target is not None), None)
        infinite = bool(np.isinf(data.values[tuple(found[0])]))
        if bad <= data.samples / 2 and len(data.shape) > 1 and context.single:
            axes = tuple(range(1, len(data.shape)))
            fix = f"keep = np.isfinite({data.name}).all(axis={axes if len(axes) > 1 else 1})\n"
            fix += f"{data.name} = {data.name}[keep]"
            if target is not None and target.samples == data.samples:
                fix += f"\n{target.name} = {target.name}[keep]"
        else:
            fix = f"{data.name} = np.nan_to_num({data.name}, nan=0.0, posinf=0.0, neginf=0.0)"
        yield Fault(
            severity="warning",
            where="x",
            what=f"{data.name} holds {'infinity' if infinite else 'NaN'}, first at {place(found[0], data)} "
            f"({len(found):,} value(s) in {bad:,} of {data.samples:,} samples). One is enough to turn the loss, and "
            "then every weight, into NaN.",
            expected="finite numbers",
            got=f"{len(found):,} value(s) that are not",
            fix=fix,
        )


def _scaling(data: Array) -> str:
    axes = tuple(range(len(data.shape) - 1))
    return (
        f"mean, std = {data.name}.mean(axis={axes}), {data.name}.std(axis={axes})\n"
        f'{data.name} = (({data.name} - mean) / std).astype("float32")'
    )


@rule("SW131", "precision-lost")
def precision(context: Context) -> Iterator[Fault]:
    """The input does not fit float32: different values become the same.

    Warning. Keras computes in float32, which holds about 7 digits: a time stamp of 1.7e9 seconds is rounded to 128
    seconds. Fires where a float64 or integer feature loses more than 1 in 100 of its different values.
    """
    for _, data in measured(context):
        assert data.values is not None
        if data.values.dtype not in (np.float64, np.int64, np.uint64, np.int32, np.uint32):
            continue
        part = data.part.reshape(-1, data.shape[-1])[:20_000]
        lost = []
        for j in range(part.shape[1]):
            column = part[:, j]
            top, spread = float(np.abs(column).max(initial=0)), float(np.ptp(column)) if column.size else 0.0
            near = not np.isfinite(top) or not spread or top / spread < 100  # enough digits are left for differences
            if near and (top < 2**24 or data.values.dtype.kind == "f"):
                continue
            before = len(np.unique(column))
            after = len(np.unique(column.astype(np.float32)))
            if after < 0.99 * before:
                lost.append((j, before, after))
        if not lost:
            continue
        j, before, after = lost[0]
        yield Fault(
            severity="warning",
            where="x",
            what=f"Feature {j} of {data.name} has {before:,} different values, but only {after:,} are left in float32, "
            "in which Keras computes: it holds about 7 digits. Bring it near 0 before it is rounded.",
            expected="values that float32 can tell apart",
            got=f"{data.values.dtype}, for example {part[0, j]!s}",
            fix=_scaling(data),
        )


@rule("SW132", "scales-apart", unless=("precision-lost",))
def scales(context: Context) -> Iterator[Fault]:
    """The features are on wildly different scales.

    Warning. Fires where the root mean squares of two features differ more than 1000 times; features of only 0 and 1,
    constant ones, and inputs that the model itself normalises do not count.
    """
    for _, data in measured(context):
        if data.shape[2] < 2:
            continue
        part = data.part[:500].reshape(-1, data.shape[2])
        size = column_scales(data)
        low, high = part.min(axis=0), part.max(axis=0)
        counted = (size > 0) & (low != high) & ~((low == 0) & (high == 1)) & np.isfinite(size)
        if counted.sum() < 2:
            continue
        chosen = np.flatnonzero(counted)
        small, large = chosen[size[chosen].argmin()], chosen[size[chosen].argmax()]
        ratio = size[large] / size[small]
        if ratio <= SCALES_APART:
            continue
        yield Fault(
            severity="warning",
            where="x",
            what=f"Feature {large} of {data.name} is about {ratio:,.0f} times as large as feature {small}. The LSTM "
            "starts with weights of one size for all: it sees the large one alone, and its gates saturate.",
            expected="features of about one scale",
            got=f"feature {small}: about {size[small]:.3g}; feature {large}: about {size[large]:.3g}",
            fix=_scaling(data),
        )


@rule("SW133", "input-unscaled", unless=("precision-lost", "scales-apart"))
def unscaled(context: Context) -> Iterator[Fault]:
    """The input's numbers are in the hundreds or more, where an LSTM's gates saturate.

    Hint. Fires where the median feature's root mean square is over 100 and nothing in the model scales it.
    """
    for _, data in measured(context):
        if not context.recurrent_calls:
            continue
        size = column_scales(data)
        if not size.size or not np.isfinite(size).all() or np.median(size) <= FAR_FROM_ONE:
            continue
        yield Fault(
            severity="hint",
            where="x",
            what=f"The numbers in {data.name} are about {np.median(size):,.0f} in size. An LSTM's gates saturate from "
            "about 5 on, and learn slowly or not at all there.",
            expected="numbers of about 1 in size",
            got=f"about {np.median(size):,.0f}",
            fix=_scaling(data),
        )
