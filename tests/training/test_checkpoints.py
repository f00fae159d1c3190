"""A stopped training goes on, bit for bit as if never stopped; a checkpoint of other data or settings is refused."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import seqwise as sw
from seqwise.artifact import training_folder, training_into
from seqwise.cli import main as cli
from seqwise.cli import train
from seqwise.estimators.forecasting.recipes import RECIPES
from seqwise.training import checkpoints
from seqwise.training.checkpoints import FILE, Checkpoints, digest_of, stopped_at

RNG = np.random.default_rng(0)
Y = 3 + np.sin(np.arange(70.0)) + RNG.normal(size=70) / 10
EPOCHS = 3
SETTINGS = {"window": 5, "horizon": 2, "units": (2,), "dropout": 0.2, "epochs": EPOCHS, "refit": True, "season": 1}


def make(**settings):
    return sw.Forecaster(**SETTINGS | settings)


class Killed(BaseException):
    pass


def stop_after(monkeypatch, count):
    """Let the `count`-th checkpoint be the last thing that a training does; each epoch has one."""
    real, written = Checkpoints.write, []

    def write(self, *content):
        real(self, *content)
        self._due = 0
        written.append(1)
        if len(written) == count:
            raise Killed

    monkeypatch.setattr(Checkpoints, "write", write)


def state(forecaster):
    """All that a training changes: weights, optimizer, the weights before the second training."""
    model = forecaster.model_
    return [np.asarray(v.value) for v in (*model.variables, *model.optimizer.variables)] + forecaster._unseen


def assert_same(one, other):
    for a, b in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.training_.history == other.training_.history
    assert one.training_.best_epoch == other.training_.best_epoch
    assert one.training_.refit_epochs == other.training_.refit_epochs > 0


@pytest.fixture(scope="module")
def never_stopped():
    return make().fit(Y)


SECOND = "after epoch 1 of the second training, on the validation rows too"


def test_it_goes_on_bit_by_bit(never_stopped, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, EPOCHS + 1)
        with pytest.raises(Killed):
            make().fit(Y, resume=tmp_path)
    assert stopped_at(training_folder(tmp_path)) == SECOND
    resumed = make().fit(Y, resume=tmp_path)
    assert_same(resumed, never_stopped)
    monkeypatch.setattr("seqwise.training.jax_steps.JaxSteps.train", None)
    assert_same(make().fit(Y, resume=tmp_path), never_stopped)  # it is finished: there is nothing to train
    resumed.save(tmp_path)
    assert not training_folder(tmp_path).exists()


KNOWN = {"day": np.arange(70), "promo": RNG.random(70), "sold": Y}
ROLES: dict[str, Any] = {"time": "day", "target": "sold", "future": ["promo"]}


@pytest.mark.parametrize(
    ("settings", "count", "said"),
    [
        ({"recipe": "attention", "gaps": "mask"}, EPOCHS + 1, SECOND),
        ({"recipe": "segments"}, EPOCHS + 1, SECOND),
        ({"recipe": "auto", "window": 8, "epochs": 8}, 9 + 4, "after epoch 4, of network 2"),
        ({"recipe": "auto", "window": 8, "epochs": 8}, 3 * 9 + 9, f"{SECOND}, of network 4"),
    ],
    ids=lambda value: value["recipe"] if isinstance(value, dict) else None,
)
def test_each_recipe_goes_on_and_so_does_their_choice(settings, count, said, tmp_path, monkeypatch):
    """What is known in advance is read; for "auto" three networks are tried before the one that is kept."""
    settings = {"patience": None} | settings
    whole = make(**settings).fit(pl.DataFrame(KNOWN), **ROLES)
    with monkeypatch.context() as patch:
        stop_after(patch, count)
        with pytest.raises(Killed):
            make(**settings).fit(pl.DataFrame(KNOWN), **ROLES, resume=tmp_path)
    assert stopped_at(training_folder(tmp_path)) == said
    other = "skip" if settings["recipe"] == "auto" else "auto"
    with pytest.raises(sw.SettingError, match=f"its recipe was '{settings['recipe']}', now '{other}'"):
        make(**settings | {"recipe": other}).fit(pl.DataFrame(KNOWN), **ROLES, resume=tmp_path)
    resumed = make(**settings).fit(pl.DataFrame(KNOWN), **ROLES, resume=tmp_path)
    assert_same(resumed, whole)
    assert resumed.trials_ == whole.trials_
    assert len(whole.trials_) == (3 if settings["recipe"] == "auto" else 0)


@pytest.mark.parametrize("count", [3, 4])
def test_a_second_training_that_does_not_start_anew(count, tmp_path, monkeypatch):
    monkeypatch.setitem(RECIPES["segments"], "epochs", (4, 4))
    settings: dict[str, Any] = {"recipe": "segments", "epochs": "auto", "batch_size": 8, "patience": None}
    whole = make(**settings).fit(Y)
    assert whole.training_.refit_epochs == 1
    with monkeypatch.context() as patch:
        stop_after(patch, count)
        with pytest.raises(Killed):
            make(**settings).fit(Y, resume=tmp_path)
    assert stopped_at(training_folder(tmp_path)) == f"after epoch {count}"
    assert_same(make(**settings).fit(Y, resume=tmp_path), whole)


PROGRAM = """
    import numpy as np, os, signal, sys
    import seqwise as sw
    from seqwise.training.checkpoints import Checkpoints

    real = Checkpoints.write

    def write(self, progress, arrays):
        real(self, progress, arrays)
        if len(progress.history["loss"]) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoints.write = write
    settings, y = eval(sys.argv[1]), np.load(sys.argv[2])
    sw.Forecaster(**settings).fit(y, resume=sys.argv[3])
