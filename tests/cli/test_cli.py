"""The commands, as a user types them: in this process where it can be, in one of their own where it must."""

from __future__ import annotations

import datetime
import errno
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.cli.main import main

COMMAND = [str(Path(sys.executable).with_name("seqwise"))]
NAMES = ["--time", "month", "--target", "sales"]
SIZES = ["--window", "12", "--horizon", "3"]
QUICK = ["--units", "4", "--epochs", "2"]
TRAINED = {"window": 12, "horizon": 3, "units": (4,), "epochs": 2}
METRICS = {"mae", "rmse", "mase", "smape", "mse", "pooled_rmse"}


def write_csv(path, rows=90, seed=0):
    months = [f"{2001 + i // 12}-{i % 12 + 1:02d}" for i in range(rows)]
    y = 20 + 5 * np.sin(np.arange(rows)) + np.random.default_rng(seed).normal(size=rows)
    pl.DataFrame({"month": months, "sales": y, "price": y[::-1], "shop": ["a"] * rows}).write_csv(path)
    return str(path)


def call(*arguments):
    """Run the command line in this process; returns its exit code."""
    before = sys.argv
    sys.argv = ["seqwise", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("data") / "sales.csv")


@pytest.fixture(scope="module")
def trained(csv, tmp_path_factory):
    """A run made by the real command in a process of its own, and what it printed."""
    out = tmp_path_factory.mktemp("runs") / "sales"
    done = subprocess.run(
        [*COMMAND, "train", csv, *NAMES, *SIZES, *QUICK, "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out, done


@pytest.fixture(scope="module")
def python(csv):
    return sw.Forecaster(**TRAINED).fit(csv, time="month", target="sales")


def test_shape(csv, capsys):
    assert call("shape", csv, *NAMES, *SIZES) == 0
    text = capsys.readouterr().out
    # 90 rows: 9 for test, 18 for validation, 63 to train; 63 - 12 - 3 + 1 windows
    assert "(samples=49, timesteps=12, features=1)" in text
    assert "feature 0: sales" in text
    assert "keras.Input(shape=(12, 1))" in text
    assert "inputShape: [12, 1]" in text
    assert "train: 63 rows, 2001-01-01 to 2006-03-01; 49 windows" in text
    assert "first reads 2001-01-01 to 2001-12-01, forecasts 2002-01-01 to 2002-03-01" in text
    assert "test: 9 rows, 2007-10-01 to 2008-06-01; 7 windows" in text
    assert call("shape", csv, *NAMES, *SIZES, "--features", "all") == 0
    text = capsys.readouterr().out
    assert "feature 1: price" in text
    assert "Left out of features='all', for it holds neither numbers nor a category of 2 to 50 words: 'shop'." in text


def test_train_says_what_it_did_and_where_it_is(trained):
    out, done = trained
    assert re.search(r"trained 2 epochs in \d+\.\d s; kept the weights of epoch [12]", done.stdout)
    assert "last value" in done.stdout
    assert str(out / "report.html") in done.stdout
    assert "Traceback" not in done.stderr
    assert {p.name for p in out.iterdir()} == {
        "model.keras", "network.json", "weights.safetensors", "manifest.json", "context.safetensors", "metrics.json",
        "forecast.csv", "report.html",
    }  # fmt: skip


def test_metrics_json_holds_what_is_promised(trained):
    metrics = json.loads((trained[0] / "metrics.json").read_text())
    assert set(metrics) == {"test", "baselines", "seconds", "windows", "intervals"}
    assert set(metrics["test"]) == METRICS
    assert set(metrics["baselines"]) == {"naive", "ets"}  # no season is found in these months
    assert all(set(scores) == METRICS for scores in metrics["baselines"].values())
    assert metrics["seconds"] > 0


def test_the_same_numbers_from_python(trained, python):
    """Another process, another road, the same weights and figures."""
    metrics = json.loads((trained[0] / "metrics.json").read_text())
    assert metrics["test"] == python.evaluate().metrics
    assert metrics["baselines"] == python.evaluate().baselines
    loaded = sw.load(trained[0])
    assert all(
        np.array_equal(a, b) for a, b in zip(loaded.model_.get_weights(), python.model_.get_weights(), strict=True)
    )
    np.testing.assert_array_equal(pl.read_csv(trained[0] / "forecast.csv")["sales"], python.predict()["sales"])


def test_forecast_csv_has_the_dates_to_come(trained):
    lines = (trained[0] / "forecast.csv").read_text().splitlines()
    assert lines[0] == "month,sales"
    assert [line.split(",")[0] for line in lines[1:]] == ["2008-07-01", "2008-08-01", "2008-09-01"]


def test_report_is_self_contained(trained):
    page = (trained[0] / "report.html").read_text()
    assert not re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"data:image/png;base64,[\w+/=]+", "", page))
    assert not re.findall(r"<(?:script|link|iframe)\b", page)
    assert page.count("data:image/png;base64,") >= 4


