"""Teacher forcing: the decoder of an encoder–decoder reads the target, one step behind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import pairs
from seqwise.inspection.data import Array


@rule("SW407", "decoder-input-not-shifted", unless=("SW30",))
def not_shifted(context: Context) -> Iterator[Fault]:
    """The decoder input is the target itself: at each timestep the decoder reads the answer.

    Warning: it trains very well and has learnt to copy. The decoder input must lag one step behind the target. Fires on
    models with several inputs where a feature of one of them equals the target (token ids and one-hot vectors alike) at
    99 in 100 timesteps, more often than the target a step earlier does, and the output at each timestep depends on this
    input at the same one.
    """
    for index, (output, target, shape) in enumerate(pairs(context)):
        if len(context.inputs) < 2 or len(shape) != 3 or target.samples < 2 or index >= len(context.graph.outputs):
            continue
        field = context.graph.outputs[context.outputs.index(output)].field
        labels = _series(target)
        for entry, value in zip(context.inputs, context.graph.inputs, strict=False):
            bands = field.bands.get(value.made_by, ())
            if entry.data is None or not any(band.jump == 1 and band.first <= 0 <= band.last for band in bands):
                continue
            feature = _copied(_series(entry.data), labels)
            if feature is None:
                continue
            where, fix = _shift(context, entry, entry.data, target, feature)
            yield Fault(
                severity="warning",
                where=where,
                what=f"{entry.data.name} holds {target.name} at the same timesteps: the decoder reads the answer, and "
                "learns to copy it. With teacher forcing it reads the step before.",
                expected=f"{entry.data.name} one timestep behind {target.name}",
                got=f"{entry.data.name} equal to {target.name}",
                fix=fix,
            )


def _series(array: Array) -> np.ndarray:
    """Return the features, shape (samples, timesteps, features); of one-hot vectors, the ids alone."""
    part = array.part
    if part.ndim < 2 or part.dtype.kind not in "fiub":
        return np.zeros((0, 0, 0))
    if part.ndim == 2:
        return part[..., None]
    one_hot = part.ndim == 3 and part.shape[-1] > 1 and bool(np.isin(part, (0, 1)).all() and (part.sum(-1) == 1).all())
    return part.argmax(-1)[..., None] if one_hot else part.reshape(*part.shape[:2], -1)


def _copied(series: np.ndarray, labels: np.ndarray) -> int | None:
    """Return the feature that holds the labels at the same timesteps."""
    if series.shape[:2] != labels.shape[:2] or labels.shape[1:] < (2, 1) or labels.shape[-1] != 1:
        return None
    same = (series == labels).mean(axis=(0, 1))
    behind = (series[:, 1:] == labels[:, :-1]).mean(axis=(0, 1))
    copies = np.flatnonzero((same >= 0.99) & (behind < same))
    return int(copies[0]) if len(copies) and len(np.unique(labels)) > 1 else None


def _shift(context: Context, entry: Input, data: Array, target: Array, feature: int) -> tuple[str, str]:
    """Return (where, fix): the target moves where it begins with a start token, else the decoder input."""
    x, y = data.name, target.name
    if data.whole and target.part.ndim == 2 and (target.part[:, 0] == target.part[0, 0]).all():
        return "y", f"{y} = np.concatenate([{y}[:, 1:], np.zeros_like({y}[:, :1])], axis=1)"
    if len(data.shape) == 3 and data.shape[-1] > 1 and _series(data).shape[-1] > 1:  # one feature among others
        lines = [f"shifted = {x}.copy()", f"shifted[:, 1:, {feature}] = {x}[:, :-1, {feature}]",
                 f"shifted[:, 0, {feature}] = 0"]  # fmt: skip
    else:
        lines = [f"shifted = np.concatenate([np.zeros_like({x}[:, :1]), {x}[:, :-1]], axis=1)"]
    arrays = ["shifted" if other is entry else other.data.name for other in context.inputs if other.data is not None]
    whole = f"{x} = shifted" if x.endswith(("']", '"]')) else f"{x.partition('[')[0]} = [{', '.join(arrays)}]"
    return "x", "\n".join([*lines, whole])
