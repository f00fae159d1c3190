"""The values of the input: missing, infinite, beyond float32, or on scales that an LSTM learns badly from."""

from __future__ import annotations

import numpy as np

from seqwise.inspection.check.fixes import change_x, finite_rows_code, standardise
from seqwise.inspection.check.measures import column_scales, not_finite, place
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Input, rule
from seqwise.inspection.check.selectors import measured, numbers, recurrent_calls

SCALES_APART = 1000.0  # features whose sizes differ by more hide one another
FAR_FROM_ONE = 100.0  # an LSTM's gates saturate long before
MANY_DIGITS = (np.float64, np.int64, np.uint64, np.int32, np.uint32)  # dtypes that hold more than float32 does


@rule("SW130", "input-not-finite", "warning", numbers)
def finite(context: Context, entry: Input, data: Array) -> Faults:
    """The input contains NaN or infinity."""
    indices = not_finite(data.numbers)
    if indices is None:
        return
    first = data.numbers[tuple(indices[0])]
    kind = "NaN" if np.isnan(first) else "infinity" if np.isinf(first) else f"{first:g}, infinity in float32"
    samples = len(np.unique(indices[:, 0]))
    few = samples <= data.samples / 2 and len(data.shape) > 1 and context.single
    rows = Fix("x", finite_rows_code(data, context.target))
    zeros = f"np.nan_to_num({data.name}, nan=0.0, posinf=0.0, neginf=0.0)"
    yield Fault(
        what=f"{data.name} contains {kind}, first at {place(indices[0], data)} "
        f"({len(indices):,} value(s) in {samples:,} of {data.samples:,} samples). A single one turns the loss, and "
        "then every weight, into NaN.",
        expected="finite numbers",
        got=f"{len(indices):,} value(s) that are not finite",
        fix=Fix("x") if np.isfinite(first) else rows if few else change_x(data, zeros),
    )


@rule("SW131", "precision-lost", "warning", measured)
def precision(context: Context, data: Array) -> Faults:
    """The values do not fit float32: different ones become equal."""
    if data.numbers.dtype.type not in MANY_DIGITS:
        return
    rows = data.part.reshape(-1, data.shape[-1])[:20_000]
    for feature, column in enumerate(rows.T):
        size, spread = float(np.abs(column).max(initial=0)), float(np.ptp(column)) if column.size else 0.0
        # enough digits are left for the differences
        near = not np.isfinite(size) or not spread or size / spread < 100
        if near and (size < 2**24 or column.dtype.kind == "f"):
            continue
        before, after = len(np.unique(column)), len(np.unique(column.astype(np.float32)))
        if after >= 0.99 * before:
            continue
        yield Fault(
            what=f"Feature {feature} of {data.name} has {before:,} different values, but only {after:,} in float32, in "
            "which Keras computes: it holds about 7 digits. Bring it near 0 before it is rounded.",
            expected="values that float32 can tell apart",
            got=f"{column.dtype}, for example {column[0]!s}",
            fix=standardise(data),
        )
        break


@rule("SW132", "scales-apart", "warning", measured, unless=("precision-lost",))
def scales(context: Context, data: Array) -> Faults:
    """The features are on very different scales."""
    rows, size = data.part[:500].reshape(-1, data.shape[2]), column_scales(data)
    lowest, highest = rows.min(axis=0), rows.max(axis=0)
    flags = (lowest == 0) & (highest == 1)
    counted = np.flatnonzero((size > 0) & (lowest != highest) & ~flags & np.isfinite(size))
    if len(counted) < 2:
        return
    small, large = counted[size[counted].argmin()], counted[size[counted].argmax()]
    ratio = size[large] / size[small]
    if ratio <= SCALES_APART:
        return
    yield Fault(
        what=f"Feature {large} of {data.name} is about {ratio:,.0f} times as large as feature {small}. An LSTM starts "
        "with weights of one size for all features: it sees only the large one, and its gates saturate.",
        expected="features of about one scale",
        got=f"feature {small}: about {size[small]:.3g}; feature {large}: about {size[large]:.3g}",
        fix=standardise(data),
    )


@rule("SW133", "input-unscaled", "hint", measured, unless=("precision-lost", "scales-apart"))
def unscaled(context: Context, data: Array) -> Faults:
    """The values of the input are in the hundreds or more, where an LSTM's gates saturate."""
    size = column_scales(data)
    typical = np.median(size)
    if not (recurrent_calls(context) or context.torch) or not np.isfinite(size).all() or not typical > FAR_FROM_ONE:
        return
    yield Fault(
        what=f"The values of {data.name} are about {typical:,.0f} in size. An LSTM's gates saturate from about 5 on, "
        "and learn slowly or not at all there.",
        expected="values of about 1 in size",
        got=f"about {typical:,.0f}",
        fix=standardise(data),
    )
