"""Texts and tags on the command line: the same figures as in Python, tables and texts a line, words for mistakes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.cli.main import main

QUICK = ["--units", "6", "--embedding", "6", "--epochs", "8", "--learning-rate", "0.02", "--min-count", "1"]
SAME = {
    "units": (6,), "embedding": 6, "epochs": 8, "learning_rate": 0.02, "tokenizer": {"min_count": 1},
}  # fmt: skip


def call(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["seqwise", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("texts"), np.random.default_rng(0)
    words = np.array(["a", "b", "NA", "-"])
    said = [[*rng.choice(words, rng.integers(1, 6)).tolist(), ["dull", "fine"][i % 2]] for i in range(60)]
    texts = [" ".join(each) for each in said]
    kind = ["bad", "good"] * 30
    pl.DataFrame({"review": texts, "kind": kind, "stars": [1.5, 4.0] * 30}).write_csv(path / "reviews.csv")
    (path / "some.txt").write_text("a fine one\n\nb dull\n")
    rows = [(i, word, i % 7 / 2, "VERDICT" if word in ("dull", "fine") else "O") for i in range(60) for word in said[i]]
    pl.DataFrame(rows, ["text", "word", "x", "tag"], orient="row").write_csv(path / "words.csv")
    return path


def test_words_are_learned_from_texts_without_labels_first(folder, tmp_path, capsys, monkeypatch):
    names = ["--text", "review", "--label", "kind", "--test", "0"]
    more = tmp_path / "more.txt"
    more.write_text("fine and splendid\ndull and dreary\n" * 200)
    train = ["train", folder / "reviews.csv", *names, *QUICK, "--out", tmp_path / "run"]
    assert call(monkeypatch, *train, "--pretrain", more) == 0
    assert "learned from 400 more texts without labels" in capsys.readouterr().out
    python = sw.Classifier(test=0, **SAME).fit(folder / "reviews.csv", text="review", label="kind", pretrain=more)
    run: Any = sw.load(tmp_path / "run")
    np.testing.assert_array_equal(run.predict_proba(["so splendid"]), python.predict_proba(["so splendid"]))
    for options, said in (
        (["--vectors", "glove.txt", "--pretrain", more], "both say where the words' vectors start"),
        (["--pretrain", tmp_path / "none.txt"], "There is no file"),
    ):
        assert call(monkeypatch, *train, *options) == 2
        assert said in " ".join(capsys.readouterr().err.split())
    assert call(monkeypatch, "check", tmp_path / "run", "--pretrain", more) == 2
    assert "--pretrain does not change a run that is trained" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "series.csv").write_text("t,y\n" + "".join(f"{i},{i % 5}\n" for i in range(40)))
    forecast = ["train", tmp_path / "series.csv", "--target", "y", "--pretrain", more, "--out", tmp_path / "other"]
    assert call(monkeypatch, *forecast) == 2
    assert "--pretrain belongs to --task" in " ".join(capsys.readouterr().err.split())


def test_texts_are_classified(folder, tmp_path, capsys, monkeypatch):
    run, data = tmp_path / "run", folder / "reviews.csv"
    names = ["--text", "review", "--label", "kind"]
    assert call(monkeypatch, "train", data, *names, *QUICK, "--test", "10", "--out", run) == 0
    text = capsys.readouterr().out
    assert text.startswith("task: classify (inferred from the values of 'kind')\nnote: The vocabulary holds 8 tokens.")
    python = sw.Classifier(test=10, **SAME).fit(data, text="review", label="kind")
    assert str(python.evaluate()) in text
    assert call(monkeypatch, "evaluate", run, "--json") == 0
    assert json.loads(capsys.readouterr().out)["test"] == python.evaluate().metrics
    assert call(monkeypatch, "predict", run, "--data", data, "--out", tmp_path / "p.csv") == 0
    assert pl.read_csv(tmp_path / "p.csv")["label"].to_list() == python.predict(data).tolist()
    assert call(monkeypatch, "predict", run, "--data", folder / "some.txt", "--out", tmp_path / "p.csv") == 0
    lines = ["a fine one", "", "b dull"]
    assert pl.read_csv(tmp_path / "p.csv")["label"].to_list() == python.predict(lines).tolist()


def test_the_label_of_a_text_tells_the_task(folder, tmp_path, capsys, monkeypatch):
    names = ["--text", "review", "--label", "stars", "--tokens", "bpe", "--vocabulary", "30"]
    assert call(monkeypatch, "train", folder / "reviews.csv", *names, *QUICK, "--out", tmp_path / "run") == 0
    assert capsys.readouterr().out.startswith("task: regress (inferred from the fractions in 'stars')")
    assert sw.load(tmp_path / "run").tokenizer == {"kind": "bpe", "size": 30, "min_count": 1}


TAGS: dict[str, Any] = {
    "tokens": (["--text", "word"], {"text": "word"}, ["sequence", "step", "token", "label", "probability"]),
    "numbers": (["--features", "x"], {"features": "x"}, ["sequence", "step", "label", "probability"]),
}


@pytest.mark.parametrize("kind", TAGS)
def test_rows_are_tagged(kind, folder, tmp_path, capsys, monkeypatch):
    run, data = tmp_path / "run", folder / "words.csv"
    options, names, columns = TAGS[kind]
    options = ["--group", "text", "--label", "tag", *options]
    quick = [*QUICK, "--epochs", "3"] if kind == "tokens" else ["--units", "6", "--epochs", "3"]
    same = {**SAME, "epochs": 3} if kind == "tokens" else {"units": (6,), "epochs": 3}
    assert call(monkeypatch, "train", data, *options, *quick, "--out", run) == 0
    text = capsys.readouterr().out
    assert text.startswith("task: tag (inferred from labels that differ within a 'text')")
    python = sw.Tagger(**same).fit(data, group="text", label="tag", **names)
    evaluation = python.evaluate()
    assert f"the validation set, {len(evaluation)} step(s):\n{evaluation}" in text
    report = (run / "report.html").read_text()
    assert "<title>Tags of the steps of words.csv</title>" in report
    assert f"Measured on the validation set, {len(evaluation)} step(s), the same for each." in report
    assert call(monkeypatch, "evaluate", run, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["test"] == evaluation.metrics
    assert found["steps"] == len(evaluation)
    assert call(monkeypatch, "predict", run, "--data", data, "--out", tmp_path / "p.csv") == 0
    written = pl.read_csv(tmp_path / "p.csv", null_values=[])
    assert written.columns == [*columns, "p(O)", "p(VERDICT)"]
    assert written["label"].to_list() == np.concatenate(python.predict(data)).tolist()
    capsys.readouterr()
    assert call(monkeypatch, "predict", run, "--data", data) == 0
    shown = capsys.readouterr().out
    assert "probability" in shown
    assert "p(O)" not in shown
    (tmp_path / "x.ts").write_text("@classLabel false\n@data\n1,2\n")
    if kind == "tokens":
        assert call(monkeypatch, "predict", run, "--data", tmp_path / "x.ts") == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "The model was trained on tokens, and x.ts holds none: name a table with the columns" in said
    assert call(monkeypatch, "shape", data, *options) == 0
    assert "output y     (samples=60, timesteps=2 to 6, outputs=2)" in capsys.readouterr().out


MISTAKES = {
    "no label": (
        ["train", "reviews.csv", "--text", "review"],
        "--text names the texts; name the column of their labels (or numbers) too: --label COL.",
    ),
    "tags without sequences": (
        ["train", "words.csv", "--task", "tag", "--text", "word", "--label", "tag"],
        "name the column that says which sequence a row belongs to",
    ),
    "a vector file that is not there": (
        ["train", "reviews.csv", "--text", "review", "--label", "kind", "--vectors", "glove.txt"],
        "There is no file 'glove.txt'",
    ),
    "tokens to split": (
        ["train", "words.csv", "--group", "text", "--text", "word", "--label", "tag", "--tokens", "bpe"],
        "--tokens belongs to --task classify, regress and translate; this is --task tag (inferred from labels that "
        "differ within a 'text'). A tagger takes tokens as they come, one a row.",
    ),
    "numbers as texts": (
        ["train", "reviews.csv", "--text", "stars", "--label", "kind"],
        "reviews.csv: column 'stars' holds float, 1.5, on line 2; expected texts.",
    ),
    "bytes that are not UTF-8": (
        ["train", "latin.csv", "--text", "review", "--label", "kind"],
        "latin.csv is not UTF-8: line 3 holds the byte 0xe9. Save it as UTF-8, or convert it: iconv -f latin1",
    ),
    "texts as their own labels": (
        ["train", "reviews.csv", "--text", "review", "--label", "review"],
        "'review' is the column of texts and of labels; name another one: label='…'.",
    ),
    "tokens as their own tags": (
        ["train", "words.csv", "--group", "text", "--text", "word", "--label", "word"],
        "'word' is the column of tokens and of labels; name another one: label='…'.",
    ),
    "one label": (
        ["train", "alike.csv", "--text", "review", "--label", "kind"],
        "All 2 sequences have the label 'good'",
    ),
    "one tag": (
        ["train", "alike.csv", "--task", "tag", "--group", "review", "--features", "x", "--label", "kind"],
        "All 2 steps have the tag 'good': nothing to tell apart.",
    ),
    "a value is missing": (
        ["train", "hole.csv", "--group", "who", "--features", "x", "--label", "tag"],
        "hole.csv: 'x' is missing on line 3, step 1 of sequence 'b' (1 missing value(s) in all). Fill it, or leave the "
        "row out.",
    ),
    "an empty token": (
        ["train", "empty.csv", "--group", "text", "--text", "word", "--label", "tag"],
        "empty.csv: the token 'word' is empty on line 3. Fill it, or leave the row out.",
    ),
    "a missing tag": (
        ["train", "untagged.csv", "--group", "text", "--text", "word", "--label", "tag"],
        "untagged.csv: the label 'tag' is empty on line 3.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message(mistake, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(folder)
    (folder / "latin.csv").write_bytes("review,kind\nfine,good\nd\u00e9j\u00e0,bad\n".encode("latin-1"))
    (folder / "empty.csv").write_text("text,word,tag\n1,a,X\n1,,Y\n2,b,X\n")
    (folder / "untagged.csv").write_text("text,word,tag\n1,a,X\n1,b,\n1,c,Y\n2,b,X\n")
    (folder / "alike.csv").write_text("review,kind,x\nfine,good,1\nso,good,2\n")
    (folder / "hole.csv").write_text("who,x,tag\nb,1,X\nb,NaN,Y\na,3,Y\n")
    arguments, words = MISTAKES[mistake]
    assert call(monkeypatch, *arguments, "--out", tmp_path / "out") == 2
    shown = capsys.readouterr()
    assert words in " ".join(shown.err.split())
    assert shown.err.count("Error") == 1
    assert "Traceback" not in shown.err + shown.out
    assert not (tmp_path / "out").exists()
