"""Padding in the data: constant timesteps at one end of the sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from seqwise.inspection.check.measures import sample_keys, slides
from seqwise.inspection.data import Array


@dataclass(frozen=True)
class Padding:
    """Padding in the data.

    Attributes:
        value: that fills the padded timesteps; None where it differs from feature to feature.
        side: ``"after"`` the end of the sequences or ``"before"`` their start.
        share: of the samples have some. longest: the most padded timesteps in one sample.
    """

    value: float | None
    side: Literal["after", "before"]
    share: float
    longest: int

    @property
    def filling(self) -> str:
        """What the padded timesteps hold, in words."""
        return "one and the same step" if self.value is None else f"{self.value:g}"


def find_padding(data: Array) -> Padding | None:
    """Find constant steps at one end of the sequences; the page of padding-not-masked says what counts."""
    if data.values is None or len(data.shape) not in (2, 3) or data.shape[1] < 3 or data.samples < 2:
        return None
    part = data.part.reshape(*data.part.shape[:2], -1)
    if part.shape[2] == 1 and len(np.unique(part[:200])) <= 2:
        return None  # a flag that is switched on or off once
    if part.dtype.kind not in "fiub" or slides(data):
        return None
    return _padding_at(part[:, ::-1], "after") or _padding_at(part, "before")


def _padding_at(part: np.ndarray, side: Literal["after", "before"]) -> Padding | None:
    """Look for padding at the start of the sequences, shape (samples, timesteps, features)."""
    _, index, counts = np.unique(sample_keys(part[:, 0]), return_index=True, return_counts=True)
    if counts.max() == 1 and len(part) > 3:
        return None
    step = part[index[counts.argmax()], 0]  # the commonest
    equal = (part == step).all(axis=2)
    equal = equal[~equal.all(axis=1)]  # samples that are nothing but padding show no side
    if not len(equal):
        return None
    leading, trailing = (~equal).argmax(axis=1), (~equal[:, ::-1]).argmax(axis=1)  # how many there are in a row
    padded = leading >= 2
    if padded.mean() < 0.1 or len(np.unique(leading)) < 2 or (trailing >= 2).mean() > 0.25 * padded.mean():
        return None
    if (equal.sum() - leading.sum()) / (equal.size - leading.sum()) > 0.02:
        return None
    value = float(step[0]) if (step == step[0]).all() else None
    return Padding(value, side, float(padded.mean()), int(leading.max()))
