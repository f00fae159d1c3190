"""Beam search over a decoder that runs one step at a time, for many sentences at once, on NumPy arrays.

The search is that of `seqwise.estimators.translation.beam_search`, which says how it ranks; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seqwise.artifact.numpy.activations import log_softmax
from seqwise.data.tokenizer import END, PADDING, START, UNKNOWN

NEVER = np.float32(-1e30)  # the log-probability of what may not be

# (last tokens (rows, 1), states) → (logits (rows, vocabulary), new states); a row is a sentence's hypothesis
Step = Callable[[np.ndarray, list[np.ndarray]], tuple[np.ndarray, list[np.ndarray]]]


def beam_search(
    step: Step, states: list[np.ndarray], limits: np.ndarray, *, beam: int, length_penalty: float
) -> list[np.ndarray]:
    """Return the best hypothesis of each sentence: its tokens, int32, the end token too.

    Args:
        step: the decoder, for ``sentences × beam`` rows; those of a sentence stand together.
        states: before the first step, each (sentences, …); they are repeated for the hypotheses.
        limits: int, shape (sentences,): tokens of a hypothesis at most.
    """
    sentences, steps = len(limits), int(limits.max())
    penalty = np.float32(length_penalty)
    tokens = np.zeros((sentences, beam, steps), np.int32)
    lengths = np.zeros((sentences, beam), np.int64)
    # all hypotheses are the same at first: one counts
    scores = np.full((sentences, beam), NEVER)
    scores[:, 0] = 0
    complete = np.zeros((sentences, beam), bool)
    states = [np.repeat(state, beam, axis=0) for state in states]
    rows = np.arange(sentences)[:, None]

    def normalised(lengths: np.ndarray) -> np.ndarray:
        return scores / np.maximum(lengths, 1).astype(np.float32) ** penalty

    for i in range(steps):
        # none goes on of a sentence whose best complete hypothesis can no longer be overtaken
        best = np.where(complete, normalised(lengths), NEVER).max(axis=1, keepdims=True)
        hopeful = ~complete & (normalised(limits[:, None]) > best)
        growing = ~complete & (hopeful.any(axis=1) & (i < limits))[:, None]
        if not growing.any():
            break
        last = tokens[:, :, i - 1] if i else np.full((sentences, beam), START, np.int32)
        logits, after = step(last.reshape(-1, 1), states)
        gained = log_softmax(logits).reshape(sentences, beam, -1)
        gained[..., [PADDING, START, UNKNOWN]] = NEVER
        # a hypothesis that rests has one way on: padding, which costs nothing and comes before every other's
        rank = scores[:, :, None] + gained
        rank[~growing] = 2 * NEVER
        gained[~growing] = 0
        rank[..., PADDING] = np.where(growing, rank[..., PADDING], 2 * scores - NEVER)
        vocabulary = gained.shape[-1]
        chosen = _highest(rank.reshape(sentences, -1), beam)
        parent, token = chosen // vocabulary, (chosen % vocabulary).astype(np.int32)
        scores = scores[rows, parent] + gained.reshape(sentences, -1)[rows, chosen]
        tokens, lengths = tokens[rows, parent], lengths[rows, parent] + (token != PADDING)
        tokens[:, :, i] = token
        complete = complete[rows, parent] | ((token == END) & (scores > NEVER / 2))
        flat = (parent + rows * beam).ravel()
        states = [state[flat] for state in after]
    may = complete | ~complete.any(axis=1, keepdims=True)
    best = np.where(may, normalised(lengths), 3 * NEVER).argmax(axis=1)
    return [sentence[sentence != PADDING] for sentence in tokens[np.arange(sentences), best]]


def _highest(rank: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the highest values of each row, the highest first; of equal ones the first."""
    size = int(rank.shape[1])
    places: np.ndarray = np.tile(np.arange(size), (len(rank), 1))
    if count < size:
        places = np.sort(np.argpartition(-rank, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(rank, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)
