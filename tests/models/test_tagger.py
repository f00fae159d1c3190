"""Tagger: a tag for every step, of numbers and of tokens; padding never counts and never comes back."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

import seqwise as sw
from seqwise.data import Sequences
from seqwise.errors import DataError, SettingError
from seqwise.evaluation.step_baseline import TokenBaseline

SMALL: dict[str, Any] = {"units": (8,), "embedding": 8, "epochs": 25, "learning_rate": 0.02, "dropout": 0.0}


def quick(**changes: Any) -> Any:
    return sw.Tagger(**SMALL | changes)


def draw_tokens(count, seed=0):
    """The tag of a word is the word before it: a token alone tells nothing."""
    rng = np.random.default_rng(seed)
    X = [rng.choice(["ping", "pong"], size=rng.integers(2, 11)).tolist() for _ in range(count)]
    return X, [["START", *tokens[:-1]] for tokens in X]


def draw_numbers(count, seed=0):
    """The tag of a step is whether the sum so far is above 0."""
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(rng.integers(2, 11), 2)) for _ in range(count)]
    return X, [(x[:, 0].cumsum() > 0).astype(int) for x in X]


KINDS = {"tokens": draw_tokens, "numbers": draw_numbers}


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(kind):
    return quick(test=30).fit(*KINDS[kind](200))


def test_it_learns_what_a_step_alone_does_not_tell(fitted, kind):
    X, y = KINDS[kind](60, seed=1)
    found = fitted.predict(X)
    assert [len(tags) for tags in found] == [len(tags) for tags in y]
    flat, truth = np.concatenate(found), np.concatenate(y)
    assert fitted.score(X, y) == accuracy_score(truth, flat) > 0.9
    evaluation = fitted.evaluate(X, y)
    assert evaluation.scores["model"]["accuracy"] == accuracy_score(truth, flat)
    assert evaluation.scores["model"]["f1"] == pytest.approx(f1_score(truth, flat, average="macro"))
    assert evaluation.scores["simple"]["accuracy"] < 0.85
    assert len(evaluation) == sum(map(len, y))  # steps, and no padding
    probabilities = fitted.predict_proba(X)
    assert probabilities[0].shape == (len(X[0]), len(fitted.classes_))
    np.testing.assert_allclose(np.concatenate(probabilities).sum(axis=1), 1)


def test_a_sequence_has_the_same_tags_alone_and_beside_any_other(fitted, kind):
    X, _ = KINDS[kind](20, seed=2)
    together = fitted.predict_proba([*X, *KINDS[kind](3, seed=3)[0]])
    for i, one in enumerate(X):
        np.testing.assert_allclose(fitted.predict_proba([one])[0], together[i], rtol=1e-4, atol=1e-6)


def test_a_run_comes_back(fitted, kind, tmp_path):
    X, y = KINDS[kind](20, seed=4)
    fitted.save(tmp_path / "run")
    again = sw.load(tmp_path / "run")
    for one, other in zip(again.predict_proba(X), fitted.predict_proba(X), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.get_params() == fitted.get_params()
    assert again.evaluate(X, y).scores == fitted.evaluate(X, y).scores
    again.save(tmp_path / "twice")
    assert (tmp_path / "twice/metrics.json").read_text() == (tmp_path / "run/metrics.json").read_text()


def test_the_same_seed_gives_the_same_tags(kind):
    X, y = KINDS[kind](40)
    one, other = (np.concatenate(quick(epochs=2, seed=3).fit(X, y).predict_proba(X)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert (one != np.concatenate(quick(epochs=2, seed=4).fit(X, y).predict_proba(X))).any()


def test_a_tag_that_the_training_did_not_have_is_a_mistake(fitted, kind):
    X, y = KINDS[kind](5, seed=5)
    new = 9 if kind == "numbers" else "new"
    other = [[new, *list(tags)[1:]] for tags in y]
    evaluation = fitted.evaluate(X, other)
    assert evaluation.unknown == (new,)
    wrong = evaluation.truth < 0
    assert wrong.sum() == 5
    assert fitted.score(X, other) <= 1 - 5 / len(evaluation)


def test_the_baseline_of_tokens_by_hand():
    steps = Sequences(np.array([[2], [2], [2], [3]], np.int32), np.array([4]), ["token"])
    baseline = TokenBaseline(tokens=5, tags=2).fit(steps, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(baseline.table[2], [(2 + 0.5) / 4, (1 + 0.5) / 4])
    np.testing.assert_allclose(baseline.table[3], [0.5 / 2, 1.5 / 2])
    np.testing.assert_allclose(baseline.table[4], [0.5, 0.5])  # never seen


FAULTS: dict[str, tuple[dict[str, Any], Any, Any, type[Exception], str]] = {
    "a tag too few": (
        {}, [["a", "b"], ["c"]] * 5, [["X", "Y"], []] * 5, DataError,
        "Text 1 has 1 steps, but 0 tags: one is needed for each step.",
    ),
    "one tag a sequence": (
        {}, [["a", "b"], ["c"]] * 5, ["X", "Y"] * 5, DataError,
        "The tags of text 0 are 'X'; expected a list, one for each of its steps.",
    ),
    "a missing tag": (
        {}, [["a", "b"], ["c"]] * 5, [["X", None], ["Y"]] * 5, DataError,
        "The label of step 1 of text 0 is missing (None). Name it, or leave the sequence out.",
    ),
    "all alike": (
        {}, [["a", "b"], ["c"]] * 5, [["X", "X"], ["X"]] * 5, DataError,
        "All 15 steps have the tag 'X': nothing to tell apart.",
    ),
    "lists that are too few": (
        {}, [["a", "b"], ["c"]] * 5, [["X", "Y"]], DataError,
        "There are 10 sequences, but 1 lists of tags: one is needed for each sequence.",
    ),
    "whole texts": (
        {}, ["a b", "c"] * 5, [["X", "Y"], ["Y"]] * 5, DataError,
        "A Tagger takes lists of tokens, and these are whole texts: [text.split() for text in texts].",
    ),
    "a tokenizer that splits": (
        {"tokenizer": {"kind": "bpe"}}, [["a", "b"], ["c"]] * 5, [["X", "Y"], ["Y"]] * 5, SettingError,
        "tokenizer sets kind='bpe', but a Tagger takes tokens as they come: each has its tag. Leave it out.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_said_of_faults(case):
    settings, X, y, error, said = FAULTS[case]
    with pytest.raises(error, match="^" + re.escape(said) + "$"):
        sw.Tagger(**settings).fit(X, y)