def test_evaluate_gives_the_figures_of_the_training(trained, csv, capsys):
    saved = json.loads((trained[0] / "metrics.json").read_text())
    for data in ([], ["--data", csv]):
        assert call("evaluate", trained[0], "--json", *data) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["test"] == saved["test"]
        assert found["baselines"] == saved["baselines"]
    assert call("evaluate", trained[0]) == 0
    text = capsys.readouterr().out
    assert "this model" in text
    assert f"{saved['test']['mae']:.4g}" in text
    assert call("evaluate", trained[0], "--folds", "2", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["folds"]) == 2


def test_predict(trained, tmp_path, capsys):
    assert call("predict", trained[0]) == 0
    shown = capsys.readouterr().out
    assert all(day in shown for day in ("2008-07-01", "2008-08-01", "2008-09-01"))
    assert call("predict", trained[0], "--out", tmp_path / "f.csv", "--plot", tmp_path / "f.png") == 0
    assert (tmp_path / "f.csv").read_text() == (trained[0] / "forecast.csv").read_text()
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    longer = write_csv(tmp_path / "longer.csv", rows=100)
    assert call("predict", trained[0], "--data", longer, "--out", tmp_path / "g.csv") == 0
    assert [line[:10] for line in (tmp_path / "g.csv").read_text().splitlines()[1:]] == [
        "2009-05-01", "2009-06-01", "2009-07-01",
    ]  # fmt: skip


def test_compare_prints_one_table(csv, capsys):
    options = ["--recipe", "skip", "--epochs", "1", "--metric", "rmse"]
    assert call("compare", csv, *NAMES, *SIZES, *options) == 0
    text = capsys.readouterr().out
    rows = ["LSTM, recipe skip", "Theta", "linear regression on lags", "gradient boosting on lags", "last value"]
    assert all(f"\n{row} " in text for row in rows)
    assert "7 forecasts, ordered by RMSE" in text


@pytest.mark.parametrize("command", [[], ["shape"], ["train"], ["evaluate"], ["predict"], ["compare"]])
def test_help_teaches_by_example(command, capsys):
    assert call(*command, "--help") == 0
    text = capsys.readouterr().out
    examples = re.findall(rf"seqwise {command[0] if command else '[a-z]+'} +(?:\w+\.csv|runs/)", text)
    assert len(examples) >= 2
    assert re.search(r"seqwise (shape|train|compare) .*--time|seqwise (evaluate|predict) runs/", text)


def test_help_gives_the_defaults_and_the_meaning_for_each_task(capsys):
    assert call("train", "--help") == 0
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", capsys.readouterr().out).split())
    assert "The learning rate of the optimizer. [auto; 0.003 to translate]" in text
    assert "Width of each LSTM layer, with commas: 128,64. [64; 256 to translate]" in text
    assert re.search(r"--recipe .*skip, segments, attention.* For sequences: lstm; lstm-fcn", text)
    assert "[]" not in text


def test_version(capsys):
    assert call("--version") == 0
    assert capsys.readouterr().out.strip() == sw.__version__


