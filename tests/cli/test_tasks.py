"""The command line for sequences: which task is taken, which options belong to it, the figures of Python."""

import json

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.cli.main import main

QUICK = ["--units", "6", "--epochs", "8", "--learning-rate", "0.02"]


def call(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["seqwise", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


SHOPS = (("north", 3), ("south", 4))


def rows(samples=40, seed=0):
    """A long table: the sequences' first feature tells their kind, and their size."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(samples):
        steps = rng.integers(2, 8)
        x = rng.normal(scale=0.3, size=steps) + 2 * (i % 2)
        parts.append(
            pl.DataFrame(
                {
                    "who": [f"s{i:02}"] * steps, "step": np.arange(steps), "x": x, "z": rng.normal(size=steps),
                    "kind": ["quiet", "loud"][i % 2], "size": float(x.mean()), "code": i % 2,
                }
            )
        )  # fmt: skip
    return pl.concat(parts)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "gestures.csv"
    rows().write_csv(path)
    return path


@pytest.fixture(scope="module")
def ts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ts")
    lines = [
        ",".join(f"{v:.4f}" for v in part["x"]) + ":" + ",".join(f"{v:.4f}" for v in part["z"])
        + f":{part['kind'][0]}" for part in rows().partition_by("who", maintain_order=True)
    ]  # fmt: skip
    head = "@problemName gestures\n@dimensions 2\n@classLabel true quiet loud\n@data\n"
    (folder / "one.ts").write_text(head + "\n".join(lines[:30]))
    (folder / "two.ts").write_text(head + "\n".join(lines[30:]))
    return folder


NAMES = ["--group", "who", "--time", "step", "--features", "x,z"]


def test_a_ts_file_is_classified_and_scored_on_another(ts, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    assert call(monkeypatch, "train", ts / "one.ts", *QUICK, "--out", run) == 0
    text = capsys.readouterr().out
    assert text.startswith("task: classify (inferred from the file's labels)")
    assert "the validation set, 3 sequence(s):" in text
    assert f"report {run / 'report.html'}" in text
    assert "<title>Classes of the sequences of one.ts</title>" in (run / "report.html").read_text()
    python = sw.Classifier(units=(6,), epochs=8, learning_rate=0.02).fit(ts / "one.ts")
    assert call(monkeypatch, "evaluate", run, "--data", ts / "two.ts", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["test"] == python.evaluate(ts / "two.ts").metrics
    assert found["test"]["accuracy"] == python.score(ts / "two.ts") > 0.8
    assert set(found["baselines"]) == {"simple", "nearest", "warped", "kernels", "majority"}
    report = tmp_path / "two.html"
    assert call(monkeypatch, "evaluate", run, "--data", ts / "two.ts", "--report", report) == 0
    assert f"report {report}" in capsys.readouterr().out
    assert "Measured on two.ts, 10 sequence(s)" in report.read_text()
    # without data: the part of the training file that was held back, which the report is about
    assert call(monkeypatch, "evaluate", run, "--json") == 0
    assert json.loads(capsys.readouterr().out)["test"] == json.loads((run / "metrics.json").read_text())["test"]
    assert call(monkeypatch, "predict", run, "--data", ts / "two.ts", "--out", tmp_path / "p.csv") == 0
    written = pl.read_csv(tmp_path / "p.csv")
    assert written.columns == ["sequence", "label", "probability", "p(loud)", "p(quiet)"]
    assert written["label"].to_list() == python.predict(ts / "two.ts").tolist()
    np.testing.assert_allclose(written["p(loud)"], python.predict_proba(ts / "two.ts")[:, 0])
    capsys.readouterr()
    assert call(monkeypatch, "predict", run, "--data", ts / "two.ts") == 0
    assert "loud" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("label", "task", "why"),
    [("kind", "classify", "the values of 'kind'"), ("code", "classify", "the values of 'code'"),
     ("size", "regress", "the fractions in 'size'")],
)  # fmt: skip
def test_the_label_tells_the_task(label, task, why, table, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    quick = ["--units", "4", "--epochs", "1", "--test", "0.2"]
    assert call(monkeypatch, "train", table, *NAMES, "--label", label, *quick, "--out", run) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"task: {task} (inferred from {why})")
    assert "the test set, 8 sequence(s):" in text
    assert type(sw.load(run)).__name__ == {"classify": "Classifier", "regress": "Regressor"}[task]
    assert call(monkeypatch, "predict", run, "--data", table, "--out", tmp_path / "p.csv") == 0
    written = pl.read_csv(tmp_path / "p.csv")
    assert written["sequence"].to_list() == [f"s{i:02}" for i in range(40)]
    assert written.columns[:2] == ["sequence", label if task == "regress" else "label"]


def test_the_task_can_be_named(table, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    quick = ["--units", "4", "--epochs", "1", "--task", "regress"]
    assert call(monkeypatch, "train", table, *NAMES, "--label", "code", *quick, "--out", run) == 0
    assert capsys.readouterr().out.startswith("task: regress\n")
    assert isinstance(sw.load(run), sw.Regressor)


def test_shape_tells_the_sequences(table, capsys, monkeypatch):
    assert call(monkeypatch, "shape", table, *NAMES, "--label", "kind", "--test", "0.25") == 0
    text = capsys.readouterr().out
    lengths = rows().group_by("who").len()["len"].to_numpy()
    assert f"(samples=40, timesteps={lengths.min()} to {lengths.max()}, features=2)" in text
    assert "feature 1: z" in text
    assert "the probability of 'quiet'" in text
    assert "'loud': 20 sequence(s)" in text
    assert "train: 26 sequence(s)\n" in text
    assert "test: 10 sequence(s)" in text
    assert "keras.Input(shape=(None, 2)), keras.Input(shape=(None,), dtype='bool')" in text


MISTAKES = {
    "an option of another task": (
        ["train", "TS", "--window", "3", "--out", "OUT"],
        "--window belongs to --task forecast; this is --task classify (inferred from the file's labels). Leave it out, "
        "or name the task you mean: --task forecast.",
    ),
    "target for label": (
        ["train", "CSV", *NAMES, "--label", "kind", "--target", "kind", "--out", "OUT"],
        "--target belongs to --task forecast and translate; this is --task classify (inferred from the values of "
        "'kind'). The column of the labels is --label.",
    ),
    "label for target": (
        ["train", "CSV", "--label", "x", "--out", "OUT"],
        "--label belongs to --task classify, regress and tag; this is --task forecast (inferred from the options). The "
        "column to forecast is --target; for a label of each sequence add --group.",
    ),
    "a loss for classes": (
        ["train", "TS", "--loss", "mae", "--out", "OUT"],
        "this is --task classify (inferred from the file's labels). A classifier is trained by cross-entropy.",
    ),
    "no label": (["train", "CSV", "--group", "who", "--out", "OUT"], "name the column of their labels"),
    "no such task": (["train", "TS", "--task", "clasify", "--out", "OUT"], "Did you mean 'classify'?"),
    "quantities as classes": (
        ["train", "CSV", *NAMES, "--label", "size", "--task", "classify", "--out", "OUT"], "Use a Regressor",
    ),
    "text as quantities": (
        ["train", "CSV", *NAMES, "--label", "kind", "--task", "regress", "--out", "OUT"],
        "The target of sequence 's00' is 'quiet', no number. For labels use a Classifier.",
    ),
    "a label that changes": (
        ["train", "CSV", "--group", "who", "--label", "z", "--task", "regress", "--out", "OUT"], "has two labels",
    ),
    "a column that is not there": (
        ["train", "CSV", "--group", "whom", "--label", "kind", "--out", "OUT"], "Did you mean 'who'?",
    ),
    "a file that is not there": (["train", "nowhere.ts", "--out", "OUT"], "There is no file 'nowhere.ts'"),
    "folds": (["evaluate", "RUN", "--folds", "3"], "--folds belongs to forecasts"),
    "a report nowhere": (["evaluate", "RUN", "--report", "no/such/x.html"], "There is no folder"),
    "a report over the run's": (["evaluate", "RUN", "--report", "REPORT"], "is a part of the run"),
    "a report over the data": (["evaluate", "RUN", "--report", "TS"], "expected the name of a .html file"),
    "labels over the sequences": (["predict", "RUN", "--data", "TS", "--out", "TS"], "would be overwritten"),
    "a file without labels": (
        ["evaluate", "RUN", "--data", "BARE"], "bare.ts holds no labels to compare with. Name a file that has them."
    ),
    "a plot": (["predict", "RUN", "--plot", "x.png"], "--plot belongs to forecasts"),
    "no data": (["predict", "RUN"], "Name the sequences: --data FILE"),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(ts, tmp_path_factory):
    return sw.Classifier(units=(4,), epochs=1).fit(ts / "one.ts").save(tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message(mistake, table, ts, run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    places = {"CSV": table, "TS": ts / "one.ts", "OUT": tmp_path / "out", "RUN": run, "REPORT": run / "report.html"}
    places["BARE"] = tmp_path / "bare.ts"
    features = len(sw.data.read_ts(ts / "one.ts").columns)
    places["BARE"].write_text("@classLabel false\n@data\n" + ":".join(["1,2,3"] * features) + "\n")
    arguments, words = MISTAKES[mistake]
    assert call(monkeypatch, *(places.get(argument, argument) for argument in arguments)) == 2
    shown = capsys.readouterr()
    assert words in " ".join(shown.err.split())
    assert shown.err.count("Error") == 1
    assert "Traceback" not in shown.err + shown.out
    assert not (tmp_path / "out").exists()


def test_a_changed_training_file_is_told(ts, tmp_path, capsys, monkeypatch):
    data = tmp_path / "mine.ts"
    lines = (ts / "one.ts").read_text().splitlines()
    data.write_text("\n".join(lines))
    path = sw.Classifier(units=(4,), epochs=1).fit(data).save(tmp_path / "run")
    data.write_text("\n".join(lines[:-3]))
    assert call(monkeypatch, "evaluate", path) == 2
    assert "mine.ts holds 27 sequences, and the model was trained on 30" in " ".join(capsys.readouterr().err.split())
    data.unlink()
    assert call(monkeypatch, "evaluate", path) == 2
    assert "is no longer there. Name a file: --data FILE." in " ".join(capsys.readouterr().err.split())


def test_a_training_that_cannot_be_scored_is_saved(ts, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise IndexError("index 7 is out of bounds")

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(sw.Classifier, "evaluate", fail)
        with pytest.raises(IndexError) as raised:
            call(patch, "train", ts / "one.ts", *QUICK, "--out", run)
    assert raised.value.__notes__ == [f"The run is saved in {str(run)!r}, without its scores."]
    assert sw.load(run).score(ts / "two.ts") > 0.8


def test_columns_of_several_labels(tmp_path, capsys, monkeypatch):
    path, run = tmp_path / "both.csv", tmp_path / "run"
    rows().with_columns(loud=pl.col("kind") == "loud", even=pl.col("who").str.ends_with("0")).cast(
        {"loud": int, "even": int}
    ).write_csv(path)
    arguments = [*NAMES, "--label", "loud,even", "--units", "4", "--epochs", "1", "--out", run]
    assert call(monkeypatch, "train", path, *arguments) == 0
    assert call(monkeypatch, "predict", run, "--data", path, "--out", tmp_path / "p.csv") == 0
    assert pl.read_csv(tmp_path / "p.csv").columns == ["sequence", "labels", "p(loud)", "p(even)"]
    capsys.readouterr()
    assert call(monkeypatch, "evaluate", run, "--json") == 0
    assert [row["class"] for row in json.loads(capsys.readouterr().out)["by_class"]] == ["loud", "even"]


def test_many_series_on_the_command_line(tmp_path, capsys, monkeypatch):
    parts = [pl.DataFrame({"shop": n, "day": np.arange(60), "sold": 5 + np.sin(np.arange(60) / s)}) for n, s in SHOPS]
    pl.concat(parts).write_csv(tmp_path / "shops.csv")
    data, run = tmp_path / "shops.csv", tmp_path / "run"
    names = ["--series", "shop", "--time", "day", "--target", "sold", "--window", "8", "--horizon", "3"]
    assert call(monkeypatch, "shape", data, *names) == 0
    assert "2 series of 60 to 60 rows" in capsys.readouterr().out
    assert call(monkeypatch, "train", data, *names, "--units", "4", "--epochs", "1", "--out", run) == 0
    assert (
        call(monkeypatch, "predict", run, "--level", "80,95", "--out", tmp_path / "f.csv", "--plot", tmp_path / "f.png")
        == 0
    )
    found = pl.read_csv(tmp_path / "f.csv")
    assert found.columns[:4] == ["shop", "day", "sold", "sold-lo-95"]
    assert found["shop"].to_list() == ["north"] * 3 + ["south"] * 3
    assert call(monkeypatch, "evaluate", run) == 0
    assert call(monkeypatch, "predict", run, "--level", "much") == 2
    assert "--level much: expected percents with commas" in capsys.readouterr().err
