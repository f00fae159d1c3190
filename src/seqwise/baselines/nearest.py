"""The nearest neighbour as a baseline: it predicts the target of the most similar training sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from seqwise.baselines.protocol import Problem, Saved
from seqwise.baselines.targets import as_columns
from seqwise.data import Sequences

LONGEST = 512  # steps that are compared; longer sequences are read at fewer points
MOST_VALUES = 2**20  # kept of the training sequences; beyond it some of them, drawn at random
BAND = 0.1  # share of the steps by which two points that are compared may lie apart
AT_ONCE = 2**22  # values of a chunk of comparisons
WARPED_CELLS = 500_000  # comparisons of steps for one sequence, beyond which warping takes too long


class NearestNeighbour:
    """Predict what the most similar training sequence has: its class, its labels or its numbers.

    Every feature is scaled to a standard deviation of 1. Sequences of unequal lengths are stretched to the median
    length, by linear interpolation, which costs little accuracy (Ratanamahatana & Keogh 2005).

    Args:
        warping: compare by dynamic time warping within a band of 10 % of the steps (Sakoe & Chiba 1978); else by
            Euclidean distance.
        classes: number of classes; 0 for labels and numbers.

    Attributes:
        known: the training sequences, float32, shape (samples, steps, features). outputs: shape (samples, outputs).
    """

    kind = "nearest"

    def __init__(self, warping: bool, classes: int = 0) -> None:
        self.warping, self.classes = warping, classes

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"nearest": …}`` for sequences of numbers, and ``"warped"`` if they are not too many."""
        if not isinstance(problem.samples, Sequences):
            return {}
        nearest = {"nearest": cls(False, problem.classes)}
        return nearest | {"warped": cls(True, problem.classes)} if warps_in_time(problem.samples) else nearest

    @property
    def name(self) -> str:
        return f"nearest neighbour, {'time warping' if self.warping else 'Euclidean'}"

    def fit(self, sequences: Sequences, targets: np.ndarray, weights: np.ndarray | None = None) -> NearestNeighbour:
        """Keep the sequences with their targets; ignores `weights`."""
        steps = common_length(sequences)
        kept = max(MOST_VALUES // (steps * sequences.values.shape[1]), 1)
        chosen = np.arange(len(sequences))
        if kept < len(chosen):
            chosen = np.sort(np.random.default_rng(0).permutation(len(chosen))[:kept])
        spread = sequences.values.std(axis=0, dtype=np.float64)
        self.scale = np.where(spread > 0, spread, 1)
        self.known = self._stretched(sequences.take(chosen), steps)
        self.outputs = as_columns(targets[chosen], self.classes)
        return self

    def predict(self, sequences: Sequences) -> np.ndarray:
        """Return the targets of the nearest training sequences, shape (samples, outputs)."""
        steps = self.known.shape[1]
        unknown = self._stretched(sequences, steps)
        band = max(round(BAND * steps), 1)
        size = max(AT_ONCE // (len(self.known) * (steps if self.warping else 1)), 1)
        nearest: list[int] = []
        for start in range(0, len(unknown), size):
            chunk = unknown[start : start + size]
            distances = warped_distances(chunk, self.known, band) if self.warping else distances_of(chunk, self.known)
            nearest += distances.argmin(axis=1).tolist()
        return self.outputs[nearest]

    def _stretched(self, sequences: Sequences, steps: int) -> np.ndarray:
        return np.stack([stretch(values / self.scale, steps) for values in sequences]).astype(np.float32)

    def save(self) -> Saved:
        """Return what `load` needs."""
        arrays = {"known": self.known, "outputs": self.outputs, "scale": self.scale}
        return {"warping": self.warping, "classes": self.classes}, arrays

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> NearestNeighbour:
        """Undo `save`."""
        loaded = cls(saved["warping"], saved["classes"])
        loaded.known, loaded.outputs, loaded.scale = arrays["known"], arrays["outputs"], arrays["scale"]
        return loaded


def common_length(sequences: Sequences) -> int:
    """Return how many steps of each sequence are compared: their median length, at most 512."""
    return min(int(np.median(sequences.lengths)), LONGEST)


def warps_in_time(sequences: Sequences) -> bool:
    """Tell whether so many sequences can be compared by time warping in a few hundredths of a second each."""
    steps = common_length(sequences)
    return len(sequences) * steps * max(round(BAND * steps), 1) <= WARPED_CELLS


def stretch(values: np.ndarray, steps: int) -> np.ndarray:
    """Read a sequence, shape (timesteps, features), at `steps` evenly spaced points, between two steps linearly."""
    if len(values) == steps:
        return values
    at = np.linspace(0, len(values) - 1, steps)
    before = at.astype(int)
    after, share = np.minimum(before + 1, len(values) - 1), (at - before)[:, None]
    return values[before] * (1 - share) + values[after] * share


def distances_of(unknown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distance of each sequence from each, shape (unknown, known).

    Args:
        unknown, known: shape (samples, steps, features).
    """
    x, y = (array.reshape(len(array), -1).astype(np.float64) for array in (unknown, known))
    return (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T


def warped_distances(unknown: np.ndarray, known: np.ndarray, band: int) -> np.ndarray:
    """Return the squared distance of each sequence from each after time warping, shape (unknown, known).

    The sum of squared differences along the best path from both starts to both ends, whose steps go on in one sequence
    or in both, and stay within `band` steps of the diagonal (Sakoe & Chiba 1978). All pairs are computed together, one
    row of the table after the other.

    Args:
        unknown, known: shape (samples, steps, features), of the same number of steps.
    """
    steps = known.shape[1]
    shape = (len(unknown), len(known))
    above = np.full((steps + 1, *shape), np.inf, np.float32)  # above[j]: the best path to (i - 1, j - 1)
    above[0] = 0
    for i in range(steps):
        row = np.full_like(above, np.inf)
        for j in range(max(i - band, 0), min(i + band + 1, steps)):
            cost = ((unknown[:, None, i] - known[None, :, j]) ** 2).sum(axis=-1)
            row[j + 1] = cost + np.minimum(np.minimum(above[j], above[j + 1]), row[j])
        above = row
    return above[-1]