"""


def test_killed_in_another_process(never_stopped, tmp_path):
    np.save(tmp_path / "y.npy", Y)
    run = tmp_path / "run"
    arguments = [sys.executable, "-c", textwrap.dedent(PROGRAM), repr(SETTINGS), str(tmp_path / "y.npy"), str(run)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    assert {path.name for path in training_folder(run).iterdir()} == {FILE, "lock"}
    with pytest.raises(sw.BundleError, match="holds a training that was stopped and no finished run"):
        sw.load(run)
    assert_same(make().fit(Y, resume=run), never_stopped)  # the lock of a process that is gone locks nobody out


def test_other_settings_data_and_damage_are_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(Killed):
            make().fit(Y, resume=tmp_path)
    message = re.escape(f"{str(tmp_path)!r} holds a training that was stopped: its seed was 0, now 1. Train with ")
    with pytest.raises(sw.SettingError, match=message):
        make(seed=1).fit(Y, resume=tmp_path)
    with pytest.raises(sw.DataError, match="it was trained on other data than these, or they were split otherwise"):
        make().fit(np.append(Y[:-1], 9), resume=tmp_path)
    path = training_folder(tmp_path) / FILE
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in [0, 9, *rng.integers(0, len(content), 20), len(content) - 1]:
        damaged = content.copy()
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(sw.BundleError, match="was edited or is damaged"):
            stopped_at(path.parent)
    path.write_bytes(content[:-5])
    with pytest.raises(sw.BundleError, match="was edited or is damaged"):
        stopped_at(path.parent)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(sw.BundleError, match="is not a regular file"):
        stopped_at(path.parent)


SEQUENCES = [RNG.normal(size=(4, 2)) + i % 2 for i in range(24)]
ENSEMBLE: dict[str, Any] = {"units": (2,), "epochs": 2, "recipe": "lstm", "validation": 6, "ensemble": 3}


def fit_ensemble(**more):
    """Three networks; each has a second training, on the validation set too."""
    settings = {name: more.pop(name) for name in list(more) if name in ENSEMBLE}
    return sw.Classifier(**ENSEMBLE | settings).fit(SEQUENCES, np.arange(24) % 2, **more)


@pytest.fixture(scope="module")
def ensemble():
    return fit_ensemble()


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    """How far the training has come at each of its checkpoints, in words."""
    said, real = [], Checkpoints.write

    def write(self, *content):
        real(self, *content)
        self._due = 0
        said.append(stopped_at(self.folder))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "write", write)
        fit_ensemble(resume=tmp_path_factory.mktemp("whole"))
    return said


@pytest.mark.parametrize(
    "said",
    ["after epoch 1", "after epoch 1 of the second training, on the validation rows too", "after its last epoch, 2",
     "after epoch 1, of network 2", "after epoch 2, of network 3", "after its last epoch, 2, of network 3"],
)  # fmt: skip
def test_an_ensemble_goes_on_with_each_of_its_networks(said, moments, ensemble, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, moments.index(said) + 1)
        with pytest.raises(Killed):
            fit_ensemble(resume=tmp_path)
    assert stopped_at(training_folder(tmp_path)) == said
    resumed = fit_ensemble(resume=tmp_path)
    for one, other in zip(resumed.model_.get_weights(), ensemble.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert resumed.training_.history == ensemble.training_.history
    np.testing.assert_array_equal(resumed._unseen, ensemble._unseen)
    resumed.save(tmp_path)
    assert not training_folder(tmp_path).exists()


def test_another_ensemble_is_refused(moments, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, moments.index("after epoch 1, of network 2") + 1)
        with pytest.raises(Killed):
            fit_ensemble(resume=tmp_path)
    for change, said in (({"ensemble": 1}, "ensemble was 3, now 1"), ({"seed": 1}, "seed was 0, now 1")):
        with pytest.raises(sw.SettingError, match=said):
            sw.Classifier(**ENSEMBLE | change).fit(SEQUENCES, np.arange(24) % 2, resume=tmp_path)
    train._choose_start(training_folder(tmp_path), tmp_path, False, Console())
    assert [path.name for path in training_folder(tmp_path).iterdir()] == []


class Part:
    """The samples of some arrays from one on; like batches, it makes their list anew whenever it is asked."""

    def __init__(self, arrays, first):
        self.arrays, self.first = arrays, first

    @property
    def indices(self):
        return np.arange(self.first, self.first + 50)


def test_the_digest_of_the_data_knows_every_part():
    arrays = [np.ones((100, 3)), np.arange(100)]
    digests = {tuple(digest_of(Part(arrays, first) for first in (0, 10, last)) for last in (40, 50)) for _ in range(20)}
    assert len(digests) == 1
    assert len(set(digests.pop())) == 2


def test_a_second_training_is_told(tmp_path):
    said = []

    def second():
        try:
            with training_into(tmp_path):
                said.append("nothing")
        except sw.BundleError as error:
            said.append(str(error))

    with training_into(tmp_path) as folder:
        with training_into(tmp_path):  # the command line holds it around `fit`
            pass
        assert json.loads((folder / "lock").read_text())["pid"] == os.getpid()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert f"Another training writes into {str(tmp_path)!r}: process {os.getpid()} on " in said[0]
    assert not folder.exists()
    second()
    assert said[1:] == ["nothing"]


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    checkpoint = Checkpoints(tmp_path / "folder", {}, "")
    checkpoint.write(checkpoints.Progress(seconds=1.0), {"a": np.ones(3)})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.warns(UserWarning, match=r"No checkpoint .*No space left on device"):
            checkpoint.write(checkpoints.Progress(seconds=2.0), {"a": np.ones(3)})
    kept = checkpoint.read()
    assert kept is not None
    assert kept[0].seconds == 1.0, "a checkpoint that cannot be written leaves the one before it"


def run_command(out, *options, monkeypatch, capsys):
    data = out.parent / "y.csv"
    data.write_text("y\n" + "\n".join(map(str, Y)))
    sizes = ["--target", "y", "--window", "5", "--horizon", "2", "--units", "2", "--epochs", "2", "--test", "0"]
    monkeypatch.setattr(sys, "argv", ["seqwise", "train", str(data), *sizes, "--out", str(out), *options])
    code = 0
    try:
        cli.main()
    except SystemExit as error:
        code = error.code
    output = capsys.readouterr()
    return code, output.out + output.err


def test_the_command_line(tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(Killed):
            run_command(out, monkeypatch=patch, capsys=capsys)
    code, said = run_command(out, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "holds a training that was stopped after epoch 1. Go on with it: --resume. Start anew, without it: " in said
    code, said = run_command(out, "--resume", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert "resuming after epoch 1" in said
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


def test_starting_anew_removes_what_there_was(tmp_path):
    Checkpoints(tmp_path, {}, "").write(checkpoints.Progress(), {})
    train._choose_start(tmp_path, tmp_path, False, Console())
    assert stopped_at(tmp_path) is None


def test_a_full_disk_holds_no_lock_for_ever(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with training_into(tmp_path / "run"):
            pass
    with training_into(tmp_path / "run") as folder:
        assert json.loads((folder / "lock").read_text())["pid"] == os.getpid()


def test_what_was_being_written_goes_with_the_checkpoints(tmp_path):
    for name in (FILE, f"{FILE}.new", "checkpoint-2.safetensors", "checkpoint-2.safetensors.new", "mine"):
        (tmp_path / name).touch()
    checkpoints.remove_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
