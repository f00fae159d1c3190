"""Texts with their labels: from any list, or the column of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from seqwise.data.texts import Texts, holds_texts, make_texts
from seqwise.errors import DataError

WORDS = ["a b", "", "c"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (WORDS, True),
        (tuple(WORDS), True),
        ([None, "a"], True),
        ([float("nan"), "a"], True),
        (np.array(WORDS), True),
        (np.array([None, "a"], dtype=object), True),
        (pd.Series(WORDS), True),
        (pl.Series(WORDS), True),
        (make_texts(WORDS), True),
        ("one text", False),
        ([["a", "b"], ["c"]], False),
        ([np.zeros((2, 3))], False),
        (np.zeros((2, 3, 1)), False),
        (np.array([[["a"]]]), False),
        (pl.DataFrame({"text": WORDS}), False),
        (pd.DataFrame({"text": WORDS}), False),
        ([1, 2], False),
        ([], False),
        (None, False),
    ],
)
def test_texts_are_told_from_other_data(data, expected):
    assert holds_texts(data) is expected


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, pl.Series])
def test_texts_of_a_list(make):
    made = make_texts(make(WORDS))
    assert made.values.tolist() == WORDS
    assert made.labels is None
    assert made.take(np.array([2, 0])).values.tolist() == ["c", "a b"]
    assert made.where(2) == "text 2"
    assert make_texts(made) is made


@pytest.mark.parametrize("kind", ["csv", "polars", "pandas"])
def test_texts_of_a_table(kind, tmp_path):
    frame = pl.DataFrame({"id": [7, 8, 9], "text": ["good, very", None, "bad"], "mood": ["up", "down", "down"]})
    path = tmp_path / "reviews.csv"
    frame.write_csv(path)
    source = {"csv": str(path), "polars": frame, "pandas": frame.to_pandas()}[kind]
    made = make_texts(source, text="text", label="mood")
    assert made.values.tolist() == ["good, very", "", "bad"]
    assert made.labels is not None and made.labels.tolist() == ["up", "down", "down"]
    chosen = made.take(np.array([1]))
    assert isinstance(chosen, Texts) and chosen.labels is not None and chosen.labels.tolist() == ["down"]
    assert len(made) == 3 and len(chosen) == 1


def test_what_is_said_of_a_faulty_table(tmp_path):
    path = tmp_path / "reviews.csv"
    pl.DataFrame({"text": ["a", "b"], "mood": ["up", None], "stars": [1, 2]}).write_csv(path)
    with pytest.raises(DataError, match=r"^reviews.csv: the label 'mood' is empty on line 3\.$"):
        make_texts(path, text="text", label="mood")
    with pytest.raises(DataError, match=r"^reviews.csv: column 'stars' holds int, 1, on line 2; expected texts\.$"):
        make_texts(path, text="stars")
    with pytest.raises(DataError, match=r"^reviews.csv has no column 'texts'. Did you mean 'text'\?$"):
        make_texts(path, text="texts")
