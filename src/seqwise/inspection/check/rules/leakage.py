"""Leakage: what training and validation data should not share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from seqwise.inspection.check.fixes import cut
from seqwise.inspection.check.measures import sample_keys, slides
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, rule
from seqwise.inspection.check.selectors import parts


def _hashes(values: np.ndarray) -> np.ndarray:
    """Return a number for each row of values, shape (samples, values); equal rows have equal numbers."""
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)  # + 0.0: there are two zeros
    result = np.zeros(len(values), np.uint64)
    for column in bits.T:
        result = (result ^ column) * np.uint64(0x9E3779B97F4A7C15)
        result ^= result >> np.uint64(29)
    return result


def shared_samples(training: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Tell, for each validation sample, whether it is a training sample, too; bool, shape (validation samples,).

    Eight values of each sample are compared first, whole samples only where these agree.
    """
    validation = validation.astype(training.dtype, copy=False)
    chosen = np.unique(np.linspace(0, np.prod(training.shape[1:]) - 1, 8).astype(int))
    places = (slice(None), *np.unravel_index(chosen, training.shape[1:]))
    hashes, validation_hashes = _hashes(training[places]), _hashes(validation[places])
    shared = np.isin(validation_hashes, hashes)
    if shared.any():
        candidates = training[np.isin(hashes, np.unique(validation_hashes[shared]))]
        shared[shared] = np.isin(sample_keys(validation[shared]), sample_keys(candidates))
    return shared


def _varied(samples: np.ndarray) -> np.ndarray:
    """Tell, for each sample, whether it has more than one value."""
    flat = samples.reshape(len(samples), -1)
    return (flat != flat[:, :1]).any(axis=1)


@rule("SW401", "windows-in-both-parts", "warning", parts)
def shared_windows(context: Context, training: Array, validation: Array) -> Faults:
    """Training and validation data share windows."""
    part, varied = validation.part, _varied(validation.part)
    flat = part.reshape(len(part), -1)
    few_kinds = (flat[:200] == np.trunc(flat[:200])).all() and len(np.unique(flat[:200])) < 20
    if flat.shape[1] < 3 or few_kinds or not varied.any():
        return
    count = int((shared_samples(training.numbers, part) & varied).sum())
    if count < max(2, 0.01 * len(part)):
        return
    lines = [
        f"seen = {{sample.tobytes() for sample in np.asarray({validation.name})}}",
        f"keep = np.array([sample.tobytes() not in seen for sample in np.asarray({training.name})])",
        *cut("keep", training, context.target),
    ]
    yield Fault(
        what=f"{count:,} of the {len(part):,} validation samples looked at are training samples, too, so the "
        "validation score shows how well the model memorised them. Remove them from the training data.",
        expected="no sample in both",
        got=f"{count / len(part):.0%} of the validation data",
        fix=Fix("x", "\n".join(lines)),
    )


@rule("SW402", "shuffled-before-split", "warning", parts, unless=("windows-in-both-parts",))
def shuffled(context: Context, training: Array, validation: Array) -> Faults:
    """Overlapping windows were shuffled before the split, so validation windows have their neighbours in training."""
    part, steps = validation.part, training.shape[1]
    earlier = shared_samples(training.numbers[:, 1:], part[:, :-1]) if steps > 2 else np.zeros(1, bool)
    if earlier.sum() < 3:
        return
    between = earlier & shared_samples(training.numbers[:, :-1], part[:, 1:]) & _varied(part)
    if between.sum() < max(3, 0.2 * len(part)):
        return
    cut_at = training.samples
    pairs = [(training, validation, "windows"), (context.target, context.outputs[0].validation, "targets")]
    lines: list[str] = []
    for train, held_out, usual in pairs:
        if train is not None:
            whole = context.names.with_shape((cut_at + validation.samples, *train.shape[1:])) or usual
            name = held_out.name if held_out is not None else "y_val"
            lines.append(f"{train.name}, {name} = {whole}[:{cut_at}], {whole}[{cut_at}:]")
    yield Fault(
        what=f"{between.mean():.0%} of the validation windows lie between two training windows that share {steps - 1} "
        f"of their {steps} timesteps: the windows were shuffled before the split, so the model has seen the validation "
        "data. Split by time first; shuffle the training data afterwards.",
        expected=f"the first {cut_at:,} windows for training, the last {validation.samples:,} for validation",
        got="a random split of overlapping windows",
        fix=Fix("validation", "\n".join(lines)),
    )


