"""A linear-chain conditional random field on NumPy: the best tags of a sequence, and the probabilities of its tags.

The score of tags y₁ … yₙ is start[y₁] + Σ emissions[t, yₜ] + Σ transitions[yₜ₋₁, yₜ], and their probability exp(score)
divided by the sum over all possible tags (Lafferty et al. 2001). `seqwise.training.crf_loss` learns the two tables.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST = 1e-30  # a probability that rounds to 0 would bar a tag for ever


class Transitions(NamedTuple):
    """What a tag adds to the score of those beside it.

    Attributes:
        start: of the first step's tag, float64, shape (tags,).
        between: of a tag (row) and the one after it (column), float64, shape (tags, tags).
    """

    start: np.ndarray
    between: np.ndarray


def emissions_of(probabilities: np.ndarray) -> np.ndarray:
    """Return the emissions, the logarithms of each step's tag probabilities; shape (timesteps, tags)."""
    return np.log(np.maximum(probabilities.astype(np.float64), LEAST))


def viterbi(emissions: np.ndarray, transitions: Transitions) -> np.ndarray:
    """Return the tags of the highest score, int, shape (timesteps,); of equals those that come first (Viterbi 1967).

    Args:
        emissions: shape (timesteps, tags), without padding.
    """
    best, origins = transitions.start + emissions[0], []
    for step in emissions[1:]:
        ways = best[:, None] + transitions.between
        origins.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + step
    tags = [int(best.argmax())]
    for origin in reversed(origins):
        tags.append(int(origin[tags[-1]]))
    return np.array(tags[::-1])


def marginals(emissions: np.ndarray, transitions: Transitions) -> np.ndarray:
    """Return the probability of each tag at each step, given the whole sequence: float64, shape (timesteps, tags).

    Args:
        emissions: shape (timesteps, tags), without padding.
    """
    before, after = np.empty_like(emissions), np.zeros_like(emissions)
    before[0] = transitions.start + emissions[0]
    for t in range(1, len(emissions)):
        before[t] = emissions[t] + _log_sum(before[t - 1][:, None] + transitions.between, axis=0)
    for t in range(len(emissions) - 2, -1, -1):
        after[t] = _log_sum(transitions.between + (emissions[t + 1] + after[t + 1]), axis=1)
    joint = before + after
    probabilities = np.exp(joint - joint.max(axis=1, keepdims=True))
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def _log_sum(scores: np.ndarray, axis: int) -> np.ndarray:
    """Return log(Σ exp(scores)) along an axis."""
    top = scores.max(axis=axis)
    return top + np.log(np.exp(scores - np.expand_dims(top, axis)).sum(axis=axis))
