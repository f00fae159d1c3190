"""`seqwise explain`, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.cli.main import main


def call(*arguments):
    before = sys.argv
    sys.argv = ["seqwise", "explain", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, data for it in each form, and files that are neither."""
    place = tmp_path_factory.mktemp("explain")
    parts = [keras.layers.Input((24, 3)), keras.layers.LSTM(5, name="reads"), keras.layers.Dense(1, name="head")]
    keras.Sequential(parts, name="small").save(place / "model.keras")
    np.save(place / "x.npy", np.zeros((10, 24, 3)))
    np.savez(place / "two.npz", a=np.zeros(3), b=np.zeros(4))
    np.savez(place / "xy.npz", x=np.zeros((7, 24, 3)), y=np.zeros(7))
    np.save(place / "objects.npy", np.array([[1], [1, 2]], dtype=object))
    pl.DataFrame({"sales": [1.0] * 40, "price": [2.0] * 40}).write_csv(place / "sales.csv")
    (place / "broken.keras").write_text("not a zip")
    (place / "empty.npy").touch()
    lambdas = keras.Sequential([keras.layers.Input((3,)), keras.layers.Lambda(lambda x: x)])
    lambdas.save(place / "lambda.keras")
    return place


def test_a_model(folder, capsys):
    assert call(folder / "model.keras") == 0
    text = capsys.readouterr().out
    assert "Sequential 'small': 2 layers" in text
    assert "180 parameters = 4 gates × 5 units × (3 features + 5 units + 1 bias)" in text


@pytest.mark.parametrize(("data", "samples"), [("x.npy", 10), ("xy.npz", 7)])
def test_with_data_as_json(folder, data, samples, capsys):
    assert call(folder / "model.keras", "--data", folder / data, "--format", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["inputs"][0]["axes"] == {"samples": samples, "timesteps": 24, "features": 3}
    assert [step["name"] for step in facts["steps"]] == ["reads", "head"]


def test_data_alone(folder, capsys):
    assert call(folder / "sales.csv", "--format", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["inputs"][0]["columns"] == ["sales", "price"]
    assert facts["steps"] == []


def test_a_run_of_sequences(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(20, 6, 2))
    sw.Classifier(units=(5,), epochs=1).fit(x, [0, 1] * 10).save(tmp_path / "run")
    assert call(tmp_path / "run", "--format", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [kind for step in facts["steps"] if (kind := step["kind"]) == "Bidirectional"]


def test_a_picture(folder, tmp_path, capsys):
    assert call(folder / "model.keras", "--plot", tmp_path / "shapes.png") == 0
    assert (tmp_path / "shapes.png").read_bytes().startswith(b"\x89PNG")
    assert f"wrote {tmp_path / 'shapes.png'}" in capsys.readouterr().out.replace("\n", "")


def test_help_teaches_by_example(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert call("--help") == 0
    text = capsys.readouterr().out
    assert "seqwise explain model.keras --data x.npy --plot shapes.png" in text
    assert "seqwise explain runs/airline --format json" in text


MISTAKES = {
    "no such model": (["modle.keras"], "Did you mean 'model.keras'?"),
    "no such data": (["model.keras", "--data", "y.npy"], "There is no file"),
    "no zip": (["broken.keras"], "broken.keras is not a Keras model: it is not a zip archive."),
    "code in the model": (["lambda.keras"], "A Lambda layer is Python code in the file, which is not run here."),
    "a folder that is no run": (["."], "is not a Seqwise run"),
    "pickled objects": (["objects.npy"], "objects.npy cannot be read as an array"),
    "which array": (["two.npz"], "two.npz has no array 'x'. There are: 'a', 'b'."),
    "neither": (["notes.txt"], "There is no file"),
    "an empty file": (["empty.npy"], "empty.npy cannot be read as an array"),
    "data twice": (["x.npy", "--data", "x.npy"], "Name the model first"),
    "a format": (["model.keras", "--format", "yaml"], "'yaml'"),
    "a picture's suffix": (["model.keras", "--plot", "a.bmp"], "a.bmp: expected a picture's suffix"),
    "a picture's folder": (["model.keras", "--plot", "no/a.png"], "There is no folder"),
    "nothing": ([], "Missing argument"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_message_and_exit_code_2(mistake, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "300")
    arguments, words = MISTAKES[mistake]
    assert call(*arguments) == 2
    shown = capsys.readouterr()
    assert words in " ".join(shown.err.split())
    assert "Traceback" not in shown.err + shown.out


def test_the_real_command(folder):
    command = str(Path(sys.executable).with_name("seqwise"))
    done = subprocess.run(
        [command, "explain", str(folder / "model.keras")], capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "time axis ends here" in " ".join(done.stdout.split())