@rule("SW403", "scaler-saw-validation", "warning", parts)
def scaler(context: Context, training: Array, validation: Array) -> Faults:
    """The scaler was fitted on more than the training data."""
    if len(training.shape) != 3 or training.partial or validation.partial or training.numbers.dtype.kind != "f":
        return
    x, x_val, axes = training.name, validation.name, "axis=(0, 1)"
    minmax = f"low, high = {x}.min({axes}), {x}.max({axes})", "({x} - low) / (high - low)"
    standard = f"mean, std = {x}.mean({axes}), {x}.std({axes})", "({x} - mean) / std"
    if _counted_more(context, training):
        got, (measure, scale) = f"a scaler that has seen {int(context.scaler.n_samples_seen_):,} rows", minmax
    else:
        method = _fitted_on_both(training, validation)
        if method is None:
            return
        extent = "the extremes 0 and 1" if method == "minmax" else "mean 0 and standard deviation 1"
        got = f"{extent} over training and validation data together, not over the training data"
        measure, scale = minmax if method == "minmax" else standard
    yield Fault(
        what="The scaler was fitted on training and validation data together, so the training input knows the range of "
        "what comes later. Fit it on the training data, and apply it to both.",
        expected="a scaler fitted on the training data",
        got=got,
        fix=Fix("validation", f"{measure}\n{x}, {x_val} = {scale.format(x=x)}, {scale.format(x=x_val)}"),
    )


def _counted_more(context: Context, training: Array) -> bool:
    """Tell whether the scaler has counted more rows than the training data have, or than its windows can span."""
    count = getattr(context.scaler, "n_samples_seen_", None)
    if count is None or np.ndim(count):
        return False
    rows, steps = context.training_rows, training.shape[1]
    if rows is None:  # windows that slide span their rows, and one horizon more at the most
        rows = training.samples + 2 * steps - 1 if slides(training) else training.samples * steps
    return int(count) > rows


def _fitted_on_both(training: Array, validation: Array) -> Literal["minmax", "standard"] | None:
    """Tell which kind of scaler was fitted on both together, by what only both together reach; None for neither.

    What a share of the samples shows is not asked of all of them.
    """
    if abs(training.part).max() <= 1 + 1e-6:
        low, high = _extremes(training.numbers)
        other_low, other_high = _extremes(validation.numbers)
        all_low, all_high = np.minimum(low, other_low), np.maximum(high, other_high)
        for bottom in (0.0, -1.0):
            exact = np.isclose(all_low, bottom, atol=1e-6) & np.isclose(all_high, 1.0, atol=1e-6)
            short = (low > bottom + 1e-3) | (high < 1.0 - 1e-3)
            if exact.all() and short.any():
                binary = np.array([len(np.unique(column)) <= 2 for column in training.numbers[:500].T])
                return "minmax" if (short & ~binary).any() else None
    if _is_standard(_moments(training.part), 0.01):
        return None
    moments = _moments(training.numbers)
    if _is_standard(moments, 0.02) or (abs(moments[0]) > 1).any():
        return None
    share = training.samples / (training.samples + validation.samples)
    both = share * moments + (1 - share) * _moments(validation.numbers)
    return "standard" if _is_standard(both, 1e-3) or _series_is_standard(training, validation) else None


