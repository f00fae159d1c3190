"""Leakage: what the validation part should not share with the training part, and a target inside its own window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.measures import slides
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import parts
from seqwise.inspection.data import Array


def keys(values: np.ndarray) -> np.ndarray:
    """Return one bytes key for each sample; equal samples have equal keys."""
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    return flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()


def numbers(values: np.ndarray) -> np.ndarray:
    """Return one number for each row of values, shape (samples, values); equal rows have equal numbers."""
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)  # + 0.0: there are two zeros
    result = np.zeros(len(values), np.uint64)
    for column in bits.T:
        result = (result ^ column) * np.uint64(0x9E3779B97F4A7C15)
        result ^= result >> np.uint64(29)
    return result


def same_samples(train: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Tell, for each held sample, whether the same one is in the training part; bool, shape (held,).

    Eight values of each sample are compared first, whole samples only where these agree.
    """
    held = held.astype(train.dtype, copy=False)
    chosen = np.unique(np.linspace(0, np.prod(train.shape[1:]) - 1, 8).astype(int))
    places = (slice(None), *np.unravel_index(chosen, train.shape[1:]))
    quick, quick_held = numbers(train[places]), numbers(held[places])
    likely = np.isin(quick_held, quick)
    if not likely.any():
        return likely
    rows = train[np.isin(quick, np.unique(quick_held[likely]))]
    result = np.zeros(len(held), bool)
    result[likely] = np.isin(keys(held[likely]), keys(rows))
    return result


@rule("SW401", "windows-in-both-parts")
def shared(context: Context) -> Iterator[Fault]:
    """The same windows are in the training and in the validation part.

    Warning. Fires where at least one sample in 100 of the validation part (2 at the least; of at most 2000 looked at)
    is also a training sample, number for number. Constant samples do not count, nor do whole numbers of fewer than 20
    kinds (bits, letters), which repeat by chance.
    """
    both = parts(context)
    if both is None:
        return
    train, held = both
    assert train.values is not None and held.values is not None
    part = held.part
    flat = part.reshape(len(part), -1)
    varied = (flat != flat[:, :1]).any(axis=1)
    if flat.shape[1] < 3 or not varied.any() or (held.whole and len(np.unique(flat[:200])) < 20):
        return
    found = int((same_samples(train.values, part) & varied).sum())
    if found < max(2, 0.01 * len(part)):
        return
    target = context.outputs[0].target if context.outputs else None
    lines = [
        f"seen = {{sample.tobytes() for sample in np.asarray({held.name})}}",
        f"keep = np.array([sample.tobytes() not in seen for sample in np.asarray({train.name})])",
        f"{train.name} = {train.name}[keep]",
    ]
    if target is not None:
        lines.append(f"{target.name} = {target.name}[keep]")
    yield Fault(
        severity="warning",
        where="x",
        what=f"{found:,} of {len(part):,} validation samples looked at are training samples, too: the validation score "
        "then tells how well they were learnt by heart. Take them out of the training part.",
        expected="no sample in both parts",
        got=f"{found / len(part):.0%} of the validation part",
        fix="\n".join(lines),
    )


@rule("SW402", "shuffled-before-split", unless=("windows-in-both-parts",))
def shuffled(context: Context) -> Iterator[Fault]:
    """Overlapping windows were shuffled before they were split: each validation window has its neighbours in training.

    Warning. Fires where, for at least 1 in 5 validation windows (3 at the least), both the window a step earlier and
    the one a step later are training windows.
    """
    both = parts(context)
    if both is None:
        return
    train, held = both
    assert train.values is not None and held.values is not None
    if train.shape[1] < 3:
        return
    part = held.part
    earlier = same_samples(train.values[:, 1:], part[:, :-1])
    if earlier.sum() < 3:
        return
    later = same_samples(train.values[:, :-1], part[:, 1:])
    between = earlier & later
    flat = part.reshape(len(part), -1)
    between &= (flat != flat[:, :1]).any(axis=1)
    if between.sum() < max(3, 0.2 * len(part)):
        return
    many = train.samples + held.samples
    whole = context.names.with_shape((many, *train.shape[1:]))
    target = context.outputs[0].target if context.outputs else None
    held_target = context.outputs[0].validation if context.outputs else None
    cut = train.samples
    lines = [f"{train.name}, {held.name} = {whole or 'windows'}[:{cut}], {whole or 'windows'}[{cut}:]"]
    if target is not None:
        all_targets = context.names.with_shape((many, *target.shape[1:])) or "targets"
        name = held_target.name if held_target is not None else "y_val"
        lines.append(f"{target.name}, {name} = {all_targets}[:{cut}], {all_targets}[{cut}:]")
    yield Fault(
        severity="warning",
        where="validation",
        what=f"{between.mean():.0%} of the validation windows lie between two training windows that share "
        f"{train.shape[1] - 1} of their {train.shape[1]} timesteps: the windows were shuffled before the split, so the "
        "validation part has been seen. Split by time first; shuffle the training part afterwards.",
        expected=f"the first {cut:,} windows for training, the last {held.samples:,} for validation",
        got="a random split of overlapping windows",
        fix="\n".join(lines),
    )


