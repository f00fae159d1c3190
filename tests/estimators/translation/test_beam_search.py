"""Beam search: beside every possible hypothesis, beside the same search written plainly, alone and in a batch."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest

from seqwise.backend import import_keras
from seqwise.data.tokenizer import END, PADDING, START, UNKNOWN
from seqwise.estimators.translation.beam_search import beam_search

keras = import_keras()
UNITS, VOCABULARY = 3, 7  # four special tokens and three words
WORDS = [t for t in range(VOCABULARY) if t not in (PADDING, UNKNOWN, START, END)]
SENTENCES, STEPS = 5, 4


class Decoder:
    """A small recurrent decoder with weights at random, on NumPy and on Keras's backend."""

    def __init__(self, seed, sharp=2.0):
        rng = np.random.default_rng(seed)
        self.recurrent = rng.normal(size=(UNITS, UNITS)).astype("float32")
        self.words = rng.normal(size=(VOCABULARY, UNITS)).astype("float32")
        self.out = rng.normal(size=(UNITS, VOCABULARY)).astype("float32") * sharp
        self.states = rng.normal(size=(SENTENCES, UNITS)).astype("float32")

    def plain(self, last, state):
        state = np.tanh(state @ self.recurrent + self.words[last])
        logits = (state @ self.out).astype(np.float64)
        return logits - np.log(np.exp(logits).sum()), state

    def step(self, last, states):
        ops = keras.ops
        state = ops.tanh(states[0] @ self.recurrent + ops.take(self.words, last[:, 0], axis=0))
        return state @ self.out, [state]

    def found(self, beam, penalty, limits, chosen=slice(None)):
        states = keras.ops.convert_to_tensor(self.states[chosen])
        limits = np.asarray(limits)[chosen]
        found = beam_search(
            self.step, [states], keras.ops.convert_to_tensor(limits, "int32"),
            steps=int(limits.max()), beam=beam, length_penalty=penalty,
        )  # fmt: skip
        tokens = [[int(t) for t in row if t != PADDING] for row in np.asarray(found.tokens)]
        return tokens, np.asarray(found.scores)

    def score(self, tokens, sentence, penalty):
        total, state, last = 0.0, self.states[sentence], START
        for token in tokens:
            logp, state = self.plain(last, state)
            total, last = total + logp[token], token
        return total / len(tokens) ** penalty


def exhaustive(decoder, sentence, penalty, limit):
    complete = ([*words, END] for length in range(limit) for words in itertools.product(WORDS, repeat=length))
    return max(complete, key=partial(decoder.score, sentence=sentence, penalty=penalty))


def plain_search(decoder, sentence, beam, penalty, limit):
    """The same search on lists: complete hypotheses leave, and the beam is as many narrower."""
    alive, complete = [(0.0, [], START, decoder.states[sentence])], []
    for _ in range(limit):
        further = []
        for total, tokens, last, state in alive:
            logp, after = decoder.plain(last, state)
            further += [(total + logp[t], [*tokens, t], t, after) for t in (*WORDS, END)]
        kept = sorted(further, key=lambda one: -one[0])[: beam - len(complete)]
        complete += [one for one in kept if one[2] == END]
        alive = [one for one in kept if one[2] != END]
    among = complete or alive
    return max(among, key=lambda one: one[0] / len(one[1]) ** penalty)[1]


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_all_hypotheses_finds_the_best_of_all(seed, penalty):
    decoder, limits = Decoder(seed, sharp=0.5), [4, 3, 2, 1, 4]
    tokens, scores = decoder.found(beam=150, penalty=penalty, limits=limits)
    for i, limit in enumerate(limits):
        best = exhaustive(decoder, i, penalty, limit)
        assert tokens[i] == best
        np.testing.assert_allclose(scores[i], decoder.score(best, i, penalty), rtol=1e-5)


def test_a_beam_of_one_is_the_greedy_choice():
    different = 0
    for seed in range(10):
        decoder = Decoder(seed)
        tokens, _ = decoder.found(beam=1, penalty=1.0, limits=[8] * SENTENCES)
        wide, _ = decoder.found(beam=8, penalty=0.0, limits=[8] * SENTENCES)
        for i in range(SENTENCES):
            greedy, state, last = [], decoder.states[i], START
            while last != END and len(greedy) < 8:
                logp, state = decoder.plain(last, state)
                last = max((*WORDS, END), key=lambda t, logp=logp: logp[t])
                greedy.append(last)
            assert tokens[i] == greedy
        different += tokens != wide
    assert different > 3  # so that a search that always is greedy would be seen below


@pytest.mark.parametrize("beam", [2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_same_search_as_a_plain_one(seed, beam):
    decoder, limits = Decoder(seed), [6, 5, 6, 2, 4]
    tokens, _ = decoder.found(beam, 0.7, limits)
    assert tokens == [plain_search(decoder, i, beam, 0.7, limit) for i, limit in enumerate(limits)]


def test_a_sentence_alone_is_found_as_in_a_batch():
    decoder, limits = Decoder(3), [6, 3, 6, 2, 12]
    tokens, scores = decoder.found(4, 1.0, limits)
    for i in range(SENTENCES):
        (alone,), score = decoder.found(4, 1.0, limits, slice(i, i + 1))
        assert alone == tokens[i]
        np.testing.assert_allclose(score[0], scores[i], rtol=1e-6)


def test_what_never_ends_is_cut_at_the_limit():
    decoder = Decoder(0)
    decoder.out[:, END] = 0
    decoder.step = lambda last, states, step=decoder.step: _without_end(*step(last, states))
    tokens, scores = decoder.found(3, 1.0, [4, 3, 2, 1, 4])
    assert [len(t) for t in tokens] == [4, 3, 2, 1, 4]
    assert END not in itertools.chain(*tokens)
    assert (scores > -100).all()


def _without_end(logits, states):
    return keras.ops.where(keras.ops.arange(VOCABULARY) == END, -1e9, logits), states