def _series_is_standard(training: Array, validation: Array) -> bool:
    """Tell whether the series that windows slide over, first training, then validation, has mean 0 and deviation 1.

    Its last rows may be targets alone; all that is known of them is that they are not far from the others.
    """
    if not (slides(training) and slides(validation)):
        return False
    rows = [_series(part) for part in (training, validation)]
    overlap = training.shape[1] - 1  # where the validation windows begin in the training set's last rows
    joined = (rows[0][len(rows[0]) - overlap :] == rows[1][:overlap]).all()
    series = np.concatenate([rows[0], rows[1][overlap if joined else 0 :]])[:, None]
    alone = _is_standard(_moments(rows[0][:, None]), 0.02)
    unknown = min(0.02, 2 * abs(series[-1]).max() / len(series))
    return not alone and _is_standard(_moments(series), 1e-3 + unknown)


def _series(windows: Array) -> np.ndarray:
    """Return the rows, shape (rows, features), of the series that windows slide over."""
    return np.concatenate([windows.numbers[0], windows.numbers[1:, -1]])


@rule("SW408", "validation-scaled-by-itself", "warning", parts, unless=("scaler-saw-validation",))
def scaled_by_itself(context: Context, training: Array, validation: Array) -> Faults:
    """The validation set was scaled by its own extremes, not by those of the training set."""
    if len(training.shape) != 3 or training.numbers.dtype.kind != "f" or not (slides(training) and slides(validation)):
        return
    for part in (training, validation):
        series = _series(part)
        low, high = series.min(axis=0), series.max(axis=0)
        exact = np.isclose(high, 1, atol=1e-6) & (np.isclose(low, 0, atol=1e-6) | np.isclose(low, -1, atol=1e-6))
        if not exact.all() or len(series) < 20 or ((series == low) | (series == high)).sum(axis=0).max() > 4:
            return
    yield Fault(
        what=f"{training.name} and {validation.name} each go exactly from {low.min():g} to 1: a scaler was fitted on "
        "each (fit_transform twice). Fit it on the training set, and only transform the validation set.",
        expected="validation data in the training set's scale",
        got=f"{low.min():g} to 1 in both",
        fix=Fix("validation"),
    )


def _extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.min(axis=0).min(axis=0), values.max(axis=0).max(axis=0)  # one axis at a time: ten times faster


def _moments(values: np.ndarray) -> np.ndarray:
    """Return the mean of each feature and of its square, shape (2, features), of (samples, timesteps, features)."""
    flat = values.reshape(len(values), -1)
    weights = np.full(len(values), 1 / len(values), values.dtype)
    sums = [(weights @ powers).reshape(values.shape[1:]) for powers in (flat, flat * flat)]
    return np.stack([each_step.mean(axis=0, dtype=np.float64) for each_step in sums])


def _is_standard(moments: np.ndarray, tolerance: float) -> bool:
    """Tell whether every feature has mean 0 and standard deviation 1."""
    mean, square = moments
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return bool(((abs(mean) <= tolerance) & (abs(deviation - 1) <= tolerance)).all())


@rule("SW405", "group-in-both-parts", "warning")
def groups(context: Context) -> Faults:
    """Training and validation data share a group (a patient, a machine, a shop)."""
    if context.groups is None or context.validation_groups is None:
        return
    validation = np.unique(np.asarray(context.validation_groups))
    shared = np.intersect1d(np.asarray(context.groups), validation)
    if not shared.size:
        return
    x = context.data.name if context.data is not None else "x"
    name = context.names.of(context.groups, "groups")
    validation_name = context.names.of(context.validation_groups, "validation_groups")
    lines = [f"keep = ~np.isin({name}, {validation_name})", f"{x} = {x}[keep]", *cut("keep", context.target)]
    labels = ", ".join(map(str, shared[:3].tolist())) + (", …" if len(shared) > 3 else "")
    yield Fault(
        what=f"{len(shared):,} group(s) are in training and validation data ({labels}), so the model may recognise "
        "them by their habits. Keep each group in one part.",
        expected="no group in both",
        got=f"{len(shared):,} of {len(validation):,} validation groups",
        fix=Fix("x", "\n".join([*lines, f"{name} = np.asarray({name})[keep]"])),
    )
