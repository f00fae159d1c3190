"""Words and pairs of words beside the LSTM: the layers say what a logistic regression on their counts says."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

import seqwise as sw
from seqwise.data.word_vectors import learn_vectors
from seqwise.estimators.sequences.pairs import COMPANY, digits_for, fit_pairs, pair_digits

RNG = np.random.default_rng(0)
WORDS = ["good", "bad", "not", "so", "film", "plot"]
TEXTS = [" ".join(RNG.choice(WORDS, RNG.integers(2, 7))) for _ in range(150)]
GOOD = np.array(["not good" in text for text in TEXTS])


def features_of(text):
    """Words, pairs and groups of letters, counted one by one."""
    words, counts = text.split(), Counter()
    counts.update(words)
    counts.update(f"{first} {second}" for first, second in zip(words, [*words[1:], "end"], strict=True))
    for word in words:
        marked = f"<{word}>"
        groups = {marked[start : start + n] for n in (3, 4, 5) for start in range(len(marked) - n + 1)}
        counts.update({f"group {group}": 0.3 for group in groups})
    return counts


@pytest.mark.parametrize("dims", [0, 3])
def test_it_is_a_logistic_regression_on_weighted_counts(dims):
    """Beside the counts, in which a pair is unlike its words, the sum of the words' vectors."""
    tokenizer = sw.data.Tokenizer(min_count=1).fit(TEXTS)
    steps = tokenizer.encode(TEXTS)
    vectors = RNG.normal(size=(len(tokenizer), dims))
    found = fit_pairs(steps, GOOD[:, None].astype(float), tokenizer.tokens_, None, vectors if dims else None)

    counts = DictVectorizer(sparse=False).fit_transform([features_of(text) for text in TEXTS])
    inside, outside = (np.asarray((counts[rows] > 0).sum(axis=0)).ravel() + 1 for rows in (GOOD, ~GOOD))
    weighted = counts * np.log(inside / inside.sum() / (outside / outside.sum()))
    of = dict(zip(tokenizer.tokens_, 0.5 * vectors, strict=True))
    weighted = np.hstack([weighted, [sum(of[word] for word in text.split()) for text in TEXTS]])
    plain = LogisticRegression(solver="liblinear", random_state=0).fit(weighted, GOOD)
    np.testing.assert_allclose(found.score(steps)[:, 0], plain.decision_function(weighted), atol=1e-2)


def test_a_word_that_is_not_seen_learns_from_those_spelled_alike():
    texts = ["a lovely one", "lovely it is", "an awful one", "awful it is"] * 20
    tokenizer = sw.data.Tokenizer(min_count=1).fit([*texts, "loveliest", "awfully"])
    loved = np.array([["lovely" in text] for text in texts], float)
    words = fit_pairs(tokenizer.encode(texts), loved, tokenizer.tokens_).words[:, 0]
    weights = dict(zip(tokenizer.tokens_, words, strict=True))
    assert weights["lovely"] > weights["loveliest"] > 0 > weights["awfully"] > weights["awful"]


def test_two_pairs_seldom_share_a_number():
    shares = pair_digits(100, digits_for(2))[1:]
    high, low = (shares[:, None, :2] + shares[:, 2:]).transpose(2, 0, 1)
    pairs = 256 * high + low
    assert len(np.unique(pairs)) > 0.8 * pairs.size
    assert (pairs != pairs.T).mean() > 0.98  # the order counts
    assert pairs.max() < 2**16
    assert digits_for(64) == 128
    assert digits_for(1000) == 32


SETS = [[*(["a"] if good else []), *(["b"] if i % 2 else [])] for i, good in enumerate(GOOD)]


@pytest.mark.parametrize("y", [GOOD, np.arange(150) % 3, SETS], ids=["two", "three", "sets"])
def test_the_layers_say_the_same(y):
    classifier: Any = sw.Classifier(units=(2,), embedding=2, epochs=1, bucketing=False).fit(TEXTS, y)
    model, steps = classifier.model_, classifier.input_.prepare(classifier.raw_)
    classes = classifier.target_
    train = np.concatenate([classifier.parts_.train, classifier.parts_.validation])  # few: both are learned
    targets = classes.encode(classifier.targets_[train]).reshape(len(train), -1)
    tokens = classifier.input_.tokenizer.tokens_
    vectors = learn_vectors(steps.take(train), len(tokens), COMPANY).values
    expected = fit_pairs(steps.take(train), targets, tokens, None, vectors).score(steps)
    keras = pytest.importorskip("keras")
    longest = sw.data.pad(list(steps)).values[..., 0]
    said = np.asarray(keras.Model(model.input, model.get_layer("bias_of_pairs").output)(longest))
    np.testing.assert_allclose(said, expected / classes.temperatures[1], atol=1e-4)


def test_a_recipe_of_texts_with_classes():
    with pytest.raises(sw.SettingError, match="lstm-pairs"):
        sw.Regressor(recipe="lstm-pairs", units=(2,), epochs=1).fit(TEXTS, GOOD.astype(float))
    with pytest.raises(sw.SettingError, match="lstm-pairs"):
        sw.Classifier(recipe="lstm-pairs", units=(2,), epochs=1).fit(RNG.normal(size=(10, 3, 1)), [0, 1] * 5)
