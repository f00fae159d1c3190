"""Tagger: a tag for every step, of numbers and of tokens; padding never counts and never comes back."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, f1_score

import seqwise as sw
from seqwise.baselines.steps import TokenBaseline
from seqwise.data.long_tables import make_tagged
from seqwise.errors import DataError, SettingError
from seqwise.estimators.sequences.source import listed
from seqwise.estimators.sequences.step_source import read_step_source

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
    steps = np.array([[2], [2], [2], [3]], np.int32)
    baseline = TokenBaseline(tokens=5, tags=2).fit(steps, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(baseline.table[2], [(2 + 0.5) / 4, (1 + 0.5) / 4])
    np.testing.assert_allclose(baseline.table[3], [0.5 / 2, 1.5 / 2])
    np.testing.assert_allclose(baseline.table[4], [0.5, 0.5])  # never seen


FAULTS: dict[str, tuple[dict[str, Any], Any, Any, type[Exception], str]] = {
    "no tags": (
        {}, [["a", "b"], ["c"]] * 5, None, SettingError,
        "There are no labels. Pass them as y, one list for each sequence, one tag for each step; for a table name "
        "their column, label='…'.",
    ),
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
        "There are 10 sequences, but 1 labels: one is needed for each sequence.",
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


def long_table(X, y, kind):
    """One row a step, the steps of different sequences mixed and out of order."""
    rows = []
    for i, (sequence, tags) in enumerate(zip(X, y, strict=True)):
        for step, (value, tag) in enumerate(zip(sequence, tags, strict=True)):
            values = {"word": value} if kind == "tokens" else {"a": value[0], "b": value[1]}
            rows.append({"who": f"s{i}", "step": step, **values, "tag": tag})
    return pl.DataFrame(rows).sample(fraction=1, shuffle=True, seed=1)


NAMES = {"tokens": {"text": "word"}, "numbers": {"features": ["a", "b"]}}


def test_a_long_table_is_the_same_as_lists(kind, tmp_path):
    X, y = KINDS[kind](40)
    table = long_table(X, y, kind)
    named = {"group": "who", "time": "step", "label": "tag", **NAMES[kind]}
    order = [int(name[1:]) for name in table["who"].unique(maintain_order=True)]
    X, y = [X[i] for i in order], [y[i] for i in order]
    lists = quick(epochs=2).fit(X, y)
    tagger = quick(epochs=2).fit(table, **named)
    assert tagger.classes_.tolist() == lists.classes_.tolist()
    for one, other in zip(tagger.predict_proba(table.drop("tag")), lists.predict_proba(X), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert tagger.score(table) == pytest.approx(lists.score(X, y))
    assert tagger.evaluate().scores["model"] == pytest.approx(lists.evaluate().scores["model"])
    columns = tagger.prediction_columns(table.drop("tag"))
    assert columns["sequence"].tolist() == [f"s{i}" for i, tags in zip(order, y, strict=True) for _ in tags]
    assert columns["label"].tolist() == np.concatenate(lists.predict(X)).tolist()
    assert columns["step"].tolist() == [step for tags in y for step in range(len(tags))]
    assert ("token" in columns) == (kind == "tokens")
    tagger.save(tmp_path / "run")
    again = sw.load(tmp_path / "run")
    again.recall(table)
    assert again.evaluate().scores == tagger.evaluate().scores
    assert "<title>Tags of the steps of data in memory</title>" in (tmp_path / "run/report.html").read_text()


def test_a_sequence_that_weighs_nothing_teaches_nothing(kind):
    X, y = KINDS[kind](60)
    wrong = [tags[::-1] for tags in y]
    settings = {"epochs": 2, "validation": 0, "batch_size": 16}
    weights = np.repeat([1.0, 0.0], 60)
    one, other = (
        quick(**settings).fit([*X, *X], [*y, *tags], sample_weight=weights).predict_proba(X[:5]) for tags in (y, wrong)
    )
    np.testing.assert_allclose(np.concatenate(one), np.concatenate(other), rtol=1e-5)


def test_the_summary_tells_steps(kind):
    X, y = KINDS[kind](20)
    summary, _ = quick().shapes(X, y)
    steps, tags = sum(map(len, y)), len(np.unique(np.concatenate(y)))
    assert f"output y     (samples=20, timesteps=2 to 10, outputs={tags})" in str(summary)
    assert sum(summary.counts.values()) == steps
    if kind == "tokens":
        ids = "keras.Input(shape=(None,), dtype='int32'), keras.Input(shape=(None, 8), dtype='int32')"
        assert summary.keras_input == ids
        assert "spelling (samples=20, timesteps=2 to 10, parts=8)" in str(summary)
    plain, _ = quick(characters=False).shapes(X, y)
    assert (plain.keras_input == "keras.Input(shape=(None,), dtype='int32')") == (kind == "tokens")


def test_words_of_a_file_are_read_as_they_are_written(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text("who,word,tag\n1,NA,N\n1,-,P\n1,007,N\n1,nan,N\n2,?,P\n2,None,N\n2,so,N\n")
    raw = make_tagged(path, group="who", text="word", label="tag")
    assert raw.values.tolist() == [["NA", "-", "007", "nan"], ["?", "None", "so"]]
    path.write_text("who,word,tag\n1,a,N\n1,,P\n")
    with pytest.raises(DataError, match=r"^tags\.csv: the token 'word' is empty on line 3\. Fill it, or leave the row"):
        make_tagged(path, group="who", text="word", label="tag")


HANDS: dict[str, Any] = {
    "an array of lists": lambda rows: np.array([*rows, ["a"]], dtype=object)[:-1],
    "a pandas column": pd.Series,
    "a polars column": pl.Series,
    "arrays": lambda rows: [np.array(row) for row in rows],
    "an iterator": iter,
}


@pytest.mark.parametrize("hand", HANDS)
def test_tokens_in_other_hands(hand):
    X, _ = draw_tokens(10)
    _, raw = read_step_source(listed(HANDS[hand](X)))
    assert [list(tokens) for tokens in raw.values] == X


def test_tokens_that_are_bytes():
    X = [[b"a", b"b"], [b"c"]] * 5
    with pytest.raises(DataError, match=r"^Text 0, token 0 is bytes, not text: b'a'\. Decode it"):
        quick().fit(X, [["X", "Y"], ["Y"]] * 5)


def test_a_tag_that_only_a_held_back_sequence_has(kind, tmp_path):
    X, y = KINDS[kind](40)
    first = quick(epochs=1, test=8).fit(X, y)
    new = -5 if kind == "numbers" else "AAA"  # the first of the classes, so that all others move
    held = int(first.parts_.test[0])
    y = [[new, *list(tags)[1:]] if i == held else tags for i, tags in enumerate(y)]
    tagger = quick(epochs=1, test=8).fit(X, y)
    assert f"No training sequence has the label(s) {new!r}: the model cannot learn them." in tagger.notes_
    evaluation = tagger.evaluate()
    assert evaluation.probabilities["simple"].shape == (len(evaluation), len(tagger.classes_))
    other = first.evaluate()
    rest = np.delete(np.arange(len(evaluation)), sum(len(y[i]) for i in first.parts_.test if i < held))
    np.testing.assert_allclose(
        evaluation.probabilities["simple"][rest][:, 1:], other.probabilities["simple"][rest], atol=1e-6
    )
    assert sw.load(tagger.save(tmp_path / "run")).classes_.tolist() == tagger.classes_.tolist()


def test_one_tag_in_all_that_the_baseline_learns_from():
    X, y = draw_numbers(20)
    held = quick(epochs=1, test=4).fit(X, y).parts_.test
    y = [["busy" if i in held else "idle"] * len(x) for i, x in enumerate(X)]
    evaluation = quick(epochs=1, test=4).fit(X, y).evaluate()
    assert evaluation.scores["simple"]["accuracy"] == 0


def test_tags_of_which_the_training_had_none_are_refused(fitted, kind):
    X, y = KINDS[kind](4)
    other = [["zzz"] * len(tags) for tags in y]
    for ask in (fitted.score, fitted.evaluate):
        with pytest.raises(DataError, match=r"^The model knows none of these labels: they are 'zzz', and"):
            ask(X, other)


def test_tags_that_are_one_hot(kind):
    X, y = KINDS[kind](10)
    steps, named = len(X[0]), "text" if kind == "tokens" else "sequence"
    said = (
        f"The tags of {named} 0 have shape ({steps}, {{}}); expected one for each step, ({steps},): [{{}} for tags in "
        "y]."
    )
    for tags, fix in (
        ([np.eye(3)[np.zeros(len(tags), int)] for tags in y], "tags.argmax(axis=-1)"),
        ([np.array(tags)[:, None] for tags in y], "tags[:, 0]"),
    ):
        with pytest.raises(DataError, match="^" + re.escape(said.format(tags[0].shape[1], fix)) + "$"):
            quick().fit(X, tags)


def test_tags_from_an_iterator_and_a_named_column(kind):
    X, y = KINDS[kind](20)
    expected = np.concatenate(quick(epochs=1).fit(X, y).predict_proba(X))
    found = quick(epochs=1).fit(X, (tags for tags in y))
    np.testing.assert_array_equal(np.concatenate(found.predict_proba(X)), expected)
    table = long_table(X, y, kind)
    column = pd.Series({f"s{i}": list(tags) for i, tags in enumerate(y)})
    named = quick(epochs=1).fit(table, column, group="who", time="step", **NAMES[kind])
    by_table = quick(epochs=1).fit(table, group="who", time="step", label="tag", **NAMES[kind])
    assert named.score(table, column) == by_table.score(table)


def draw_spans(count, seed=0):
    """The end of a word, a new one each time, says how long the entity is that it begins; "in" tells nothing."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(count):
        words: list[str] = []
        tags: list[str] = []
        while len(words) < 8:
            length = int(rng.choice([0, 0, 0, 0, 1, 2, 3]))
            words += ["".join(rng.choice(list("bdfgklmnprt"), 4)) + str(length), *["in"] * (length - 1)]
            tags += ["B-X", *["I-X"] * (length - 1)] if length else ["O"]
        X.append(words[:8])
        y.append(tags[:8])
    return X, y


