"""Class labels: the forms they come in, their order, the way back, and what is said of faulty ones."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.preprocessing import LabelEncoder, MultiLabelBinarizer

from seqwise.data.classes import Classes, find_classes, read_labels
from seqwise.errors import DataError


def where(i):
    return f"sequence {i}"


def there_and_back(y):
    labels, form = read_labels(y, where)
    classes = find_classes(labels, form)
    codes = classes.encode(labels)
    decoded: Any = classes.decode(codes)
    return classes, codes, decoded


@pytest.mark.parametrize(
    "y",
    [
        ["b", "a", "b", "c"], [3, 1, 3, 10], [True, False, True], np.array([2, 1, 2], np.int8), np.array([2.0, 1.0]),
        np.array(["x", "y"], dtype=object), ("a", "b"), np.array([[1], [0], [1]]), pl.Series(["q", "p"]),
        pa.array(["b", "a"]), pa.chunked_array([[2], [1]]),
        pd.Series(["b", "a"], dtype="category"), pd.Series([2, 1], dtype="Int64"), pd.DataFrame({"kind": ["b", "a"]}),
        pa.table({"kind": [2, 1]}),
        [10**15, 3, 3], ["", " ", "ä", "日本"],
    ],
)  # fmt: skip
def test_one_label_a_sequence_is_coded_as_scikit_learn_codes_it(y):
    flat = np.asarray(y).ravel()
    encoder: Any = LabelEncoder().fit(flat)
    classes, codes, again = there_and_back(y)
    assert classes.form == "single"
    assert classes.values.tolist() == encoder.classes_.tolist()
    np.testing.assert_array_equal(codes, encoder.transform(flat))
    assert again.tolist() == flat.tolist()


@pytest.mark.parametrize(
    "y", [[["a", "b"], [], ["b"]], [{"x"}, {"y", "x"}], [("a",), ("b",)], [[3, 1], [1]], [{0, 1}, {1}, {0}]]
)
def test_label_sets_are_coded_as_scikit_learn_codes_them(y):
    binarizer: Any = MultiLabelBinarizer().fit(y)
    classes, codes, again = there_and_back(y)
    assert classes.multilabel
    assert classes.form == "sets"
    assert classes.values.tolist() == binarizer.classes_.tolist()
    np.testing.assert_array_equal(codes, binarizer.transform(y))
    assert [set(row) for row in again] == [set(row) for row in y]


HANDS: dict[str, Any] = {
    "an array of lists": lambda rows: np.array([*rows, 0], dtype=object)[:-1],
    "an array of arrays": lambda rows: np.array([*map(np.array, rows), 0], dtype=object)[:-1],
    "arrays": lambda rows: [np.array(row) for row in rows],
    "pandas columns": lambda rows: [pd.Series(row) for row in rows],
    "a pandas column": pd.Series,
    "a pandas column of sets": lambda rows: pd.Series([set(row) for row in rows]),
    "a polars column": pl.Series,
    "a pyarrow column": pa.array,
    "polars columns": lambda rows: [pl.Series(row) for row in rows],
}


@pytest.mark.parametrize("hand", HANDS)
def test_label_sets_in_other_hands(hand):
    rows = [["a", "b"], ["b"], ["c", "a", "b"]]
    classes, codes, _ = there_and_back(HANDS[hand](rows))
    assert classes.form == "sets"
    np.testing.assert_array_equal(codes, MultiLabelBinarizer().fit_transform(rows))


def test_columns_of_several_dtypes_are_an_indicator():
    frame = pd.DataFrame({"loud": [True, False], "calm": [0, 1]})
    classes, codes, _ = there_and_back(frame)
    assert classes.form == "indicator"
    assert codes.tolist() == [[True, False], [False, True]]


def test_the_columns_of_an_indicator_may_have_names():
    labels, form = read_labels([[0, 1], [1, 1]], where)
    assert find_classes(labels, form, ["loud", "calm"]).values.tolist() == ["loud", "calm"]


def test_label_sets_that_are_all_empty():
    labels, form = read_labels([[], []], where)  # of a model that is scored: none of the sequences has a label
    assert there_and_back([["a"], ["b"]])[0].encode(labels).tolist() == [[False, False], [False, False]]
    with pytest.raises(DataError, match=r"^No sequence has a label: every label set is empty\.$"):
        find_classes(labels, form)


@pytest.mark.parametrize("y", [[[0, 1], [1, 1]], np.array([[0, 1], [1, 1]]), np.array([[0.0, 1], [1, 1]])])
def test_a_matrix_of_0_and_1_is_an_indicator(y):
    classes, codes, again = there_and_back(y)
    assert classes.form == "indicator"
    assert classes.values.tolist() == [0, 1]
    assert codes.tolist() == [[False, True], [True, True]]
    assert again.tolist() == [[0, 1], [1, 1]]


def test_labels_that_are_no_class_are_told():
    classes, _, _ = there_and_back(["a", "b"])
    assert classes.encode(["b", "z", "a"]).tolist() == [1, -1, 0]
    sets, _, _ = there_and_back([["a"], ["b"]])
    assert sets.encode([["z", "b"], ["z"]]).tolist() == [[False, True], [False, False]]


def test_classes_come_back_from_json():
    import json

    for y in (["a", "b"], [1, 2], [True, False], [["a"], []], [[0, 1], [1, 1]]):
        classes, codes, again = there_and_back(y)
        loaded = Classes.from_dict(json.loads(json.dumps(classes.to_dict())))
        assert loaded.values.dtype == classes.values.dtype
        assert np.asarray(loaded.decode(codes) == again).all()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", None, "b"], r"The label of sequence 1 is missing \(None\)\. Name it, or leave the sequence out\."),
        ([1.0, float("nan")], r"The label of sequence 1 is missing \(NaN\)"),
        (["a", float("nan")], r"The label of sequence 1 is missing \(nan\)"),
        (np.array(["a", 1], dtype=object), r"The labels mix kinds: 'a' of sequence 0 and 1 of sequence 1\. Make them "
                                           r"all text: \[str\(label\) for label in y\]\."),
        ([0.5, 1.0], r"The label of sequence 0 is 0\.5, a fraction: these are quantities, not classes"),
        ([["a"], "b"], r"The labels of sequence 1 are 'b'; expected a list of labels, as for the others"),
        (["a", pd.NA], r"The label of sequence 1 is missing \(<NA>\)"),
        (pd.Series([1, None], dtype="Int64"), r"The label of sequence 1 is missing \(<NA>\)"),
        (pd.Series(["a", None]), r"The label of sequence 1 is missing \((None|nan)\)"),
        ([np.zeros((2, 3)), np.zeros((4, 3))], r"The labels are arrays of unequal shapes; expected one label, or one"),
        ([["a"], [None]], r"The label of sequence 1 is missing"),
        (np.array([[1, 2], [0, 1]]), "hold other values than 0 and 1"),
        (np.zeros((2, 2, 2)), r"The labels have shape \(2, 2, 2\)"),
        (np.array([np.datetime64("2020-01-01")]), "Labels of dtype"),
        (np.array([{}, {}], dtype=object), r"The label of sequence 0 is {}, a dict; expected text"),
    ],
)  # fmt: skip
def test_faulty_labels(y, message):
    with pytest.raises(DataError, match=message):
        read_labels(y, where)
