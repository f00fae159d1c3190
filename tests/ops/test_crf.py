"""The CRF's decoding beside all possible tags of a sequence, one by one."""

from itertools import pairwise, product

import numpy as np
import pytest

from seqwise.ops.crf import Transitions, emissions_of, marginals, viterbi


def score(tags, emissions, transitions):
    return (
        transitions.start[tags[0]]
        + sum(emissions[t, tag] for t, tag in enumerate(tags))
        + sum(transitions.between[one, other] for one, other in pairwise(tags))
    )


def draw(steps, tags, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(steps, tags)), Transitions(rng.normal(size=tags), rng.normal(size=(tags, tags)) * 2)


@pytest.mark.parametrize(("steps", "tags"), [(1, 3), (2, 2), (5, 3), (4, 5)])
def test_beside_every_path(steps, tags):
    emissions, transitions = draw(steps, tags, seed=steps)
    paths = list(product(range(tags), repeat=steps))
    scores = np.array([score(path, emissions, transitions) for path in paths])
    assert viterbi(emissions, transitions).tolist() == list(paths[scores.argmax()])
    shares = np.exp(scores) / np.exp(scores).sum()
    expected = np.zeros((steps, tags))
    for path, share in zip(paths, shares, strict=True):
        expected[np.arange(steps), path] += share
    np.testing.assert_allclose(marginals(emissions, transitions), expected, atol=1e-12)


def test_probabilities_of_single_steps_are_as_good_as_logits():
    """A softmax takes the same from the score of every path."""
    logits, transitions = draw(6, 4)
    alone = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(marginals(emissions_of(alone), transitions), marginals(logits, transitions))
    assert viterbi(emissions_of(alone), transitions).tolist() == viterbi(logits, transitions).tolist()
    assert np.isfinite(marginals(emissions_of(np.eye(4)), transitions)).all()  # sure of each step


def test_a_long_sequence_neither_overflows_nor_vanishes():
    emissions, transitions = draw(3_000, 3)
    found = marginals(emissions * 50, transitions)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
