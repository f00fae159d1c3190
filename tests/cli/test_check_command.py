"""`seqwise check`, as a user types it."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.cli.main import main

keras = import_keras()
RNG = np.random.default_rng(0)


def call(*arguments):
    before = sys.argv
    sys.argv = ["seqwise", "check", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    model = keras.Sequential([keras.Input((12, 1)), keras.layers.LSTM(3), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.save(folder / "model.keras")
    x = RNG.normal(size=(40, 12, 1)).astype("float32")
    np.savez(folder / "sound.npz", x=x, y=x[:, -1])
    np.savez(folder / "faulty.npz", x=x, y=x[:-1, -1])
    np.savez(folder / "early.npz", x=np.swapaxes(x, 0, 1), other=x)
    np.savez(folder / "nothing.npz", values=x)
    np.savez(folder / "objects.npz", x=np.array([{}], dtype=object))
    np.save(folder / "wide.npy", np.concatenate([x, x], axis=2))
    sales = 20 + 5 * np.sin(np.arange(90)) + RNG.normal(size=90)
    months = [f"{2001 + i // 12}-{i % 12 + 1:02d}" for i in range(90)]
    pl.DataFrame({"month": months, "sales": sales, "price": sales[::-1]}).write_csv(folder / "sales.csv")
    return folder


def test_a_sound_model_exits_with_0(saved, capsys):
    assert call(saved / "model.keras", "--data", saved / "sound.npz") == 0
    assert "No faults found." in capsys.readouterr().out
    assert call(saved / "model.keras") == 0


def test_errors_exit_with_1_and_say_what_to_change(saved, capsys):
    assert call(saved / "model.keras", "--data", saved / "faulty.npz") == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "error SW301 sample-counts-differ" in shown
    assert "x = x[:39]" in shown
    assert call(saved / "model.keras", "--data", saved / "wide.npy") == 1
    assert "keras.Input((12, 2))" in capsys.readouterr().out


def test_json(saved, capsys):
    assert call(saved / "model.keras", "--data", saved / "faulty.npz", "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["errors"] == 1
    assert told["findings"][0]["name"] == "sample-counts-differ"


def test_a_table_is_cut_into_windows(saved, capsys):
    sizes = ["--time", "month", "--target", "sales", "--window", "12", "--horizon", "1"]
    assert call(saved / "model.keras", "--data", saved / "sales.csv", *sizes) == 0
    # 63 rows to train, in windows of 12 and the row after
    assert "x (51, 12, 1); y (51, 1, 1)" in " ".join(capsys.readouterr().out.split())
    assert call(saved / "model.keras", "--data", saved / "sales.csv", *sizes, "--features", "price") == 1
    assert "features-count" in capsys.readouterr().out


def test_a_loss_and_a_stream(saved, capsys):
    loss = ["--loss", "sparse_categorical_crossentropy"]
    assert call(saved / "model.keras", "--data", saved / "sound.npz", *loss) == 0
    assert "one-unit-with-class-loss" in capsys.readouterr().out
    model = keras.Sequential([keras.Input((12, 1)), keras.layers.Bidirectional(keras.layers.LSTM(2))])
    model.save(saved / "both.keras")
    assert call(saved / "both.keras") == 0
    assert call(saved / "both.keras", "--streaming") == 1
    assert "bidirectional-while-streaming" in capsys.readouterr().out


MISTAKES = {
    "no such model": (["modle.keras"], "Did you mean 'model.keras'?"),
    "no model at all": (["sales.csv"], "'sales.csv' is not a model. Name a run folder, or a model: model.keras."),
    "a loss": (["model.keras", "--loss", "nonsense"], "Keras has no loss named 'nonsense'."),
    "no such data": (["model.keras", "--data", "sound.npy"], "There is no file"),
    "no x": (["model.keras", "--data", "nothing.npz"], "holds 'values', but no 'x'"),
    "objects": (["model.keras", "--data", "objects.npz"], "objects.npz cannot be read"),
    "no target": (["model.keras", "--data", "sales.csv"], "--target is missing"),
    "a format": (["model.keras", "--format", "yaml"], "Invalid value"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message_and_exit_code_2(mistake, saved, capsys, monkeypatch):
    monkeypatch.chdir(saved)
    monkeypatch.setenv("COLUMNS", "300")
    arguments, words = MISTAKES[mistake]
    assert call(*arguments) == 2
    shown = capsys.readouterr()
    assert words in " ".join(shown.err.split())
    assert "Traceback" not in shown.err + shown.out


def test_help_teaches_by_example(capsys):
    assert call("--help") == 0
    assert capsys.readouterr().out.count("seqwise check ") >= 4


def test_a_table_is_prepared_as_training_does(saved, capsys):
    """The log and the difference of the default recipe cost windows; `check` sees those that are left."""
    sizes = ["--time", "month", "--target", "sales", "--window", "12", "--horizon", "1"]
    call(saved / "model.keras", "--data", saved / "sales.csv", *sizes, "--format", "json")
    subject = json.loads(capsys.readouterr().out)["subject"]
    data: Any = sw.Forecaster(12, 1).training_data(saved / "sales.csv", target="sales", time="month")
    assert f"x {next(iter(data.x.values())).shape}" in subject


def test_a_run_is_checked_on_its_training_file(saved, tmp_path, capsys):
    path = tmp_path / "sales.csv"
    path.write_bytes((saved / "sales.csv").read_bytes())
    forecaster = sw.Forecaster(12, 1, units=(3,), epochs=1).fit(path, target="sales", time="month")
    forecaster.save(tmp_path / "run")
    assert call(tmp_path / "run", "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    data: Any = forecaster.training_data()
    x = next(iter(data.x.values()))
    assert (report["summary"], report["unexamined"]) == ("No faults found.", [])
    assert f"x {x.shape}" in report["subject"]
    path.unlink()
    assert call(tmp_path / "run") == 3, "its training file is gone, so only the network was examined"
    assert "not examined" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built:UserWarning")
def test_a_model_that_cannot_be_followed_exits_with_3(saved, capsys):
    keras.Sequential(name="empty").save(saved / "empty.keras")
    assert call(saved / "empty.keras") == 3
    assert "it has no layers" in capsys.readouterr().out