MISTAKES = {
    "no such file": (["shape", "nowhere.csv", *NAMES], "nowhere.csv"),
    "a column that is not there": (["shape", "CSV", "--time", "month", "--target", "slaes"], "Did you mean 'sales'?"),
    "text as target": (["shape", "CSV", "--time", "month", "--target", "shop"], "column 'shop' must be numeric"),
    "no horizon": (["shape", "CSV", *NAMES, "--horizon", "0"], "horizon=0"),
    "too long a window": (["shape", "CSV", *NAMES, "--window", "99"], "90 rows, too short"),
    "an empty file": (["shape", "EMPTY", *NAMES], "empty"),
    "a gap rule that is none": (["shape", "CSV", *NAMES, "--gaps", "drop"], "gaps='drop'"),
    "units": (["train", "CSV", *NAMES, *SIZES, "--units", "a,b", "--out", "OUT"], "--units a,b"),
    "a loss": (["train", "CSV", *NAMES, *SIZES, "--loss", "msee", "--out", "OUT"], "named 'msee'"),
    "an optimizer": (["train", "CSV", *NAMES, *SIZES, "--optimizer", "adamm", "--out", "OUT"], "named 'adamm'"),
    "a scaler": (["train", "CSV", *NAMES, *SIZES, "--scaler", "z", "--out", "OUT"], "scaler='z'"),
    "dropout": (["train", "CSV", *NAMES, *SIZES, "--dropout", "2", "--out", "OUT"], "dropout=2"),
    "a foreign folder": (["train", "CSV", *NAMES, *SIZES, "--out", "FOREIGN"], "nothing in it was touched"),
    "a file as folder": (["train", "CSV", *NAMES, *SIZES, "--out", "CSV"], "is a file"),
    "below a file": (["train", "CSV", *NAMES, *SIZES, "--out", "CSV/run"], "is a file"),
    "a run that is not there": (["evaluate", "nowhere"], "There is no run folder 'nowhere'"),
    "a folder that is no run": (["predict", "FOREIGN"], "is not a Seqwise run"),
    "too many folds": (["evaluate", "RUN", "--folds", "50"], "Use folds="),
    "no folds": (["evaluate", "RUN", "--folds", "0"], "folds=0"),
    "too few rows": (["predict", "RUN", "--data", "SHORT"], "the model reads 12"),
    "nowhere to write": (["predict", "RUN", "--out", "no/such/folder/f.csv"], "There is no folder"),
    "a folder to write": (["predict", "RUN", "--out", "FOREIGN"], "is a folder; name a file in it"),
    "a part of the run to write": (["predict", "RUN", "--out", "RUN/manifest.json"], "is a part of the run"),
    "the run's forecast to write": (["predict", "RUN", "--out", "RUN/forecast.csv"], "is a part of the run"),
    "the training's file to write": (["predict", "RUN", "--out", "CSV"], "would be overwritten, and it is needed too"),
    "the data to write": (["predict", "RUN", "--data", "SHORT", "--out", "SHORT"], "would be overwritten"),
    "a picture over the data": (["predict", "RUN", "--plot", "CSV"], "expected the name of a .png file"),
    "one file for two": (["predict", "RUN", "--out", "x.png", "--plot", "x.png"], "would be overwritten"),
    "a folder without a model": (["check", "FOREIGN"], "is a folder that holds no model. Name a run folder"),
    "data for a model": (["check", "CSV"], "is not a model. Name a run folder, or a model: model.keras."),
    "a setting of a trained run": (["check", "RUN", "--window", "3"], "--window does not change a run that is trained"),
    "a table for arrays": (
        ["export", "RUN", "--to", "onnx", "--out", "OUT", "--data", "CSV"],
        "expected a .npy or .npz file",
    ),
    "a forecast's report": (
        ["evaluate", "RUN", "--folds", "99", "--report", "r.html"],
        "--report belongs to sequences; a forecast's report is in its run folder, report.html.",
    ),
    "columns to translate": (
        ["predict", "RUN", "--source", "en"],
        "--source names a column of texts to translate; this run is of --task forecast",
    ),
    "an unknown option": (["shape", "CSV", *NAMES, "--windwo", "3"], "No such option"),
    "a word for a number": (["shape", "CSV", *NAMES, "--window", "two"], "should be a valid integer"),
    "an unknown command": (["trian"], "There is no command 'trian'. Did you mean 'train'?"),
    "no target": (["shape", "CSV", "--time", "month"], "--target is missing"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message_and_exit_code_2(mistake, csv, trained, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    places = {"CSV": csv, "RUN": str(trained[0])}
    for name in ("EMPTY", "OUT", "FOREIGN", "SHORT"):
        places[name] = str(tmp_path / name.lower())
    places["EMPTY"] += ".csv"
    Path(places["EMPTY"]).touch()
    places["SHORT"] = write_csv(tmp_path / "short.csv", rows=8)
    Path(places["FOREIGN"]).mkdir()
    (Path(places["FOREIGN"]) / "thesis.txt").write_text("x")
    read = [Path(csv), Path(places["SHORT"]), *trained[0].iterdir()]
    before = {path: path.read_bytes() for path in read}
    arguments, words = MISTAKES[mistake]
    arguments = [re.sub(r"^[A-Z]+", lambda m: places.get(m[0], m[0]), argument) for argument in arguments]
    assert call(*arguments) == 2
    assert {path: path.read_bytes() for path in read} == before
    shown = capsys.readouterr()
    assert words in " ".join(shown.err.split())
    assert shown.err.count("Error") == 1
    assert "Traceback" not in shown.err + shown.out
    assert not Path(places["OUT"]).exists()
    assert [p.name for p in Path(places["FOREIGN"]).iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("series", [(), ("north", "south")])
def test_the_rows_to_come_are_filled_in(series, tmp_path, capsys):
    rng = np.random.default_rng(0)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 20), eager=True)
    promo = (rng.random(len(days)) < 0.4).astype(float)
    wind = np.where(rng.random(len(days)) < 0.5, "NW", "SE")
    one = pl.DataFrame({"day": days, "sold": 10 + 5 * promo, "promo": promo, "wind": wind})
    table, run, rows, out = (tmp_path / name for name in ("table.csv", "run", "rows.csv", "out.csv"))
    pl.concat([one.with_columns(shop=pl.lit(name)) for name in series] or [one]).write_csv(table)
    named = ["--series", "shop"] if series else []
    sizes = ["--window", "8", "--horizon", "3", "--units", "4", "--epochs", "1", "--recipe", "skip"]
    columns = ["--target", "sold", "--time", "day", "--future", "promo,wind", *named]
    assert call("train", table, "--out", run, *columns, *sizes) == 0
    assert call("predict", run) == 2
    assert "--future-frame FILE.csv writes the rows to fill in" in " ".join(capsys.readouterr().err.split())

    command = ["predict", run, "--future-frame", rows]
    assert call(*command) == 0
    assert f"fill in 'promo', 'wind', and forecast with --future {rows}" in capsys.readouterr().out
    written = pl.read_csv(rows, try_parse_dates=True)
    assert written.columns == [*(["shop"] if series else []), "day", "promo", "wind"]
    assert written["day"].to_list() == [datetime.date(2024, 3, day) for day in (21, 22, 23)] * max(len(series), 1)
    assert written["promo"].null_count() == written["wind"].null_count() == len(written)
    assert call("predict", run, "--future", rows) == 2
    assert "future_df lacks 'promo', 'wind' at 2024-03-21" in capsys.readouterr().err
    written.with_columns(promo=1.0, wind=pl.lit("SE")).write_csv(rows)
    before = rows.read_bytes()
    for words in (
        ["--out", out],
        ["--level", "80"],
        ["--future", tmp_path / "other.csv"],
        ["--plot", tmp_path / "p.png"],
    ):
        assert call(*command, *words) == 2
        assert "leave --out, --plot, --level and --future out" in " ".join(capsys.readouterr().err.split())
    assert rows.read_bytes() == before
    assert call("predict", run, "--future", rows, "--out", out) == 0
    expected = sw.load(run).predict(future_df=pl.read_csv(rows, try_parse_dates=True))
    np.testing.assert_allclose(pl.read_csv(out)["sold"], expected["sold"], rtol=1e-6)


def test_only_what_is_known_in_advance_is_filled_in(trained, tmp_path, capsys):
    assert call("predict", trained[0], "--future-frame", tmp_path / "rows.csv") == 2
    assert "reads no column that is known in advance: leave --future-frame out" in capsys.readouterr().err
    assert not (tmp_path / "rows.csv").exists()


def test_what_the_system_refuses_is_told(csv, trained, tmp_path, capsys, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "f.csv"))

    monkeypatch.setattr("seqwise.estimators.forecasting.report.write_forecast", full)
    assert call("predict", str(trained[0]), "--out", str(tmp_path / "f.csv")) == 2
    assert capsys.readouterr().err.strip() == f"Error: No space left on device: {tmp_path / 'f.csv'}"


def test_a_warning_that_was_made_an_error_is_told(trained, capsys, monkeypatch):
    def warned(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.warn("is deprecated", DeprecationWarning, stacklevel=1)

    monkeypatch.setattr("seqwise.estimators.forecasting.report.write_forecast", warned)
    assert call("predict", str(trained[0]), "--out", "f.csv") == 2
    said = capsys.readouterr().err
    assert "DeprecationWarning, was made an error: is deprecated. Let warnings be printed: unset PYTHONWARNINGS" in said


CLEARING = "\x1b[2J\x1b]0;title\x07\x9b31m"  # clears the screen, names the window, colors what follows


def test_what_a_file_says_does_not_command_the_terminal(csv, tmp_path, capsys):
    path = tmp_path / f"{CLEARING}.csv"
    path.write_text(Path(csv).read_text().replace("sales", CLEARING))
    names = ["--time", "month", "--target", CLEARING, *SIZES]
    assert call("shape", path, *names) == call("explain", path) == 0
    for mistake in (
        ["shape", path, *NAMES],
        ["shape", path, "--time", CLEARING, "--target", "price"],
        ["shape", tmp_path / CLEARING],
        [CLEARING],
        ["shape", path, f"--{CLEARING}"],
        ["shape", path, *names, "--window", CLEARING],
        ["train", path, *names, "--out", f"{path}/{CLEARING}"],
        ["predict", path],
        ["check", path],
        ["export", path, "--to", CLEARING],
    ):
        assert call(*mistake) == 2
    said = "".join(capsys.readouterr())
    assert "␛[2J␛]0;title\N{REPLACEMENT CHARACTER}31m" in said  # rich leaves the bell out
    assert not set(said) & set("\x1b\x07\x9b")
    path.write_text(Path(csv).read_text().replace("sales", "sa\u202eles"))  # turns what follows around
    assert call("shape", path, "--time", "month", "--target", "sa\u202eles", *SIZES) == 0
    said = capsys.readouterr().out
    assert "sa\N{REPLACEMENT CHARACTER}les" in said
    assert "\u202e" not in said


def test_a_place_that_cannot_be_written_is_told_before_the_training(csv, tmp_path, capsys, monkeypatch):
    def refuse(*arguments, **named):  # root may write anywhere
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    assert call("train", csv, *NAMES, *SIZES, "--out", str(tmp_path / "deep/run")) == 2
    shown = capsys.readouterr()
    assert f"cannot be written: permission denied in {str(tmp_path)!r}." in " ".join(shown.err.split())
    assert not shown.out


@pytest.mark.parametrize(
    ("recipe", "bar"), [("skip", r"training .*\d+/1000000"), ("auto", r"trying skip .*\d+/333334")]
)
def test_ctrl_c_saves_what_there_is(csv, tmp_path, recipe, bar):
    """A real terminal, a live bar, and Ctrl-C after some epochs."""
    ours, theirs = pty.openpty()
    out = tmp_path / "run"
    process = subprocess.Popen(
        [*COMMAND, "train", csv, *NAMES, *SIZES, "--units", "4", "--epochs", "1000000", "--patience", "1000000",
         "--recipe", recipe, "--out", str(out)],
        stdout=subprocess.PIPE, stderr=theirs, text=True, env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
    )  # fmt: skip
    os.close(theirs)
    try:
        shown, text = watch_and_interrupt(process, ours)
    finally:
        process.kill()
        os.close(ours)
    assert re.search(bar + r" epochs · loss \d+\.\d+ · validation \d+\.\d+ .* left", shown)
    assert process.returncode == 0, shown
    assert "stopped by Ctrl-C" in text
    assert "Traceback" not in shown
    loaded = sw.load(out)
    assert loaded.training_.interrupted
    assert loaded.predict().height == 3
    assert (out / "report.html").exists()


def watch_and_interrupt(process, terminal):
    """Send Ctrl-C once the bar shows a validation loss; returns what the terminal and standard output showed."""
    shown, deadline = "", time.monotonic() + 120
    while not re.search(r"validation \d+\.\d+", shown):
        assert time.monotonic() < deadline, shown
        assert process.poll() is None, shown
        if select.select([terminal], [], [], 0.5)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")
    process.send_signal(signal.SIGINT)
    while process.poll() is None:  # a full terminal would hold the bar up
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown), process.communicate()[0]


def test_the_list_of_commands_has_the_first_line_of_each_help():
    from importlib import import_module

    from seqwise.cli.main import COMMANDS

    for name, line in COMMANDS.items():
        assert import_module(f"seqwise.cli.{name}").command.__doc__.splitlines()[0] == line
