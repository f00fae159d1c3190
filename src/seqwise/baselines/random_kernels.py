"""A ridge regression on the outputs of many small fixed convolutions: MiniRocket (Dempster et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Self

import numpy as np

from seqwise.baselines.protocol import Problem, Saved
from seqwise.baselines.targets import as_columns
from seqwise.data import Sequences

TAPS = 9  # of a kernel: three weigh 2, the others -1
THREES = np.array(list(combinations(range(TAPS), 3)))  # of the 84 kernels, the taps that weigh 2
FEATURES = 10_000  # at most
DILATIONS = 32  # at most
MIXES = 4  # sums of features that are convolved, where there are several features
AT_ONCE = 2**20  # values of a chunk of sequences
MOST_STEPS = 2_000_000  # of the training sequences, beyond which the convolutions take too long
MOST_FEATURE_VALUES = 2**26  # of the ridge regression
ALPHAS = np.logspace(-3, 3, 10)


class RandomKernels:
    """MiniRocket's features with ridge regression.

    84 kernels of length 9 are dilated by up to the length of the sequences. A feature is the share of the steps at
    which a convolution exceeds a bias: a quantile of that convolution of one training sequence. With several
    features, random sums of them are convolved. Unlike in the paper, all convolutions are padded with zeros.

    Args:
        classes: number of classes; 0 for labels and numbers. Classes are regressed as -1 and 1; the softmax of their
            values ranks the classes, but is not calibrated.
    """

    kind, name = "kernels", "random convolutions, ridge regression"

    def __init__(self, classes: int = 0) -> None:
        self.classes = classes

    @classmethod
    def candidates(cls, problem: Problem) -> dict[str, Self]:
        """Return ``{"kernels": …}`` for sequences of numbers, if they are not too many."""
        suits = isinstance(problem.samples, Sequences) and convolves(problem.samples)
        return {"kernels": cls(problem.classes)} if suits else {}

    def fit(self, sequences: Sequences, targets: np.ndarray, weights: np.ndarray | None = None) -> RandomKernels:
        """Draw the kernels' dilations and biases, and fit the ridge regression.

        Args:
            weights: of each sequence, shape (samples,); those of single labels are averaged.
        """
        from sklearn.linear_model import RidgeCV

        self._draw(sequences)
        x = self._features(sequences)
        self.shift, self.spread = x.mean(axis=0), x.std(axis=0) + 1e-6
        y = as_columns(targets, self.classes)
        weights = weights.mean(axis=1) if weights is not None and weights.ndim == 2 else weights
        fitted: Any = RidgeCV(ALPHAS).fit((x - self.shift) / self.spread, 2 * y - 1 if self.classes else y, weights)
        self.coef, self.intercept = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
        return self

    def predict(self, sequences: Sequences) -> np.ndarray:
        """Return a probability of each class or a value of each label or number, shape (samples, outputs)."""
        values = (self._features(sequences) - self.shift) / self.spread @ self.coef.T + self.intercept
        if not self.classes:
            return values
        exp = np.exp(values - values.max(axis=1, keepdims=True))
        return exp / exp.sum(axis=1, keepdims=True)

    def _draw(self, sequences: Sequences) -> None:
        rng = np.random.default_rng(0)
        features, spread = sequences.values.shape[1], sequences.values.std(axis=0, dtype=np.float64)
        self.offset, self.scale = sequences.values.mean(axis=0), np.where(spread > 0, spread, 1)
        widest = max((np.median(sequences.lengths) - 1) / (TAPS - 1), 1)
        drawn = 2 ** np.linspace(0, np.log2(widest), DILATIONS)
        self.dilations, counts = np.unique(drawn.astype(np.int64), return_counts=True)
        budget = min(FEATURES, MOST_FEATURE_VALUES // len(sequences)) / len(THREES)
        self.counts = np.maximum(counts * budget / DILATIONS, 1).astype(np.int64)
        mixes = 1 if features == 1 else MIXES
        self.mixes = np.ones((len(self.dilations), mixes, features), bool)
        if features > 1:
            size = 2 ** rng.uniform(0, np.log2(min(features, TAPS)), self.mixes.shape[:2])
            ranks = rng.permuted(np.broadcast_to(np.arange(features), self.mixes.shape), axis=-1)
            self.mixes = ranks < size.astype(int)[..., None]
        self.turns = rng.integers(0, mixes, (len(self.dilations), len(THREES)))  # which mix a kernel reads
        golden = np.arange(1, self.counts.sum() * len(THREES) + 1) * (np.sqrt(5) - 1) / 2 % 1
        places = np.split(golden, np.cumsum(self.counts * len(THREES))[:-1])
        self.biases = np.zeros(0)
        for d, quantiles in enumerate(places):
            sample = sequences.take(rng.integers(0, len(sequences), 1))
            at = quantiles.reshape(len(THREES), -1)
            rows = [np.quantile(c[0], at[k]) for k, c in self._convolutions(*self._padded(sample)[:1], d)]
            self.biases = np.concatenate([self.biases, *rows])

    def _features(self, sequences: Sequences) -> np.ndarray:
        """Return the share of each sequence's steps above each bias, float32, shape (samples, features)."""
        longest = int(sequences.lengths.max())
        size = max(AT_ONCE // longest, 1)
        chunks = np.split(np.arange(len(sequences)), range(size, len(sequences), size))
        return np.concatenate([self._chunk_features(sequences.take(chosen)) for chosen in chunks])

    def _chunk_features(self, sequences: Sequences) -> np.ndarray:
        x, mask = self._padded(sequences)
        bias, columns = iter(self.biases), []
        for d, count in enumerate(self.counts):
            for _, convolved in self._convolutions(x, d):
                outside = np.where(mask, convolved, -np.inf)
                columns += [(outside > next(bias)).sum(axis=1) / sequences.lengths for _ in range(count)]
        return np.stack(columns, axis=1).astype(np.float32)

    def _padded(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Return scaled values (samples, timesteps, features), 0 at padding, and the mask (samples, timesteps)."""
        mask = np.arange(sequences.lengths.max()) < sequences.lengths[:, None]
        x = np.zeros((*mask.shape, sequences.values.shape[1]), np.float32)
        x[mask] = (sequences.values - self.offset) / self.scale
        return x, mask

    def _convolutions(self, x: np.ndarray, d: int) -> Any:
        """Yield each kernel's number and its convolution of dilation number `d`, shape (samples, timesteps)."""
        steps, reach = x.shape[1], int(self.dilations[d]) * (TAPS // 2)
        for m, mix in enumerate(self.mixes[d]):
            summed = np.pad(x @ mix.astype(np.float32), ((0, 0), (reach, reach)))
            taps = [summed[:, k * reach // (TAPS // 2) :][:, :steps] for k in range(TAPS)]
            less, thrice = -sum(taps), [3 * tap for tap in taps]
            for k in np.flatnonzero(self.turns[d] == m):
                a, b, c = THREES[k]
                yield k, less + thrice[a] + thrice[b] + thrice[c]

    def save(self) -> Saved:
        """Return what `load` needs."""
        return {"classes": self.classes}, {name: value for name, value in vars(self).items() if name != "classes"}

    @classmethod
    def load(cls, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> RandomKernels:
        """Undo `save`."""
        loaded = cls(saved["classes"])
        vars(loaded).update(arrays)
        return loaded


def convolves(sequences: Sequences) -> bool:
    """Tell whether so many steps can be convolved in a few seconds."""
    return int(sequences.lengths.sum()) <= MOST_STEPS
