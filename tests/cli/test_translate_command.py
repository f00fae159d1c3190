"""Translating on the command line: the figures of Python, the files it reads and writes, its words for mistakes."""

from __future__ import annotations

import csv
import json
import warnings

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.cli.main import main

WORDS = {"one": "un", "two": "deux", "three": "trois", "four": "quatre"}
QUICK = ["--tokens", "words", "--units", "12", "--embedding", "8", "--epochs", "6", "--learning-rate", "0.02",
         "--min-count", "1", "--dropout", "0", "--beam", "2"]  # fmt: skip
SAME = {"tokens": "words", "units": (12,), "embedding": 8, "epochs": 6, "learning_rate": 0.02, "min_count": 1,
        "dropout": 0.0, "beam": 2}  # fmt: skip


def call(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["seqwise", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    said = [list(rng.choice(list(WORDS), rng.integers(1, 4))) for _ in range(80)]
    frame = pl.DataFrame({"en": [" ".join(s) for s in said], "fr": [" ".join(WORDS[w] for w in s) for s in said]})
    frame.write_csv(path / "pairs.csv")
    frame.write_csv(path / "pairs.tsv", separator="\t", include_header=False)
    (path / "texts.txt").write_text("one two\n\nfour\n")
    return path


def test_a_file_of_pairs_is_trained_scored_and_translated(folder, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    assert call(monkeypatch, "train", folder / "pairs.tsv", "--task", "translate", *QUICK, "--out", run) == 0
    text = capsys.readouterr().out
    assert "task: translate" in text
    assert "note: sources: 6 tokens in the vocabulary. 0.0% of the" in text
    python = sw.Translator(**SAME).fit(folder / "pairs.tsv")
    evaluation = python.evaluate()
    assert str(evaluation) in text
    assert evaluation.verdict()[1] in text
    assert (run / "report.html").exists()

    assert call(monkeypatch, "evaluate", run, "--json") == 0  # it knows the texts that were held back
    assert json.loads(capsys.readouterr().out)["test"] == evaluation.metrics
    report = tmp_path / "other.html"
    assert call(monkeypatch, "evaluate", run, "--data", folder / "pairs.tsv", "--json", "--report", report) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["test"]["bleu"] == pytest.approx(python.score(folder / "pairs.tsv"))
    assert "Measured on pairs.tsv: " in report.read_text(encoding="utf-8")

    texts = ["one two", "", "four"]
    translations = python.predict(texts)
    assert call(monkeypatch, "predict", run, "--data", folder / "texts.txt", "--out", tmp_path / "out.csv") == 0
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["source", "translation"], *map(list, zip(texts, translations, strict=True))]
    capsys.readouterr()
    assert call(monkeypatch, "predict", run, "--data", folder / "texts.txt") == 0
    assert capsys.readouterr().out.splitlines()[0] == f"one two  →  {translations[0]}"
    assert call(monkeypatch, "predict", run, "--data", folder / "pairs.tsv") == 0
    assert "… and 60 more; --out FILE.csv writes them all" in capsys.readouterr().out


def test_named_columns_tell_the_task_and_are_remembered(folder, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    columns = ["--source", "fr", "--target", "en"]
    assert call(monkeypatch, "train", folder / "pairs.csv", *columns, *QUICK, "--epochs", "1", "--out", run) == 0
    assert "task: translate (inferred from --source)" in capsys.readouterr().out
    assert call(monkeypatch, "evaluate", run, "--data", folder / "pairs.csv") == 0
    assert "BLEU" in capsys.readouterr().out
    assert call(monkeypatch, "predict", run, "--data", folder / "pairs.csv", "--out", tmp_path / "out.csv") == 0
    assert pl.read_csv(tmp_path / "out.csv")["source"].to_list() == pl.read_csv(folder / "pairs.csv")["fr"].to_list()


def test_columns_of_another_file_are_found_or_named(folder, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    pairs = folder / "pairs.csv"
    assert call(monkeypatch, "train", pairs, "--task", "translate", *QUICK, "--epochs", "1", "--out", run) == 0
    assert call(monkeypatch, "predict", run, "--data", pairs, "--out", tmp_path / "a.csv") == 0
    frame = pl.read_csv(pairs)
    assert pl.read_csv(tmp_path / "a.csv")["source"].to_list() == frame["en"].to_list()
    capsys.readouterr()
    assert call(monkeypatch, "evaluate", run, "--json") == 0  # the training file is there: so are its texts
    assert set(json.loads(capsys.readouterr().out)["baselines"]) == {"greedy", "most similar"}

    wide = folder / "wide.csv"
    frame.select(pl.lit(1).alias("id"), "en", "fr").rename({"en": "e", "fr": "f"}).write_csv(wide)
    assert call(monkeypatch, "evaluate", run, "--data", wide, "--source", "e", "--target", "f") == 0
    assert call(monkeypatch, "evaluate", run, "--data", folder / "pairs.tsv") == 0  # another kind: its first two
    assert call(monkeypatch, "predict", run, "--data", wide, "--source", "e", "--out", tmp_path / "b.csv") == 0
    assert pl.read_csv(tmp_path / "b.csv").equals(pl.read_csv(tmp_path / "a.csv"))
    assert call(monkeypatch, "predict", run, "--data", folder / "pairs.tsv", "--out", tmp_path / "c.csv") == 0
    assert pl.read_csv(tmp_path / "c.csv").equals(pl.read_csv(tmp_path / "a.csv"))

    tab = folder / "trained.tsv"
    frame.write_csv(tab, separator="\t", include_header=False)
    assert call(monkeypatch, "train", tab, "--task", "translate", *QUICK, "--epochs", "1", "--out", run) == 0
    frame.head(30).write_csv(tab, separator="\t", include_header=False)  # changed since
    capsys.readouterr()
    assert call(monkeypatch, "evaluate", run, "--json") == 0
    assert set(json.loads(capsys.readouterr().out)["baselines"]) == {"greedy"}
    assert call(monkeypatch, "predict", run, "--data", wide) == 2
    assert capsys.readouterr().err.startswith(f"Error: {wide} is a table: name its column of texts, --source COL.")


def test_ctrl_c_while_it_is_scored_keeps_the_model(folder, tmp_path, capsys, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    run = tmp_path / "run"
    monkeypatch.setattr("seqwise.estimators.translation.translator.Translator.evaluate", stopped)
    assert call(monkeypatch, "train", folder / "pairs.tsv", "--task", "translate", *QUICK, "--out", run) == 130
    assert f"the model is saved in {run}. Score it: seqwise evaluate {run}" in capsys.readouterr().out
    monkeypatch.undo()
    assert not (run / "metrics.json").exists()
    python = sw.Translator(**SAME).fit(folder / "pairs.tsv")
    assert call(monkeypatch, "evaluate", run) == 0
    assert str(python.evaluate()) in capsys.readouterr().out
    assert sw.load(run).predict(["one two"]) == python.predict(["one two"])


def test_the_shapes_are_told(folder, capsys, monkeypatch):
    assert call(monkeypatch, "shape", folder / "pairs.tsv", "--source", "0", "--target", "1") == 0
    text = capsys.readouterr().out
    assert "input  source  (samples=80, timesteps=1 to 3)" in text
    assert "output logits  (samples=80, timesteps=2 to " in text
    assert "of similar length, source and target:" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "pairs.csv", "--task", "translate", "--window", "3"],
         "--window belongs to --task forecast; this is --task translate."),
        (["train", "pairs.tsv", "--task", "translate", "--attention", "dots"],
         "attention='dots': expected None, 'dot' or 'additive'."),
        (["train", "pairs.csv", "--source", "en"], "source='en' and target=None: name both columns, or neither."),
        (["train", "pairs.csv", "--source", "en", "--target", "fre"],
         "pairs.csv has no column 'fre'. Did you mean 'fr'?"),
        (["train", "pairs.csv", "--source", "en", "--target", "en"],
         "source='en' is the target, too: name the column of the translations, target='…'."),
        (["train", "bad.tsv", "--task", "translate"], "bad.tsv is not UTF-8: line 2 holds the byte 0xe9."),
    ],
)  # fmt: skip
def test_mistakes_are_told(arguments, message, folder, tmp_path, capsys, monkeypatch):
    (folder / "bad.tsv").write_bytes("a\tb\né\tc\n".encode("latin-1"))
    monkeypatch.chdir(folder)
    assert call(monkeypatch, *arguments, "--out", tmp_path / "run") == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"Error: {message}")
    assert not (tmp_path / "run").exists()


