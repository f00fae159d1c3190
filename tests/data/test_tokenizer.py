"""Texts as ids: a plain count of words by regular expressions is the twin of the words; sub-words must come back."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqwise as sw
from seqwise.data import Tokenizer
from seqwise.data.spacing import join_words
from seqwise.data.tokenizer import PADDING, SPECIAL, UNKNOWN
from seqwise.errors import DataError

TEXTS = [
    "The film isn't bad.", "It's a film of no film-maker; the END?", "Bad, bad, bad…", "\u202fÀ l'été\u00a0!", "no end",
    "a cafe\u0301 is a café",
]  # fmt: skip


def plain_words(text):
    import unicodedata

    return re.findall(r"[^\W_]+|[^\w\s]|_", unicodedata.normalize("NFC", text).lower())


@pytest.mark.parametrize("min_count", [1, 2, 3])
@pytest.mark.parametrize("size", [5, 9, 100])
def test_words_are_those_of_a_plain_count(size, min_count):
    tokenizer = Tokenizer(size=size, min_count=min_count).fit(TEXTS)
    counts = Counter(word for text in TEXTS for word in plain_words(text))
    known = [word for word, n in sorted(counts.items(), key=lambda one: (-one[1], one[0])) if n >= min_count]
    assert tokenizer.tokens_ == [*SPECIAL[:2], *known[: size - 2]]
    unseen = [*TEXTS, "a NEW film!"]
    encoded = tokenizer.encode(unseen)
    assert encoded.values.dtype == np.int32
    for text, ids in zip(unseen, encoded, strict=True):
        twin = [tokenizer.tokens_.index(w) if w in tokenizer.tokens_ else UNKNOWN for w in plain_words(text)]
        assert ids[:, 0].tolist() == twin


def test_the_same_texts_give_the_same_vocabulary_in_another_process():
    texts = [f"{chr(97 + i % 26)}{i % 7} x{i % 3}y{i % 5}" for i in range(200)]
    code = (
        "import json, sys; from seqwise.data import Tokenizer; texts = json.loads(sys.argv[1])\n"
        "print(json.dumps([Tokenizer(kind, size=60).fit(texts).to_dict() for kind in ('words', 'bpe')]))"
    )
    done = subprocess.run([sys.executable, "-c", code, json.dumps(texts)], capture_output=True, text=True, check=True)
    here = [Tokenizer(kind, size=60).fit(texts).to_dict() for kind in ("words", "bpe")]
    assert json.loads(done.stdout) == json.loads(json.dumps(here))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab c.!'\t\n-é<pad>unk", max_size=20), min_size=1, max_size=5))
def test_sub_words_come_back_but_for_runs_of_white_space(texts):
    tokenizer = Tokenizer("bpe", size=60, min_count=1, lowercase=False, ends=True).fit([*texts, "ab c.!'-é<pad>unk"])
    encoded = tokenizer.encode(texts)
    assert not (encoded.values == PADDING).any()
    assert [tokenizer.decode(ids) for ids in encoded] == [" ".join(text.split()) for text in texts]


@pytest.mark.parametrize("kind", ["words", "bpe", "tokens"])
def test_a_vocabulary_comes_back_from_json(kind):
    texts = [text.split() for text in TEXTS] if kind == "tokens" else TEXTS
    tokenizer = Tokenizer(kind, size=40, ends=True, max_length=6, truncate="left", lowercase=False).fit(texts)
    again = Tokenizer.from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    assert again.to_dict() == tokenizer.to_dict()
    for one, other in zip(tokenizer.encode(texts), again.encode(texts), strict=True):
        np.testing.assert_array_equal(one, other)
        assert tokenizer.decode(one) == again.decode(other)


def test_special_tokens_are_never_read_from_a_text():
    for kind in ("words", "bpe"):
        tokenizer = Tokenizer(kind, min_count=1, ends=True).fit(["a <pad> b", "<start> c <end>"])
        for ids in tokenizer.encode(["<pad>", "<end> <start>"]):
            assert ids[0] == 2 and ids[-1] == 3
            assert ids[1:-1].min() > 3
        again = Tokenizer.from_dict(tokenizer.to_dict())
        assert again.encode(["<pad>"]).values.ravel().tolist() == tokenizer.encode(["<pad>"]).values.ravel().tolist()


def test_many_characters_leave_the_vocabulary_its_size():
    texts = ["".join(chr(0x4E00 + 7 * i + j) for j in range(9)) for i in range(300)]  # 2,107 characters
    tokenizer = Tokenizer("bpe", size=500, min_count=1).fit(texts)
    assert len(tokenizer) == 500


def test_equally_frequent_characters_are_chosen_alike_in_every_process():
    """With more characters than the vocabulary holds; the trainer's own choice differs from process to process."""
    code = (
        "from seqwise.data import Tokenizer\n"
        "texts = [chr(i) * 2 for i in range(0x4E00, 0x4F00)] + ['人人人']\n"
        "print(ascii(Tokenizer('bpe', size=40, min_count=1).fit(texts).tokens_))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    frequent = ["▁", "人", *(chr(i) for i in range(0x4E00, 0x4E00 + 36))]
    assert sorted(ast.literal_eval(said[0].decode())[2:]) == sorted(frequent)


def test_the_vocabulary_is_of_the_training_texts_alone():
    tokenizer = Tokenizer(min_count=1).fit(["seen words"])
    assert tokenizer.encode(["unseen words"]).values.ravel().tolist() == [UNKNOWN, tokenizer.tokens_.index("words")]
    assert "unseen" not in tokenizer.tokens_


@pytest.mark.parametrize(
    ("ends", "truncate", "expected"),
    [(False, "right", "a b c"), (False, "left", "c d e"), (True, "right", "a"), (True, "left", "e")],
)
def test_a_long_text_is_cut_and_keeps_its_ends(ends, truncate, expected):
    tokenizer = Tokenizer(min_count=1, max_length=3, truncate=truncate, ends=ends).fit(["a b c d e"])
    encoded = tokenizer.encode(["a b c d e", "a"])
    assert encoded.lengths.tolist() == [3, 3 if ends else 1]
    assert tokenizer.decode(encoded[0]) == expected
    if ends:
        assert encoded[0][[0, -1], 0].tolist() == [2, 3]


def test_an_empty_text_is_one_unknown_word_and_is_told():
    tokenizer = Tokenizer(min_count=1, max_length=2).fit(["a b c", "b"])
    texts = ["a x b", "", " \t\n"]
    encoded = tokenizer.encode(texts)
    assert encoded.lengths.tolist() == [2, 1, 1]
    assert encoded[1].tolist() == encoded[2].tolist() == [[UNKNOWN]]
    assert tokenizer.warnings(texts, encoded) == [
        "50.0% of the 2 words are unknown (not in the vocabulary).",
        "2 text(s) are empty, first text 1: each counts as one unknown word.",
        "1 text(s) reach max_length=2: only the first tokens of longer texts are kept.",
    ]
    between_ends = Tokenizer(min_count=1, ends=True).fit(["a b c"])
    assert between_ends.encode([""]).values.ravel().tolist() == [2, 3]
    assert between_ends.warnings(["", "a x"], between_ends.encode(["", "a x"]))[0].startswith("50.0% of the 2 words")


def test_tokens_are_taken_as_they_come():
    sentences = [["New York", "isn't", "big"], ("big", "."), np.array(["isn't", "it"])]
    tokenizer = Tokenizer("tokens", min_count=1).fit(sentences)
    assert tokenizer.tokens_[2:] == ["big", "isn't", ".", "it", "new york"]
    encoded = tokenizer.encode([["NEW YORK", "York", "big"]])
    assert encoded.values.ravel().tolist() == [6, UNKNOWN, 2]


@pytest.mark.parametrize("make", [list, tuple, np.array, pl.Series, iter])
def test_texts_come_in_any_list(make):
    assert Tokenizer(min_count=1).fit(make(TEXTS)).tokens_ == Tokenizer(min_count=1).fit(TEXTS).tokens_


def test_words_are_joined_as_the_training_texts_wrote_them():
    english = ['I don\'t, "never" said he!', "A well-known man.", "Is it? No...", "It costs $5, or [more]."]
    tokenizer = Tokenizer(min_count=1, lowercase=False).fit(english)
    assert [tokenizer.decode(ids) for ids in tokenizer.encode(english)] == english
    french = ["Est-ce vrai ?", "Oui, c'est l'eau !"]
    tokenizer = Tokenizer(min_count=1, lowercase=False).fit(french)
    assert [tokenizer.decode(ids) for ids in tokenizer.encode(french)] == french
    assert join_words(["a", ",", "b"], {}) == "a , b"


def test_decode_stops_at_the_end_and_leaves_out_padding():
    tokenizer = Tokenizer(min_count=1, ends=True).fit(["a b"])
    a, b = tokenizer.encode(["a b"])[0][1:3, 0]
    assert tokenizer.decode([2, a, b, 3, a, 0, 0]) == "a b"
    assert tokenizer.decode(np.array([[2], [a], [0], [0]])) == "a"


class TestReadTexts:
    def test_one_text_a_line(self, tmp_path):
        path = tmp_path / "texts.txt"
        path.write_bytes("\ufeffone\r\ntwo \u2028 still two\n\nfour".encode())
        assert sw.data.read_texts(path) == ["one", "two \u2028 still two", "", "four"]
        path.write_bytes(b"one\n")
        assert sw.data.read_texts(path) == ["one"]

    def test_latin_1_and_its_odd_breaks(self, tmp_path):
        path = tmp_path / "old.txt"
        path.write_bytes(b"caf\xe9\nwait\x85 and\x0c go\n")
        assert sw.data.read_texts(path, encoding="latin-1") == ["café", "wait\x85 and\x0c go"]

    def test_film_reviews(self, shared_data):
        for part in ("pos", "neg"):
            assert len(sw.data.read_texts(shared_data / f"rt-polarity.{part}", encoding="latin-1")) == 5331

    @pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
    def test_a_column_of_a_table(self, tmp_path, suffix):
        texts = ['He said: "no,\tnever"', "NA", "", "1984"]
        frame = pl.DataFrame({"text": texts, "label": [0, 1, 0, 1]})
        path = tmp_path / f"table.{suffix}"
        if suffix == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(path, separator="," if suffix == "csv" else "\t")
        assert sw.data.read_texts(path, column="text") == texts

    def test_columns_without_header_and_quotes(self, tmp_path):
        path = tmp_path / "pairs.tsv"
        path.write_text('Go.\tVa !\n"Look," she said.\tRegarde, dit-elle.\n', encoding="utf-8")
        assert sw.data.read_texts(path, column=0) == ["Go.", '"Look," she said.']
        assert sw.data.read_texts(path, column=1) == ["Va !", "Regarde, dit-elle."]
        with pytest.raises(DataError, match=r"^pairs.tsv has 2 column\(s\), but column=2 was asked for \(from 0\)\.$"):
            sw.data.read_texts(path, column=2)


@pytest.mark.parametrize("ends", [False, True])
def test_tokens_that_are_spelled_as_special_ones_are_unknown(ends):
    sentences = [["a", "<pad>", "<start>", "b"], ["<UNK>", "a", "<pad>", "<end>"]]
    tokenizer = Tokenizer("tokens", min_count=1, ends=ends).fit(sentences)
    special = SPECIAL if ends else SPECIAL[:2]
    assert tuple(tokenizer.tokens_[: len(special)]) == special
    for ids, sentence in zip(tokenizer.encode(sentences), sentences, strict=True):
        found = ids.ravel().tolist()[1:-1] if ends else ids.ravel().tolist()
        own = ["a", "b"] if ends else ["a", "b", "<start>", "<end>"]
        assert found == [tokenizer.tokens_.index(t) if t in own else UNKNOWN for t in sentence]
