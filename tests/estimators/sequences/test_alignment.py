"""What is given beside the sequences: its order, its names, what several labels weigh, and changed data told."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import seqwise as sw
from seqwise.data import make_sequences
from seqwise.data.texts import make_texts
from seqwise.estimators.sequences.alignment import checked_weights, digest, in_order

QUICK: dict[str, Any] = {"units": (4,), "epochs": 1, "batch_size": 8, "dropout": 0.0, "recipe": "lstm"}
ORDER = ["s7", "s2", "s9", "s4"] + [f"t{i}" for i in range(20)]  # not sorted


def long_table():
    """Steps of named sequences; the first value is the place of the name."""
    rows = [{"who": name, "x": float(i), "z": step / 7} for i, name in enumerate(ORDER) for step in range(2 + i % 3)]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def raw():
    return make_sequences(long_table(), group="who")


def test_a_column_that_names_the_sequences_is_put_into_their_order(raw):
    sizes = long_table().groupby("who")["x"].first()
    assert sizes.index.tolist() != ORDER
    assert in_order(sizes, raw, "labels").tolist() == list(range(24))
    both = pd.DataFrame({"one": sizes, "two": -sizes})
    assert in_order(both, raw, "labels")["two"].tolist() == [-i for i in range(24)]
    assert checked_weights(sizes, raw).tolist() == list(range(24))


@pytest.mark.parametrize(
    "given",
    [
        list(range(24)), np.arange(24), pl.Series(range(24)), pd.Series(range(24)),
        pd.Series(range(24), index=range(50, 74)), pd.Series(range(24), index=[f"row {i}" for i in range(24)]),
    ],
)  # fmt: skip
def test_what_names_no_sequence_is_taken_as_it_stands(given, raw):
    assert in_order(given, raw, "labels") is given
    unnamed = make_sequences([np.ones((2, 1))] * 24)
    assert in_order(long_table().groupby("who")["x"].first(), unnamed, "labels").tolist() != list(range(24))


def test_a_counting_index_that_meets_some_names_is_taken_as_it_stands():
    raw = make_sequences(pl.DataFrame({"who": [3, 1, 2], "x": [1.0, 2.0, 3.0]}), group="who")
    assert in_order(pd.Series(["a", "b", "c"]), raw, "labels").tolist() == ["a", "b", "c"]
    assert in_order(pd.Series(["a", "b", "c"], index=[1, 2, 3]), raw, "labels").tolist() == ["c", "a", "b"]


MEND = "Where they stand in the sequences' order, pass them without the index: .to_numpy()."
PARTLY: dict[str, tuple[Any, str]] = {
    "one absent": (
        lambda y: y.drop("s2"),
        "The index of the labels names sequences, but it has none for sequence 's2': each needs one. " + MEND,
    ),
    "one renamed": (
        lambda y: y.rename({"s9": "s99"}),
        "The index of the labels names sequences, but it has none for sequence 's9': each needs one. " + MEND,
    ),
    "one too many": (
        lambda y: pd.concat([y, pd.Series({"u1": 1.0})]),
        "The index of the labels names sequences, but it names 'u1', which is not a sequence: each needs one. " + MEND,
    ),
    "one for each step": (
        lambda y: long_table().set_index("who")["x"],
        "The index of the labels names sequences, but it names 's7' twice: each needs one. " + MEND,
    ),
}


@pytest.mark.parametrize("case", PARTLY)
def test_an_index_that_names_the_sequences_in_part(case, raw):
    change, said = PARTLY[case]
    with pytest.raises(sw.DataError, match="^" + re.escape(said) + "$"):
        in_order(change(long_table().groupby("who")["x"].first()), raw, "labels")


def test_estimators_take_named_answers():
    table = long_table()
    names = {"group": "who", "features": ["x", "z"]}
    kinds = np.where(np.arange(24) % 2, "a", "b")
    y = pd.Series(kinds, index=ORDER)
    expected = sw.Classifier(**QUICK).fit(table, list(kinds), **names)
    found = sw.Classifier(**QUICK).fit(
        table, y.sort_index(), **names, sample_weight=pd.Series(1.0, index=sorted(ORDER))
    )
    np.testing.assert_array_equal(found.predict_proba(table), expected.predict_proba(table))
    assert found.targets_ is not None
    assert found.classes_[found.targets_].tolist() == kinds.tolist()
    assert found.score(table, y.sort_index()) == expected.score(table, kinds)
    weights = pd.Series(np.arange(24.0), index=ORDER)
    for given in (weights.sort_index(), list(weights)):
        assert found.score(table, y.sort_index(), given) == pytest.approx(
            weights[found.predict(table) == kinds].sum() / weights.sum()
        )
    numbers = sw.Regressor(**QUICK).fit(table, table.groupby("who")["x"].first(), **names)
    assert numbers.targets_ is not None
    assert numbers.targets_.ravel().tolist() == list(range(24))


def several(count=24, labels=3):
    rng = np.random.default_rng(0)
    has = rng.random((count, labels)) < 0.5
    return [rng.normal(size=(rng.integers(2, 7), labels)) + row for row in has], has.astype(int)


@pytest.mark.parametrize("labels", [3, 8])  # 8: as many as a batch has sequences
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_a_sequence_of_several_labels_that_weighs_nothing_teaches_nothing(labels, class_weight):
    X, y = several(labels=labels)
    weights = np.repeat([1.0, 0.0], 24)
    settings = {**QUICK, "epochs": 2, "validation": 0, "class_weight": class_weight}
    one, other = (
        sw.Classifier(**settings).fit([*X, *X], np.concatenate([y, wrong]), sample_weight=weights)
        for wrong in (y, y[:, ::-1] if class_weight is None else y[np.arange(24) - 1])  # the same counts of each label
    )
    assert one.weights_ is not None
    assert one.weights_.shape == (48, labels)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-5)
    raw = make_sequences(X)
    np.testing.assert_allclose(
        one.baselines_["simple"].predict(raw), other.baselines_["simple"].predict(raw), atol=1e-3
    )


def test_columns_of_several_labels_give_the_classes_their_names():
    X, y = several(labels=2)
    names = ["toxic", "insult"]  # in the columns' order, which is not the alphabet's
    table = pl.concat(
        [
            pl.DataFrame({"who": i, "x": x[:, 0], "z": x[:, 1], "toxic": row[0], "insult": row[1]})
            for i, (x, row) in enumerate(zip(X, y, strict=True))
        ]
    )
    plain = sw.Classifier(**QUICK).fit(X, y)
    assert plain.classes_.tolist() == [0, 1]
    by_table = sw.Classifier(**QUICK, class_weight={"insult": 1.0}).fit(table, group="who", label=names)
    by_frame = sw.Classifier(**QUICK).fit(X, pd.DataFrame(y, columns=names))
    for found in (by_table, by_frame):
        assert found.classes_.tolist() == names
        np.testing.assert_allclose(found.predict_proba(X), plain.predict_proba(X), rtol=1e-6)
        np.testing.assert_array_equal(found.predict(X), plain.predict(X))
    assert list(by_table.prediction_columns(table)) == ["sequence", "labels", "p(toxic)", "p(insult)"]
    assert by_table.score(table) == plain.score(X, y)
    with pytest.raises(sw.SettingError, match=r"^The labels' columns are \['insult', 'toxic'\]; expected those of the"):
        by_frame.score(X, pd.DataFrame(y[:, ::-1], columns=names[::-1]))
    assert sw.Classifier(**QUICK).fit(X, pd.DataFrame(y)).classes_.tolist() == [0, 1]


def test_a_batch_of_which_no_sequence_has_a_label_can_be_scored():
    X, y = several()
    found = sw.Classifier(**QUICK).fit(X, [np.flatnonzero(row).tolist() for row in y])
    none = [[]] * len(X)
    assert found.score(X, none) == (found.predict_proba(X) <= 0.5).all(axis=1).mean()
    assert found.evaluate(X, none).metrics["accuracy"] == found.score(X, none)


def test_label_sets_that_are_nearly_all_different_are_held_back_as_asked():
    rng = np.random.default_rng(0)
    y = rng.random((40, 12)) < 0.5
    assert len(np.unique(y, axis=0)) == 40
    found = sw.Classifier(**QUICK, validation=0.2, test=0.2).fit([row[:, None] * np.ones((12, 2)) for row in y], y)
    assert found.counts_ == {"train": 24, "validation": 8, "test": 8}


def test_a_part_that_is_too_small_is_noted():
    X = [np.full((2, 1), float(i)) for i in range(5)]
    _, notes = sw.Classifier(**QUICK, validation=2).shapes(X, ["a", "b", "c", "d", "d"])
    assert (
        "The validation set has 1 sequence(s) instead of 2: one sequence of each label, or set of labels, stays in "
        "the training set." in notes
    )


def test_targets_from_iterators():
    X, codes = [np.full((2, 1), float(i)) for i in range(12)], np.arange(12) % 2
    expected = sw.Classifier(**QUICK).fit(X, codes).predict_proba(X)
    for given in (iter(codes), (code for code in codes), dict(enumerate(codes)).values(), map(int, codes)):
        np.testing.assert_array_equal(sw.Classifier(**QUICK).fit(X, given).predict_proba(X), expected)
    for given in (5, np.asarray(5)):
        with pytest.raises(sw.DataError, match=r"^y is (5|array\(5\)); expected a list or an array, one for each seq"):
            sw.Classifier(**QUICK).fit(X, given)


# the data of a loaded run


def test_the_digest_knows_every_change():
    X, codes = [np.arange(4.0).reshape(2, 2), np.ones((3, 2))], np.array([0, 1])
    first = digest(make_sequences(X), codes)
    assert digest(make_sequences([x.astype(np.float32) for x in X]), codes.astype(np.int32)) == first
    cut = np.cumsum([2, 3])[:-1] + 1
    others = [
        digest(make_sequences([X[0], 2 * X[1]]), codes),
        digest(make_sequences(X[::-1]), codes[::-1]),
        digest(make_sequences(np.split(np.concatenate(X), cut)), codes),
        digest(make_sequences(X), codes[::-1]),
    ]
    assert len({first, *others}) == 5
    texts = digest(make_texts(["a b", "c"]), codes)
    assert digest(make_texts(np.array(["a b", "c"])), codes) == texts
    assert digest(make_texts(["a", "b c"]), codes) != texts
    one, other = (
        np.array([np.array(row) for row in rows] + [0], dtype=object)[:-1] for rows in ([[0, 1], [1]], [[0], [1, 1]])
    )
    assert digest(make_sequences(X), one) != digest(make_sequences(X), other)


@pytest.mark.parametrize("change", ["a value", "a label", "the order", "nothing"])
def test_a_loaded_run_knows_its_data_again(change, tmp_path):
    table = pl.from_pandas(long_table()).with_columns(
        kind=pl.when(pl.col("who").str.ends_with("2")).then(pl.lit("two")).otherwise(pl.lit("other"))
    )
    path = tmp_path / "data.csv"
    table.write_csv(path)
    trained = sw.Classifier(**QUICK, validation=0.2).fit(path, group="who", label="kind")
    run = sw.load(trained.save(tmp_path / "run"))
    if change == "a value":
        table = table.with_columns(z=pl.when(pl.int_range(pl.len()) == 5).then(9.0).otherwise("z"))
    elif change == "a label":
        table = table.with_columns(kind=pl.when(pl.col("who") == "s4").then(pl.lit("two")).otherwise("kind"))
    elif change == "the order":
        table = table.reverse()
    table.write_csv(path)
    if change == "nothing":
        run.recall(path)
        assert run.evaluate().scores == trained.evaluate().scores
        return
    with pytest.raises(
        sw.DataError,
        match=r"^data\.csv holds other values or labels than the model was trained on, or in another order: the data "
        r"have changed since\. Score it on other sequences: evaluate\(X, y\)\.$",
    ):
        run.recall(path)
