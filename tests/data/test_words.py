"""Words split in plain Python are those of the tokenizers library."""

from __future__ import annotations

import json
import sys
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.data import Tokenizer, tokenizer
from seqwise.data.words import PUNCTUATION_RANGES, split_words
from seqwise.errors import SettingError

TEXTS = [
    "A cat sat, didn't it?", "Café CAFE\u0301 ﬁne — “quoted”…", "ΟΔΟΣ Σ'", "İstanbul I", "a\u00a0b\u2003c\u200bd\te\nf",
    "x\x1cy\x1dz \x85 w", "$5 + 3% = <unk> <pad>", "日本語、です。", "", "   ", "_under_ ^hat `tick` ~",
]  # fmt: skip


def without_library(saved, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "tokenizers", None)
        return Tokenizer.from_dict(json.loads(json.dumps(saved)))


@pytest.mark.parametrize("lowercase", [True, False])
def test_texts_get_the_same_ids(lowercase, monkeypatch):
    learned = Tokenizer(min_count=1, lowercase=lowercase).fit(TEXTS)
    plain = without_library(learned.to_dict(), monkeypatch)
    assert plain._library is None
    ours, theirs = plain.encode(TEXTS), learned.encode(TEXTS)
    assert ours.lengths.tolist() == theirs.lengths.tolist()
    assert ours.values.tolist() == theirs.values.tolist()
    assert max(ours.values) > 20, "most words are in the vocabulary"
    assert plain.decode(ours[0]) == learned.decode(theirs[0])


def test_every_mark_of_unicode_splits_as_in_the_library():
    from tokenizers import pre_tokenizers

    text = "a".join(chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000)
    library = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)
    assert split_words(text) == [word for word, _ in library]
    assert len(library) > 1400, "726 marks, each with the characters between them"


def test_the_web_export_has_the_same_marks():
    script = files("seqwise.export.web").joinpath("module/punctuation.js").read_text(encoding="utf-8")
    assert script.split("`")[1].split() == PUNCTUATION_RANGES.split()


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=30))
def test_any_text_is_split_alike(text):
    learned = Tokenizer(min_count=1).fit([text + " a"])
    library, learned._library = learned._library, None
    ours = learned.encode([text])
    learned._library = library
    assert ours.values.tolist() == learned.encode([text]).values.tolist()


def test_lists_of_tokens_and_ends(monkeypatch):
    lists = [["New York", "is", "<pad>"], ["BIG", "is"]]
    learned = Tokenizer("tokens", min_count=1).fit(lists)
    plain = without_library(learned.to_dict(), monkeypatch)
    assert plain.encode(lists).values.tolist() == learned.encode(lists).values.tolist()
    cut = Tokenizer(min_count=1, ends=True, max_length=4).fit(TEXTS)
    plain = without_library(cut.to_dict(), monkeypatch)
    assert plain.encode(TEXTS).values.tolist() == cut.encode(TEXTS).values.tolist()


def test_sub_words_need_the_library(monkeypatch):
    saved = Tokenizer("bpe", min_count=1).fit(TEXTS).to_dict()
    with pytest.raises(SettingError, match="pip install"):
        without_library(saved, monkeypatch)
    assert tokenizer._installed_library() is not None