def test_mistakes_with_a_run_are_told(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "x.ts").write_text("@classLabel false\n@data\n1,2\n")
    (tmp_path / "one.txt").write_text("a text\nanother\n")
    run = tmp_path / "run"
    assert call(monkeypatch, "train", folder / "pairs.tsv", "--task", "translate", *QUICK, "--epochs", "1",
                "--out", run) == 0  # fmt: skip
    for arguments, message in (
        (["predict", run], "Name the texts: --data FILE (one a line, or a table with the training's source column)."),
        (
            ["predict", run, "--data", folder / "texts.txt", "--plot", tmp_path / "p.png"],
            "--plot belongs to forecasts.",
        ),
        (["evaluate", run, "--folds", "3"], "--folds belongs to forecasts."),
        (
            ["evaluate", run, "--source", "1", "--target", "0"],
            "--source names a column of another file: name that too, --data FILE.",
        ),
        (["predict", run, "--data", folder / "pairs.tsv", "--source", "²"], "pairs.tsv has no column '²'."),
        (["predict", run, "--data", tmp_path / "x.ts"], f"{tmp_path / 'x.ts'} holds no texts."),
        (
            ["evaluate", run, "--data", tmp_path / "one.txt"],
            "one.txt has 1 column(s), but column=1 was asked for (from 0). Separate columns by tabs.",
        ),
    ):
        capsys.readouterr()
        assert call(monkeypatch, *arguments) == 2
        assert capsys.readouterr().err.startswith(f"Error: {message}")
    (tmp_path / "long.txt").write_text("go " * 100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert call(monkeypatch, "predict", run, "--data", tmp_path / "long.txt") == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("note: 1 of the 1 text(s) have more than")
    assert len(shown.err.splitlines()) == 1
    assert "characters left out" in shown.out
    assert len(shown.out) < 3_000
