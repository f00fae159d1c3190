"""MiniRocket's features (Dempster et al. 2021): the share of steps at which small fixed convolutions exceed a bias."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from seqwise.data import Sequences

TAPS = 9  # of a kernel: three weigh 2, the others -1
THREES = np.array(list(combinations(range(TAPS), 3)))  # of the 84 kernels, the taps that weigh 2
FEATURES, DILATIONS = 10_000, 32  # at most
MIXES = 4  # sums of features that are convolved, where there are several features
AT_ONCE = 2**17  # values of a chunk of sequences
MOST_STEPS = 2_000_000  # of the training sequences, beyond which the convolutions take too long
MOST_FEATURE_VALUES = 2**26  # of the regression behind them


class KernelFeatures:
    """84 kernels of length 9, dilated by up to the length of the sequences.

    A feature is the share of the steps at which a convolution exceeds a bias: a quantile of that convolution of one
    training sequence. With several features a step, random sums of them are convolved. Unlike in the paper, all
    convolutions are padded with zeros.

    Attributes:
        dilations: int, shape (dilations,). counts: biases of each kernel at each dilation, int, shape (dilations,).
        mixes: which features of a step are summed, bool, shape (dilations, mixes, features). turns: the mix that each
            kernel convolves, int, shape (dilations, 84). biases: shape (features,), by dilation, kernel and quantile.
        ramps: at each dilation, how far around a bias a step counts in part: from 0 at half of it below to 1 at half of
            it above. 0, as in the paper, counts it wholly or not at all.
        offset, scale: of each feature of a step, taken off before.
    """

    offset: np.ndarray
    scale: np.ndarray
    dilations: np.ndarray
    counts: np.ndarray
    mixes: np.ndarray
    turns: np.ndarray
    biases: np.ndarray
    ramps: np.ndarray

    def draw(
        self, sequences: Sequences, *, features: int = FEATURES, dilations: int = DILATIONS, ramp: float = 0.0
    ) -> None:
        """Choose all of it for training sequences.

        Args:
            features, dilations: at most. ramp: in standard deviations of a dilation's convolutions.
        """
        rng = np.random.default_rng(0)
        columns, spread = sequences.values.shape[1], sequences.values.std(axis=0, dtype=np.float64)
        self.offset, self.scale = sequences.values.mean(axis=0), np.where(spread > 0, spread, 1)
        widest = max((np.median(sequences.lengths) - 1) / (TAPS - 1), 1)
        drawn = 2 ** np.linspace(0, np.log2(widest), dilations)
        self.dilations, counts = np.unique(drawn.astype(np.int64), return_counts=True)
        budget = min(features, MOST_FEATURE_VALUES // len(sequences)) / len(THREES)
        self.counts = np.maximum(counts * budget / dilations, 1).astype(np.int64)
        mixes = 1 if columns == 1 else MIXES
        self.mixes = np.ones((len(self.dilations), mixes, columns), bool)
        if columns > 1:
            size = 2 ** rng.uniform(0, np.log2(min(columns, TAPS)), self.mixes.shape[:2])
            ranks = rng.permuted(np.broadcast_to(np.arange(columns), self.mixes.shape), axis=-1)
            self.mixes = ranks < size.astype(int)[..., None]
        self.turns = rng.integers(0, mixes, (len(self.dilations), len(THREES)))
        golden = np.arange(1, self.counts.sum() * len(THREES) + 1) * (np.sqrt(5) - 1) / 2 % 1
        places = np.split(golden, np.cumsum(self.counts * len(THREES))[:-1])
        biases: list[np.ndarray] = []
        ramps: list[float] = []
        for d, quantiles in enumerate(places):
            sample = sequences.take(rng.integers(0, len(sequences), 1))
            at = quantiles.reshape(len(THREES), -1)
            convolved = dict(self._convolutions(*self._padded(sample)[:1], d))
            biases += [np.quantile(convolved[k][0], at[k]) for k in range(len(THREES))]
            ramps.append(ramp * (float(np.std(np.stack(list(convolved.values())))) or 1.0))
        self.biases, self.ramps = np.concatenate(biases), np.array(ramps)

    def features(self, sequences: Sequences) -> np.ndarray:
        """Return the features, float32, shape (samples, features)."""
        longest = int(sequences.lengths.max())
        size = max(AT_ONCE // longest, 1)
        chunks = np.split(np.arange(len(sequences)), range(size, len(sequences), size))
        return np.concatenate([self._chunk_features(sequences.take(chosen)) for chosen in chunks])

    def _chunk_features(self, sequences: Sequences) -> np.ndarray:
        x, mask = self._padded(sequences)
        bias, columns = iter(self.biases), list[np.ndarray]()
        for d, (count, ramp) in enumerate(zip(self.counts, self.ramps, strict=True)):
            by_kernel = dict(self._convolutions(x, d))
            for k in range(len(THREES)):
                above = np.where(mask, by_kernel[k], -np.inf)
                for _ in range(count):
                    edge = np.float32(next(bias))
                    share = np.clip((above - edge) / np.float32(ramp) + 0.5, 0, 1) if ramp else above > edge
                    columns.append(share.sum(axis=1) / sequences.lengths)
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
            for k in np.flatnonzero(self.turns[d] == m).tolist():
                a, b, c = THREES[k]
                yield k, less + thrice[a] + thrice[b] + thrice[c]


def convolves(sequences: Sequences) -> bool:
    """Tell whether so many steps can be convolved in a few seconds."""
    return int(sequences.lengths.sum()) <= MOST_STEPS
