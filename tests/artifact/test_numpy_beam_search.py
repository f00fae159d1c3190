"""The beam search on NumPy finds what the one on Keras's operations finds."""

import numpy as np
import pytest
from keras import ops

from seqwise.artifact.numpy import beam_search as on_numpy
from seqwise.data.tokenizer import END
from seqwise.estimators.translation import beam_search as on_keras


@pytest.mark.parametrize("beam", [1, 2, 5])
@pytest.mark.parametrize("length_penalty", [0.0, 0.7])
def test_both_choose_the_same_tokens(beam, length_penalty):
    rng = np.random.default_rng(beam)
    table = rng.normal(size=(9, 9)).astype(np.float32) * 2  # logits after each token
    table[:, END] -= 4  # or the best would be to end at once
    pull = 3 * rng.normal(size=(6, 9)).astype(np.float32)  # of each sentence: its state
    limits = np.array([1, 3, 7, 7, 5, 8], np.int32)

    def step(tokens, states):
        return ops.take(table, tokens[:, 0], axis=0) + states[0], [states[0] * 0.9]

    def numpy_step(tokens, states):
        return table[tokens[:, 0]] + states[0], [states[0] * np.float32(0.9)]

    settings = {"beam": beam, "length_penalty": length_penalty}
    expected = on_keras.beam_search(
        step, [ops.convert_to_tensor(pull)], ops.convert_to_tensor(limits), steps=8, **settings
    )
    found = on_numpy.beam_search(numpy_step, [pull], limits, **settings)
    assert len({tuple(tokens) for tokens in found}) > 2
    for tokens, theirs in zip(found, np.asarray(ops.convert_to_numpy(expected.tokens)), strict=True):
        assert tokens.tolist() == theirs[theirs != 0].tolist()