@pytest.fixture(scope="module")
def crf():
    return quick(epochs=6, crf=True, test=20).fit(*draw_spans(120))


def test_a_crf_chooses_the_tags_together_and_spelling_tells_those_of_new_words(crf):
    assert [tensor.name for tensor in crf.model_.inputs] == ["tokens", "spelling"]
    X, y = draw_spans(40, seed=1)
    evaluation = crf.evaluate(X, y)
    assert evaluation.metrics["span_f1"] > 0.9
    assert evaluation.scores["simple"]["span_f1"] < 0.6  # the words alone
    assert crf.score(X, y) == evaluation.metrics["accuracy"]
    transitions, classes = crf.target_.transitions, crf.classes_.tolist()
    assert classes == ["B-X", "I-X", "O"]
    assert transitions.between[2, 1] < transitions.between[0, 1]  # no inside after an outside
    assert transitions.start[1] < transitions.start[0]
    probabilities = crf.predict_proba(X[:3])
    np.testing.assert_allclose(np.concatenate(probabilities).sum(axis=1), 1)
    columns = crf.prediction_columns(X[:3])
    assert columns["label"].tolist() == np.concatenate(crf.predict(X[:3])).tolist()


def test_a_crf_is_saved_and_copied(crf, tmp_path):
    X, _ = draw_spans(10, seed=2)
    run = crf.save(tmp_path / "run")
    for again in (sw.load(run), sw.load(run, backend="numpy"), pickle.loads(pickle.dumps(crf))):
        assert [tags.tolist() for tags in again.predict(X)] == [tags.tolist() for tags in crf.predict(X)]
        np.testing.assert_allclose(
            np.concatenate(again.predict_proba(X)), np.concatenate(crf.predict_proba(X)), atol=1e-5
        )
    assert "span F1" in (run / "report.html").read_text()
