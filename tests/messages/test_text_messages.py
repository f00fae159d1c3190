"""What is said of texts that cannot be used: which one, where it stands, and the line that fixes it."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.data import Tokenizer
from seqwise.errors import DataError, NotFittedError, SettingError


@contextmanager
def says(error, text):
    with pytest.raises(error, match="^" + re.escape(text) + "$"):
        yield


TEXTS = {
    "one text": (
        "a text", "Expected a list of texts, got str: 'a text'. For a single text pass a list of one: [text].",
    ),
    "no list": (5, "Expected a list of texts, got int: '5'. For a single text pass a list of one: [text]."),
    "nothing": ([], "The list of texts is empty. Pass at least one."),
    "None": (
        ["a", None], "Text 1 is missing (None). Write '' for an empty text, or leave it out, with its label.",
    ),
    "NaN": (
        ["a", "b", float("nan")], "Text 2 is missing (nan). Write '' for an empty text, or leave it out, with its "
        "label.",
    ),
    "number": (["a", 7], "Text 1 is int, '7'; expected a str. Convert it: str(…)."),
    "bytes": ([b"abc"], "Text 0 is bytes, not text: b'abc'. Decode it: text.decode('utf-8')."),
    "tokens": ([["a", "b"]], "Text 0 is a list, expected a str. For lists of tokens set kind='tokens'."),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_texts_that_cannot_be_used(case):
    texts, text = TEXTS[case]
    with says(DataError, text):
        Tokenizer(min_count=1).fit(texts)
    with says(DataError, text):
        Tokenizer(min_count=1).fit(["a"]).encode(texts)


TOKENS = {
    "text": (["a b"], "Text 0 is str, 'a b'; expected its list of tokens, for example ['a', 'cat', '.']."),
    "no token": ([["a"], []], "Text 1 has no token. Leave it out, with its labels."),
    "empty token": ([["a", " "]], "Text 0, token 1 is empty. Leave it out, with its label."),
    "None": (
        [["a", None]], "Text 0, token 1 is missing (None). Write '' for an empty text, or leave it out, with its "
        "label.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOKENS)
def test_tokens_that_cannot_be_used(case):
    tokens, text = TOKENS[case]
    with says(DataError, text):
        Tokenizer("tokens", min_count=1).fit(tokens)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"kind": "chars"}, "kind='chars': expected 'words', 'bpe' or 'tokens'."),
        ({"truncate": "pre"}, "truncate='pre': expected 'right' or 'left'."),
        ({"size": 2}, "size=2: expected a whole number, at least 5."),
        ({"min_count": True}, "min_count=True: expected a whole number, at least 1."),
        ({"max_length": 2, "ends": True}, "max_length=2: expected a whole number, at least 3."),
    ],
)
def test_a_setting_out_of_range(arguments, text):
    with says(SettingError, text):
        Tokenizer(**arguments).fit(["a"])


def test_a_tokenizer_without_vocabulary():
    with says(NotFittedError, "This Tokenizer has no vocabulary yet. Learn one: .fit(training_texts)."):
        Tokenizer().encode(["a"])
    with says(
        DataError,
        "No word occurs 2 times in the 2 training text(s): the vocabulary is empty. Lower min_count, or pass more "
        "texts.",
    ):
        Tokenizer().fit(["a b", ""])


def test_the_library_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with says(SettingError, "Texts need the tokenizers library, which is not installed: pip install 'seqwise[text]'"):
        Tokenizer().fit(["a"])


def test_files(tmp_path):
    path = tmp_path / "old.txt"
    path.write_bytes(b"one\ntwo\ncaf\xe9 three\n")
    with says(
        DataError,
        "old.txt is not UTF-8: line 3 holds the byte 0xe9. Save it as UTF-8, or name its encoding, most often "
        "encoding='latin-1' or 'cp1252'.",
    ):
        sw.data.read_texts(path)
    with says(DataError, "Python has no encoding 'latin1x'. Did you mean 'utf-8' or 'latin-1'?"):
        sw.data.read_texts(path, encoding="latin1x")
    with says(
        DataError,
        "old.txt is not ascii: line 3 holds the byte 0xe9. Save it as UTF-8, or name its encoding, most often "
        "encoding='latin-1' or 'cp1252'.",
    ):
        sw.data.read_texts(path, encoding="ascii")
    path.write_bytes(b"")
    with says(DataError, "old.txt is empty (0 bytes). Write one text on each line."):
        sw.data.read_texts(path)


def test_tables(tmp_path):
    path = tmp_path / "table.csv"
    pl.DataFrame({"text": ["a"], "stars": [5]}).write_csv(path)
    with says(DataError, "table.csv is a table: name the column of texts, column='…', one of ['text', 'stars']."):
        sw.data.read_texts(path)
    with says(DataError, "table.csv has no column 'Text'. Did you mean 'text'?"):
        sw.data.read_texts(path, column="Text")
    pl.DataFrame({"stars": np.arange(3)}).write_parquet(tmp_path / "table.parquet")
    with says(DataError, "table.parquet: column 'stars' holds int, 0, on row 0; expected texts."):
        sw.data.read_texts(tmp_path / "table.parquet", column="stars")
    with says(SettingError, "column=0: the columns of table.parquet have names; give one."):
        sw.data.read_texts(tmp_path / "table.parquet", column=0)
