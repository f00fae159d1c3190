"""Small sets of generated sequences, on which settings of `Classifier` are chosen: no archive holds them.

Each function takes a seed and returns sequences and labels to train on, then those to test, as `SIZES` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Sequences = list[np.ndarray]
Parts = tuple[Sequences, np.ndarray, Sequences, np.ndarray]
SIZES = {
    "outlines": (36, 3),
    "days": (67, 2),
    "bumps": (50, 2),
    "motions": (40, 4),
    "sounds": (270, 9),
}  # to train, classes
TEST = 600


def _drawn(name: str, one: Callable[[int], np.ndarray], rng: np.random.Generator) -> Parts:
    train, classes = SIZES[name]
    labels = np.concatenate([np.arange(train) % classes, rng.integers(0, classes, TEST)])
    sequences = [one(c) for c in labels.tolist()]
    return sequences[:train], labels[:train], sequences[train:], labels[train:]


def _normalised(values: np.ndarray) -> np.ndarray:
    return ((values - values.mean()) / values.std())[:, None]


def outlines(seed: int) -> Parts:
    """Closed outlines of 160 points: sums of six harmonics, whose sizes, phases and pace vary within a class."""
    rng, t = np.random.default_rng([seed, 1]), np.linspace(0, 2 * np.pi, 160)
    sizes = rng.normal(size=6) + rng.normal(0, 0.25, (3, 6))
    phases = rng.uniform(0, 2 * np.pi, 6) + rng.normal(0, 0.25, (3, 6))

    def one(c: int) -> np.ndarray:
        pace = t + rng.normal(0, 0.25) * np.sin(t + rng.uniform(0, 2 * np.pi)) + rng.normal(0, 0.1)
        waves = [np.sin((k + 1) * pace + phases[c, k] + rng.normal(0, 0.25)) / (k + 1) for k in range(6)]
        outline = (sizes[c] * (1 + rng.normal(0, 0.25, 6))) @ waves
        return _normalised(outline + np.cumsum(rng.normal(0, 0.01, 160)) + rng.normal(0, 0.03, 160))

    return _drawn("outlines", one, rng)


def days(seed: int) -> Parts:
    """Days of 24 hours with a peak in the morning and one in the evening, which is later and wider in one class."""
    rng, hour = np.random.default_rng([seed, 2]), np.arange(24)

    def peak(at: float, width: float, height: float) -> np.ndarray:
        return height * np.exp(-((hour - at) ** 2) / (2 * width**2))

    def one(c: int) -> np.ndarray:
        morning = peak(8 + rng.normal(0, 0.6), 2, 1 + rng.normal(0, 0.3))
        width = 2.2 + 0.35 * c + 0.4 * abs(rng.normal())
        evening = peak(18.6 + 0.9 * c + rng.normal(0, 0.8), width, 1.2 + rng.normal(0, 0.3))
        return _normalised(morning + evening + rng.normal(0, 0.12, 24))

    return _drawn("days", one, rng)


def bumps(seed: int) -> Parts:
    """A movement there and back in 150 steps, with or without a small dip at its end."""
    rng, t = np.random.default_rng([seed, 3]), np.linspace(0, 1, 150)

    def one(c: int) -> np.ndarray:
        start, end, pace = rng.normal(0.25, 0.04), rng.normal(0.7, 0.05), 0.03 + 0.01 * abs(rng.normal())
        moved = 1 / (1 + np.exp((start - t) / pace)) - 1 / (1 + np.exp((end - t) / pace))
        depth, at = 0.12 * c * (1 + rng.normal(0, 0.3)), end + 0.12 + rng.normal(0, 0.02)
        dip = depth * np.exp(-((t - at) ** 2) / (2 * 0.03**2))
        return _normalised(moved - dip + rng.normal(0, 0.15) * t + rng.normal(0, 0.03, 150))

    return _drawn("bumps", one, rng)


def motions(seed: int) -> Parts:
    """Six drifting sensors over 100 steps: mixtures of three waves, whose paces and mixtures tell classes apart."""
    rng, t = np.random.default_rng([seed, 4]), np.linspace(0, 1, 100)
    paces, mixtures = rng.uniform(1, 6, (4, 3)), rng.normal(size=(4, 3, 6))

    def one(c: int) -> np.ndarray:
        pace = paces[c] * (1 + rng.normal(0, 0.08, 3)) * (1 + rng.normal(0, 0.15))
        waves = np.sin(2 * np.pi * t[:, None] * pace + rng.uniform(0, 2 * np.pi, 3))
        mixed = 0.6 * waves @ (mixtures[c] * (1 + rng.normal(0, 0.3, (3, 6))))
        return mixed + np.cumsum(rng.normal(0, 0.11, (100, 6)), axis=0) + rng.normal(0, 0.6, (100, 6))

    return _drawn("motions", one, rng)


def sounds(seed: int) -> Parts:
    """Nine speakers' sounds of 7 to 28 steps and 12 features, each a path between four points, shifted and noisy."""
    rng = np.random.default_rng([seed, 5])
    points = rng.normal(size=(9, 4, 12))

    def one(c: int) -> np.ndarray:
        along = np.linspace(0, 3, int(rng.integers(7, 29)))
        path = np.stack([np.interp(along, range(4), points[c, :, j]) for j in range(12)], axis=1)
        return 0.6 * path + rng.normal(0, 0.55, 12) + rng.normal(0, 0.45, path.shape)

    return _drawn("sounds", one, rng)


GENERATED: dict[str, Callable[[int], Any]] = {
    "outlines": outlines, "days": days, "bumps": bumps, "motions": motions, "sounds": sounds
}  # fmt: skip
