"""Pairs of texts: from lists, tables and files; what is left out; the parts, which share no source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from seqwise.data import read_pairs
from seqwise.data.text_pairs import split_pairs
from seqwise.errors import DataError, SettingError

ENGLISH, FRENCH = ["Go.", "Run!", "Run!"], ["Va !", "Cours !", "Courez !"]


def both(pairs):
    return pairs.sources, pairs.targets


@pytest.mark.parametrize("quote", ["", '"'])
def test_every_form_gives_the_same_pairs(tmp_path, quote):
    english = [f"{quote}{text}" for text in ENGLISH]  # a quotation mark is a sign like any other
    frame = pl.DataFrame({"english": english, "french": FRENCH, "number": [1, 2, 3]})
    frame.write_csv(tmp_path / "pairs.csv")
    frame.write_parquet(tmp_path / "pairs.parquet")
    lines = "".join(f"{one}\t{other}\t{i}\n" for i, (one, other) in enumerate(zip(english, FRENCH, strict=True)))
    (tmp_path / "pairs.tsv").write_text(lines, encoding="utf-8")
    named = {"source": "english", "target": "french"}
    expected = english, FRENCH
    assert both(read_pairs(english, FRENCH)) == expected
    assert both(read_pairs(np.array(english), pd.Series(FRENCH))) == expected
    for table in (frame, frame.to_pandas(), frame.to_arrow(), tmp_path / "pairs.csv", str(tmp_path / "pairs.parquet")):
        assert both(read_pairs(table, **named)) == expected
        assert both(read_pairs(table, source="french", target="english")) == expected[::-1]
    assert both(read_pairs(frame.select("english", "french"))) == expected
    assert both(read_pairs(tmp_path / "pairs.tsv")) == expected
    assert both(read_pairs(tmp_path / "pairs.tsv", source=1, target=0)) == expected[::-1]


@pytest.mark.parametrize("suffix", ["tsv", "txt", "tab"])
def test_a_file_without_a_header_line_is_divided_at_tabs_alone(tmp_path, suffix):
    path = tmp_path / f"pairs.{suffix}"
    lines = ["Hello, Tom!\tSalut, Tom !", '"Go."\t"Va !"', 'He said "no\tIl a dit "non', "a|b; c\td"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    read = read_pairs(path)
    assert list(zip(*both(read), strict=True)) == [tuple(line.split("\t")) for line in lines]
    assert read.columns == (0, 1)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_is_divided_as_its_header_is(tmp_path, separator):
    frame = pl.DataFrame({"english": ENGLISH, "french": ["Va, cours !", 'Le "chat"', "Non; oui"]})
    frame.write_csv(tmp_path / "pairs.csv", separator=separator)
    read = read_pairs(tmp_path / "pairs.csv")
    assert both(read) == (ENGLISH, frame["french"].to_list())
    assert read.columns == ("english", "french")


@pytest.mark.parametrize("kind", ["pandas", "polars", "csv", "parquet"])
def test_a_cell_that_is_missing_leaves_its_pair_out(tmp_path, kind):
    frame = pl.DataFrame({"en": ["Go.", None, "NA"], "fr": ["Va !", "Cours !", "sans objet"]})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    table = {"pandas": frame.to_pandas(), "polars": frame}.get(kind, tmp_path / f"t.{kind}")
    read = read_pairs(table)
    assert both(read) == (["Go.", "NA"], ["Va !", "sans objet"])
    assert read.warnings == ["1 of 3 pairs have an empty side, first pair 1: left out."]


def test_a_source_that_occurs_again_has_all_its_translations():
    assert read_pairs(ENGLISH, FRENCH).grouped() == (["Go.", "Run!"], [["Va !"], ["Cours !", "Courez !"]])


def test_a_pair_with_an_empty_side_is_left_out_and_noted():
    read = read_pairs(["a", " ", "c", "d"], ["A", "B", "", "D"])
    assert both(read) == (["a", "d"], ["A", "D"])
    assert read.warnings == ["2 of 4 pairs have an empty side, first pair 1: left out."]
    assert read_pairs(["a", "b"], ["A", ""]).warnings == ["1 of 2 pairs have an empty side, first pair 1: left out."]
    with pytest.raises(DataError, match=r"^No pair of the lists has two texts"):
        read_pairs(["a", ""], ["", "B"])


def test_no_source_is_in_two_parts_and_every_pair_is_in_one():
    sources = [f"text {i % 40}" for i in range(100)]
    parts = split_pairs(sources, validation=0.1, test=0.2, seed=0)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(100))
    distinct = {name: {sources[i] for i in part} for name, part in parts.items()}
    assert {name: len(texts) for name, texts in distinct.items()} == {"train": 28, "validation": 4, "test": 8}
    assert len(set.union(*distinct.values())) == 40
    again = split_pairs(sources, validation=0.1, test=0.2, seed=0)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)
    other = split_pairs(sources, validation=0.1, test=0.2, seed=1)
    assert not np.array_equal(parts["test"], other["test"])
    assert [len(part) for part in split_pairs(sources, validation=0, test=0, seed=0).values()] == [100, 0, 0]
    few = [f"text {i}" for i in range(5)]  # a twentieth and a tenth of five
    assert [len(part) for part in split_pairs(few, validation=0.05, test=0.1, seed=0).values()] == [3, 1, 1]
    assert [len(part) for part in split_pairs(few[:2], validation=0.05, test=0.1, seed=0).values()] == [2, 0, 0]
    with pytest.raises(DataError, match=r"leave none to train on besides validation=0\.5 and test=0\.5"):
        split_pairs(["a", "b"], validation=0.5, test=0.5, seed=0)


@pytest.mark.parametrize("seed", range(5))
def test_texts_that_are_the_same_to_a_model_are_in_one_part(seed):
    same = ["Ca va.", "ca va.", "Ca  va. ", "Café", "Cafe\u0301", "CAFÉ", "Go !", "Go!"]
    sources = [*same * 10, *(f"text {i}" for i in range(40))]
    parts = split_pairs(sources, validation=0.2, test=0.4, seed=seed)
    told = {i: name for name, part in parts.items() for i in part.tolist()}
    for alike in (range(3), range(3, 6), range(6, 8)):
        assert len({told[8 * k + i] for k in range(10) for i in alike}) == 1


def test_what_does_not_fit_is_told(tmp_path):
    def said(*arguments, kind: type[Exception] = DataError, **columns):
        with pytest.raises(kind) as caught:
            read_pairs(*arguments, **columns)
        return str(caught.value)

    assert said(["a", "b"], ["A"]) == (
        "There are 2 source texts but 1 target texts. Each source needs its target; repeat a source for "
        "each of its translations."
    )
    assert said(["a"], [None]).startswith("The target texts: Text 0 is missing (None).")
    assert said("a", ["A"]).startswith("The source texts: Expected a list of texts, got str: 'a'.")
    assert said(["a"], kind=SettingError) == (
        "There are no target texts. Pass two lists, fit(sources, targets), or a table of pairs."
    )
    assert "were passed. Leave them out." in said(["a"], ["A"], source="x", kind=SettingError)
    frame = pl.DataFrame({"a": ["x"], "b": ["y"], "c": ["z"]})
    for table in (frame.select("a"), frame.select("a").to_pandas(), frame.select("a").to_dict()):
        assert said(table, frame.select("b")) == (
            f"The source texts: Expected a list of texts, got a {type(table).__name__} with the columns ['a']. Pass "
            "one of them: list(table['a'])."
        )
    assert said(frame, kind=SettingError) == (
        "the polars table has 3 columns: ['a', 'b', 'c']. Name those of the pairs: source='…', target='…'."
    )
    assert said(frame, source="a", kind=SettingError) == "source='a' and target=None: name both columns, or neither."
    assert "has no column 'd'" in said(frame, source="a", target="d")
    (tmp_path / "bad.tsv").write_bytes("a\tA\nb\tB\nc\tÇ\n".encode("latin-1"))
    assert said(tmp_path / "bad.tsv") == (
        "bad.tsv is not UTF-8: line 3 holds the byte 0xc7. Save it as UTF-8, or convert it: iconv -f latin1 -t utf-8 "
        "bad.tsv > utf8.tsv"
    )
    (tmp_path / "one.tsv").write_text("a\nb\n")
    assert said(tmp_path / "one.tsv") == (
        "one.tsv has 1 column(s), but column=1 was asked for (from 0). Separate columns by tabs."
    )
    (tmp_path / "pairs.json").write_text("[]")
    assert said(tmp_path / "pairs.json", kind=SettingError) == (
        "pairs.json: name the columns of the pairs, source='…', target='…'."
    )
    for name in ("none.tsv", "none"):
        assert said(tmp_path / name).startswith("There is no file")


def test_pairs_of_numbers_are_told(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("day,sales\n20240101,12.5\n20240102,-1e3\n")
    assert read_pairs(path).warnings == [
        "Each pair of rows.csv is of two numbers, and they are learned as texts. Were other columns meant? A "
        "Forecaster, Regressor or Classifier learns numbers."
    ]
    assert not read_pairs(["12", "13"], ["twelve", "thirteen"]).warnings
