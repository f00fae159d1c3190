"""Vectors of words by their company, beside a plain reference: counts in loops, NumPy's dense decomposition."""

import numpy as np
import pytest

import seqwise as sw
from seqwise.data import word_vectors
from seqwise.data.word_vectors import learn_vectors

RNG = np.random.default_rng(0)
TEXTS = [" ".join(RNG.choice(list("abcdefgh"), RNG.integers(1, 12))) for _ in range(80)]


def reference(texts, tokens, near):
    """The vectors' products, each by each: signs and turns of the decomposition do not matter."""
    ids = {token: i for i, token in enumerate(tokens)}
    counts = np.zeros((len(tokens), len(tokens)))
    for text in texts:
        words = [ids.get(word, 1) for word in text.split()]
        for i, word in enumerate(words):
            for j, other in enumerate(words):
                if i != j and abs(i - j) <= near:
                    counts[word, other] += 1 / abs(i - j)
    neighbour = counts.sum(axis=0) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(counts / counts.sum(axis=1, keepdims=True) / (neighbour / neighbour.sum()))
    information = np.where(np.isfinite(information), np.maximum(information, 0), 0)
    information[:2] = information[:, :2] = 0
    left, singular, _ = np.linalg.svd(information)
    vectors = left * np.sqrt(singular)
    vectors[:2] = 0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return vectors @ vectors.T


@pytest.mark.parametrize(("at_once", "near"), [(1_000_000, 5), (7, 2)])
def test_they_are_those_of_a_plain_reference(at_once, near, monkeypatch):
    monkeypatch.setattr(word_vectors, "AT_ONCE", at_once)
    tokenizer = sw.data.Tokenizer(min_count=1).fit(list("abcdefg"))  # h is unknown
    tokens = tokenizer.tokens_
    found = learn_vectors(tokenizer.encode(TEXTS), len(tokens), len(tokens) + 3, near)
    assert found.values.shape == (len(tokens), len(tokens) + 3)
    assert found.values.dtype == np.float32
    assert found.known.tolist() == [False, False] + [True] * 7
    np.testing.assert_allclose(found.values @ found.values.T, reference(TEXTS, tokens, near), atol=1e-4)


def test_of_very_many_texts_every_second_or_third_is_read(monkeypatch):
    tokenizer = sw.data.Tokenizer(min_count=1).fit(TEXTS)
    words = sum(len(text.split()) for text in TEXTS)
    expected = learn_vectors(tokenizer.encode(TEXTS[::3]), len(tokenizer), 4)
    monkeypatch.setattr(word_vectors, "MOST_READ", words // 3 + 1)
    np.testing.assert_array_equal(learn_vectors(tokenizer.encode(TEXTS), len(tokenizer), 4).values, expected.values)


def test_words_without_company_have_no_vector():
    tokenizer = sw.data.Tokenizer(min_count=1).fit(["a", "b", "a"])
    found = learn_vectors(tokenizer.encode(["a", "b", "a"]), len(tokenizer), 4)
    assert not found.known.any()
    assert not found.values.any()
