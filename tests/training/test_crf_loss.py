"""The CRF's loss beside the likelihood of the right tags among all possible ones, one by one; padding has no effect."""

from itertools import pairwise, product

import numpy as np

from seqwise.backend import import_keras
from seqwise.training.crf_loss import ChainCrossentropy, TagTransitions

keras = import_keras()
TAGS, LENGTHS = 3, (5, 1, 3)


def test_the_loss_is_the_likelihood_among_all_paths():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 5, TAGS)).astype(np.float32)
    right = rng.integers(0, TAGS, (3, 5))
    layer = TagTransitions()
    layer.build(logits.shape)
    start, between = rng.normal(size=TAGS), rng.normal(size=(TAGS, TAGS))
    layer.set_weights([start, between])
    steps = np.asarray(ChainCrossentropy(reduction=None)(right, layer(logits)))
    assert steps.shape == (3, 5)

    def score(sequence, tags):
        pairs = sum(between[one, other] for one, other in pairwise(tags))
        return start[tags[0]] + pairs + sum(sequence[t, tag] for t, tag in enumerate(tags))

    for i, length in enumerate(LENGTHS):
        paths = product(range(TAGS), repeat=length)
        total = np.log(sum(np.exp(score(logits[i], path)) for path in paths))
        expected = total - score(logits[i], right[i, :length].tolist())
        np.testing.assert_allclose(steps[i, :length].sum(), expected, rtol=1e-5)  # whatever stands behind

    weights = (np.arange(5) < np.array(LENGTHS)[:, None]).astype(np.float32)
    mean = ChainCrossentropy()(right, layer(logits), sample_weight=weights)
    np.testing.assert_allclose(np.asarray(mean), (steps * weights).sum() / weights.sum(), rtol=1e-5)
