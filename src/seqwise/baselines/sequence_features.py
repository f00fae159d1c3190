"""The features of a sequence for a linear baseline: statistics of each feature, and the length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqwise.data import Sequences


def summarise(sequences: Sequences) -> np.ndarray:
    """Return mean, standard deviation, least, greatest, first and last value of each feature, then the length.

    Returns:
        float64, shape (samples, 6 × features + 1): all means, then all standard deviations, and so on.
    """
    values, starts, lengths = sequences.values.astype(np.float64), sequences.starts, sequences.lengths
    count = lengths[:, None]
    mean = np.add.reduceat(values, starts) / count
    deviation = values - np.repeat(mean, lengths, axis=0)
    parts = [
        mean,
        np.sqrt(np.add.reduceat(deviation**2, starts) / count),
        np.minimum.reduceat(values, starts),
        np.maximum.reduceat(values, starts),
        values[starts],
        values[starts + lengths - 1],
        count,
    ]
    return np.concatenate(parts, axis=1)


class SummaryFeatures:
    """The columns of `summarise`, scaled to mean 0 and standard deviation 1 over the sequences of `fit_transform`."""

    kind, name = "summary", "summary features"

    def fit_transform(self, sequences: Sequences) -> np.ndarray:
        summary = summarise(sequences)
        self.offset, self.scale = summary.mean(axis=0), summary.std(axis=0)
        self.scale[self.scale == 0] = 1
        return self.transform(sequences)

    def transform(self, sequences: Sequences) -> np.ndarray:
        return (summarise(sequences) - self.offset) / self.scale

    def to_dict(self) -> dict[str, Any]:
        return {"offset": self.offset.tolist(), "scale": self.scale.tolist()}

    def from_dict(self, saved: Mapping[str, Any]) -> SummaryFeatures:
        self.offset, self.scale = np.array(saved["offset"]), np.array(saved["scale"])
        return self
