"""Buckets of similar length, chosen so that little of the batches is padding."""

from __future__ import annotations

import numpy as np

MOST_BUCKETS = 8  # each is compiled separately
# a further bucket must save this share of the real steps, and at least so many steps, to be worth its compilation
LEAST_SAVED = 0.02
LEAST_STEPS = 500
MOST_CANDIDATES = 400  # lengths that are tried for a bucket


def bucket_lengths(lengths: np.ndarray) -> np.ndarray:
    """Return the timesteps of the buckets, ascending, that minimize padding; a sequence belongs to the first bucket
    that is long enough.

    For each number of buckets dynamic programming over the lengths finds the best choice; buckets are added while each
    saves enough padding.

    Args:
        lengths: timesteps of the sequences, int, shape (samples,).
    """
    tops, counts = np.unique(lengths, return_counts=True)
    if len(tops) > MOST_CANDIDATES:
        quantiles = np.quantile(np.arange(len(tops)), np.linspace(0, 1, MOST_CANDIDATES)).astype(int)
        tops = np.unique(tops[quantiles])
        counts = np.bincount(np.searchsorted(tops, lengths), minlength=len(tops))
    below = np.concatenate([[0], np.cumsum(counts)])  # samples of fewer steps than each candidate
    # cost[i, j]: steps of a bucket of tops[j] timesteps that holds the candidates i … j
    cost = np.where(
        np.arange(len(tops))[:, None] <= np.arange(len(tops)), tops * (below[1:] - below[:-1][:, None]), np.inf
    )
    best = cost[0]  # cost of the candidates up to j, in one bucket
    choices = [[j] for j in range(len(tops))]
    least = max(LEAST_SAVED * float(lengths.sum()), LEAST_STEPS)
    for _ in range(MOST_BUCKETS - 1):
        # the last bucket begins at candidate i, after the best choice for the candidates before it
        totals = np.concatenate([[np.inf], best[:-1]])[:, None] + cost
        begin = totals.argmin(axis=0)
        improved = totals[begin, np.arange(len(tops))]
        if not best[-1] - improved[-1] >= least:
            break
        choices = [[*choices[i - 1], j] if i else [j] for j, i in enumerate(begin)]
        best = improved
    return tops[choices[-1]]
