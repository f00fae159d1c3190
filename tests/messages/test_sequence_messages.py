"""What is said of sequences that cannot be used: which one, which step, and the line that fixes it."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.errors import DataError, SettingError
from seqwise.estimators.sequences.source import Source

GOOD = np.ones((4, 3))


@contextmanager
def says(error, text):
    with pytest.raises(error, match="^" + re.escape(text) + "$"):
        yield


def hole(step, feature, value=np.nan):
    array = GOOD.copy()
    array[step, feature] = value
    return array


LISTS = {
    "none": (
        [],
        "The list of sequences is empty. Pass at least one array of shape (timesteps, features), for example "
        "[np.zeros((10, 3))].",
    ),
    "features": (
        [GOOD, GOOD, np.ones((5, 2))],
        "Sequence 2 has 2 features (shape (5, 2)), but sequence 0 has 3 (shape (4, 3)). All sequences need the same "
        "features; only their lengths may differ.",
    ),
    "turned": (
        [GOOD, np.ones((3, 8))],
        "Sequence 1 has 8 features (shape (3, 8)), but sequence 0 has 3 (shape (4, 3)). All sequences need the same "
        "features; only their lengths may differ. If its axes are swapped, transpose it: sequences[1].T.",
    ),
    "axes": (
        [GOOD, np.ones(5)],
        "Sequence 1 has shape (5,), but sequence 0 has (4, 3). Each needs both axes, (timesteps, features); one "
        "feature is a column: sequence[:, None].",
    ),
    "nan": (
        [GOOD, hole(2, 1)],
        "Sequence 1 is NaN at step 2, feature 1 (1 such value(s) in all). Fill it, for example with the step before, "
        "or leave the step out.",
    ),
    "infinite": (
        [hole(0, 2, np.inf), hole(2, 1)],
        "Sequence 0 is infinite at step 0, feature 2 (2 such value(s) in all). Fill it, for example with the step "
        "before, or leave the step out.",
    ),
    "objects": (
        [GOOD, np.array([[1.0, None, 2.0]], dtype=object)],
        "Sequence 1 holds objects (float), first '1.0'; expected numbers. Convert it: "
        "np.asarray(sequences[1], dtype=float).",
    ),
    "text": (
        [["a", "b"]],
        "Sequence 0 holds text, first 'a'; expected numbers. Convert it: np.asarray(sequences[0], dtype=float).",
    ),
    "empty": (
        [GOOD, np.ones((0, 3))],
        "Sequence 1 is empty: its shape is (0, 3). A sequence has at least one step and one feature; leave it out, "
        "with its label.",
    ),
    "number": (
        [1.0, 2.0],
        "Sequence 0 has shape (); expected (timesteps, features), or (timesteps,) for one feature. For a single "
        "sequence pass a list of one: [sequence].",
    ),
    "deep": ([np.ones((2, 3, 4))], "Sequence 0 has shape (2, 3, 4); expected (timesteps, features), or (timesteps,) "
             "for one feature."),
    "uneven": ([GOOD, [[1, 2, 3], [4, 5]]], "Sequence 1 has rows of unequal lengths. Each sequence is one array of "
               "shape (timesteps, features)."),
    "array of objects": (
        np.array([GOOD, GOOD], dtype=object),
        "An array of objects, shape (2, 4, 3), hides its contents. Pass the sequences as a list: list(sequences).",
    ),
    "two axes": (
        GOOD,
        "An array of shape (4, 3) has two axes, (samples, timesteps) or (timesteps, features). Say which: x[..., None] "
        "for samples of one feature, [x] for a single sequence.",
    ),
    "four axes": (
        np.ones((1, 2, 3, 4)),
        "An array of shape (1, 2, 3, 4) has 4 axes; expected three, (samples, timesteps, features), or a list of "
        "arrays of shape (timesteps, features).",
    ),
    "no list": (5, "Expected a list of arrays of shape (timesteps, features), got int: '5'."),
}  # fmt: skip


@pytest.mark.parametrize("case", LISTS)
def test_a_list_that_cannot_be_used(case):
    sequences, text = LISTS[case]
    with says(DataError, text):
        sw.data.pad(sequences)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"side": "post"}, "side='post': expected 'right' or 'left'."),
        ({"truncate": "pre"}, "truncate='pre': expected 'right' or 'left'."),
        ({"length": 0}, "length=0: expected a number of timesteps, at least 1, or None for the longest."),
        ({"length": True}, "length=True: expected a number of timesteps, at least 1, or None for the longest."),
        ({"value": 0.5}, "value=0.5 does not fit the sequences' dtype, int64: it would become 0. Choose another, or "
                         "convert the sequences first: [s.astype(float) for s in sequences]."),
        ({"group": "id"}, "group='id' names a column of a table, but the sequences came as list. Leave it out, or pass "
                          "the table."),
    ],
)  # fmt: skip
def test_a_setting_out_of_range(arguments, text):
    with says(SettingError, text):
        sw.data.pad([[1, 2]], **arguments)


def table(**columns):
    return pl.DataFrame({"id": ["a", "a", "b"], "t": [1, 2, 1], "x": [1.0, 2.0, 3.0]} | columns)


TABLES = {
    "no such group": (
        {}, {"group": "Id"}, DataError, "the polars table has no column 'Id'. Did you mean 'id'?",
    ),
    "no group": (
        {}, {}, SettingError, "the polars table is a table: name the column that says which sequence a row belongs to, "
        "group='…', one of ['id', 't', 'x'].",
    ),
    "unnamed": (
        {"id": ["a", None, "b"]}, {"group": "id"}, DataError, "the polars table: 'id', which names the sequence, is "
        "empty on row 1 (1 row(s)). Name the sequence, or leave the row out.",
    ),
    "missing": (
        {"x": [1.0, None, 3.0]}, {"group": "id", "time": "t"}, DataError, "the polars table: 'x' is missing on row 1, "
        "step 1 of sequence 'a' (1 missing value(s) in all). Fill it, or leave the row out.",
    ),
    "twice": (
        {"t": [1, 1, 1]}, {"group": "id", "time": "t"}, DataError, "the polars table: sequence 'a' has two rows at 1: "
        "row 0 and row 1. Keep one of them.",
    ),
    "two labels": (
        {"y": ["no", "yes", "no"]}, {"group": "id", "label": "y"}, DataError, "the polars table: sequence 'a' has two "
        "labels: 'no' on row 0 and 'yes' on row 1. A sequence has one label, the same in all of its rows; "
        "to learn one for each row, use a Tagger.",
    ),
    "a label that is NaN": (
        {"y": [1.0, float("nan"), 1.0]}, {"group": "id", "label": "y"}, DataError, "the polars table: the label 'y' is "
        "empty on row 1.",
    ),
    "a time that is NaN": (
        {"t": [0.5, float("nan"), 1.0]}, {"group": "id", "time": "t"}, DataError, "the polars table: the time column "
        "'t' holds nan on row 1. Fill in the time, or remove the row.",
    ),
    "a fraction of time twice": (
        {"t": [0.02, 0.02, 1.0]}, {"group": "id", "time": "t"}, DataError, "the polars table: sequence 'a' has two "
        "rows at 0.02: row 0 and row 1. Keep one of them.",
    ),
    "no features": (
        {"x": ["a", "b", "c"]}, {"group": "id", "time": "t"}, DataError, "the polars table has no numeric column "
        "besides ['id', 't']: there is nothing to learn from.",
    ),
    "feature and group": (
        {}, {"group": "id", "features": ["id", "x"]}, SettingError, "'id' is a feature and names the sequence, time or "
        "label too; choose one.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_used(case):
    columns, arguments, error, text = TABLES[case]
    with says(error, text):
        sw.data.make_sequences(table(**columns), **arguments)


def test_a_file_is_told_by_its_lines(tmp_path):
    path = tmp_path / "long.csv"
    table(x=["1", "2", "three"]).write_csv(path)
    with pytest.raises(DataError, match=r"long.csv: column 'x' must be numeric but holds text: 'three' on line 4"):
        sw.data.pad(path, group="id", features="x")


def test_a_file_of_another_kind_than_the_trainings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("x.csv", "x.ts"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    of_ts, of_texts, of_lines = Source(), Source(texts=True, text="review"), Source(texts=True)
    table = "x.csv is a table, and the model was not trained on one: name a .ts file, or in Python pass "
    with says(SettingError, f"{table}seqwise.data.make_sequences(table, group='…')."):
        of_ts.read("x.csv")
    with says(DataError, "There is no file 'y.csv'. Did you mean 'x.csv'?"):
        of_ts.read("y.csv")
    said = "The model was trained on texts, and x.ts holds none: name a .txt file"
    with says(DataError, f"{said}, or a table with the column 'review'."):
        of_texts.read("x.ts")
    with says(DataError, f"{said}."):
        of_lines.read(tmp_path / "x.ts")
    with says(DataError, "There is no file 'z.ts'. Did you mean 'x.ts'?"):
        of_texts.read("z.ts")