@rule("SW403", "scaler-saw-validation")
def scaler(context: Context) -> Iterator[Fault]:
    """The scaler was fitted on more than the training part.

    Warning. Fires where the smallest and largest value of a feature are exactly 0 and 1 (or -1 and 1) over both parts
    together but not over the training part; where both parts together have mean 0 and standard deviation 1 (to
    0.001) and the training part alone does not (by more than 0.02); and where the `scaler`, a given one or that of an
    estimator, has seen more rows than the training part has. A source of batches, of which only some are looked at, is
    passed over.
    """
    both = parts(context)
    if both is None or len(both[0].shape) != 3 or any(part.partial for part in both):
        return
    train, held = both
    assert train.values is not None and held.values is not None
    if train.values.dtype.kind != "f":
        return
    seen = _seen_by(context, train)
    how = seen or _fitted_on_both(train.values, held.values)
    if how is None:
        return
    if how == "standard":
        fix = (
            f"mean, std = {train.name}.mean(axis=(0, 1)), {train.name}.std(axis=(0, 1))\n"
            f"{train.name}, {held.name} = ({train.name} - mean) / std, ({held.name} - mean) / std"
        )
    else:
        fix = (
            f"low, high = {train.name}.min(axis=(0, 1)), {train.name}.max(axis=(0, 1))\n"
            f"{train.name}, {held.name} = ({train.name} - low) / (high - low), ({held.name} - low) / (high - low)"
        )
    yield Fault(
        severity="warning",
        where="validation",
        what="The scaler was fitted on the training and validation part together, so the training input knows the "
        "range of what comes later. Fit it on the training part, and apply it to both.",
        expected="a scaler fitted on the training part",
        got=seen_words(how, context),
        fix=fix,
    )


def seen_words(how: str, context: Context) -> str:
    if context.scaler is not None and how == "rows":
        return f"a scaler that has seen {int(context.scaler.n_samples_seen_):,} rows"
    if how == "minmax":
        return "the extremes 0 and 1 are reached over both parts together, not in training"
    return "mean 0 and deviation 1 over both parts together, not in training"


def _seen_by(context: Context, train: Array) -> str | None:
    """Compare the rows that the scaler has counted with those of the training part, or that its windows can span."""
    count = getattr(context.scaler, "n_samples_seen_", None)
    if count is None or np.ndim(count):
        return None
    rows = context.training_rows
    if rows is None and slides(train):  # windows of a training part span its rows, and one horizon more at the most
        rows = train.samples + 2 * train.shape[1] - 1
    elif rows is None:
        rows = train.samples * train.shape[1]
    return "rows" if int(count) > rows else None


def _fitted_on_both(train: np.ndarray, held: np.ndarray) -> str | None:
    low, high = train.min(axis=0).min(axis=0), train.max(axis=0).max(axis=0)  # one axis at a time: ten times faster
    all_low = np.minimum(low, held.min(axis=0).min(axis=0))
    all_high = np.maximum(high, held.max(axis=0).max(axis=0))
    for bottom in (0.0, -1.0):
        exact = np.isclose(all_low, bottom, atol=1e-6) & np.isclose(all_high, 1.0, atol=1e-6)
        short = (low > bottom + 1e-3) | (high < 1.0 - 1e-3)
        if exact.all() and short.any():
            binary = [len(np.unique(train[:500, :, j])) <= 2 for j in range(train.shape[-1])]
            return "minmax" if (short & ~np.array(binary)).any() else None
    mean, spread = _moments(train)
    if not ((abs(mean) > 0.02) | (abs(spread - 1) > 0.02)).any() or (abs(mean) > 1).any():
        return None
    share = len(train) / (len(train) + len(held))
    other_mean, other_spread = _moments(held)
    both = share * mean + (1 - share) * other_mean
    square = share * (spread**2 + mean**2) + (1 - share) * (other_spread**2 + other_mean**2)
    both_spread = np.sqrt(np.maximum(square - both**2, 0))
    return "standard" if (abs(both) < 1e-3).all() and (abs(both_spread - 1) < 1e-3).all() else None


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each feature, of values in (samples, timesteps, features)."""
    flat = values.reshape(len(values), -1)
    ones = np.full(len(values), 1 / len(values), values.dtype)
    mean = (ones @ flat).reshape(values.shape[1:]).mean(axis=0, dtype=np.float64)
    square = (ones @ (flat * flat)).reshape(values.shape[1:]).mean(axis=0, dtype=np.float64)
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


@rule("SW405", "group-in-both-parts")
def groups(context: Context) -> Iterator[Fault]:
    """The same series (patient, machine, shop) is in both parts.

    Warning. Fires where `groups` and `validation_groups` share a label.
    """
    if context.groups is None or context.validation_groups is None:
        return
    mine, theirs = np.asarray(context.groups), np.asarray(context.validation_groups)
    both = np.intersect1d(mine, theirs)
    if not both.size:
        return
    one = context.inputs[0].data if context.inputs else None
    x = one.name if one is not None else "x"
    target = context.outputs[0].target if context.outputs else None
    own, other = (
        context.names.of(context.groups, "groups"),
        context.names.of(context.validation_groups, "validation_groups"),
    )
    lines = [f"keep = ~np.isin({own}, {other})", f"{x} = {x}[keep]"]
    if target is not None:
        lines.append(f"{target.name} = {target.name}[keep]")
    lines.append(f"{own} = np.asarray({own})[keep]")
    shown = ", ".join(map(str, both[:3].tolist())) + (", …" if len(both) > 3 else "")
    yield Fault(
        severity="warning",
        where="x",
        what=f"{len(both):,} group(s) are in the training and in the validation part ({shown}): the model may know "
        "them by their habits. Keep each group in one part.",
        expected="no group in both parts",
        got=f"{len(both):,} of {len(np.unique(theirs)):,} validation groups",
        fix="\n".join(lines),
    )
