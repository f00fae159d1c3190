"""Ctrl-C, SIGTERM and SIGHUP: the first ends the training and keeps what it learned, whatever moment it comes in."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import seqwise as sw
from seqwise import __main__
from seqwise.artifact import run as run_folder
from seqwise.cli import main as cli
from seqwise.estimators.base import Estimator
from seqwise.interrupts import interrupted, interruptible, interrupts
from seqwise.training import loop

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
HANDLERS = {number: signal.getsignal(number) for number in ALL}


@pytest.fixture(autouse=True)
def default_handlers():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "the handler was not put back"
    assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    for number, handler in HANDLERS.items():
        signal.signal(number, handler)


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", ALL)
def test_the_first_is_a_flag_and_the_second_leaves(number):
    with interrupts():
        send(number)
        assert interrupted()
        assert not interrupted()
        send(number)
        with pytest.raises(KeyboardInterrupt):
            send(number)
        assert interrupted()


def test_one_that_nobody_asked_for_is_not_lost():
    with pytest.raises(KeyboardInterrupt), interrupts():
        send(signal.SIGINT)


def test_where_nothing_is_lost_it_is_raised():
    with interrupts():
        with pytest.raises(KeyboardInterrupt), interruptible():
            send(signal.SIGTERM)
        send(signal.SIGINT)  # before
        with pytest.raises(KeyboardInterrupt), interruptible():
            raise AssertionError("it came before and should have been raised")
    with pytest.raises(KeyboardInterrupt), interrupts(deferring=False):
        send(signal.SIGINT)


def test_one_that_a_library_swallowed_while_it_was_loaded_is_not_lost():
    with interrupts(deferring=False):
        with contextlib.suppress(KeyboardInterrupt):
            send(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interrupts():
            raise AssertionError("the training should not have begun")


@pytest.mark.parametrize(("place", "moment"), [(cli, "_load"), (cli.TyperGroup, "make_context")])
def test_the_command_line_says_that_it_was_stopped(place, moment, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["seqwise", "shape", "nowhere.csv"])
    monkeypatch.setattr(place, moment, lambda *_, **more: send(signal.SIGINT))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Stopped.\n"


STARTING = """
import sys
import seqwise.__main__
print([name for name in ("typer", "rich", "numpy") if name in sys.modules], flush=True)
seqwise.__main__.main()
"""


@pytest.mark.parametrize("delay", [0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8])
def test_one_that_comes_while_the_command_line_is_loaded_shows_no_traceback(delay, tmp_path):
    command = [sys.executable, "-c", STARTING, "train", "nowhere.csv", "--target", "y", "--out", str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "[]\n"  # before that the interpreter has its own handler
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert "Traceback" not in said
    assert process.returncode in (-signal.SIGINT, 130, 2)  # 130 to a shell, both; 2: it had ended before
    assert said.strip() in ("", "Stopped.") or process.returncode == 2


def test_a_command_started_without_ctrl_c_stays_so(monkeypatch):
    """As a shell starts those in the background."""
    seen = []
    monkeypatch.setattr(cli, "main", lambda: seen.append(signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    __main__.main()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    __main__.main()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == [signal.SIG_IGN, signal.SIG_DFL]


def test_a_programs_own_handler_stays():
    came = []
    signal.signal(signal.SIGTERM, lambda *_: came.append(1))
    with interrupts():
        send(signal.SIGTERM)
        assert not interrupted()
    assert came == [1]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_in_another_thread_nothing_is_taken_over():
    seen = []

    def work():
        with interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


# the command line


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("y\n" + "\n".join(map(str, 3 + np.sin(np.arange(80.0)))))
    return path


def train(data, out, epochs, monkeypatch, capsys):
    arguments = ["train", data, "--target", "y", "--window", "6", "--horizon", "2", "--units", "3", "--out", out]
    monkeypatch.setattr(sys, "argv", ["seqwise", *map(str, arguments), "--epochs", str(epochs)])
    code = 0
    try:
        cli.main()
    except SystemExit as error:
        code = error.code
    output = capsys.readouterr()
    return code, output.out + output.err


def before(monkeypatch, owner, name, number, at=1):
    """Send a signal before the `at`-th call of a function."""
    real, calls = getattr(owner, name), []

    def sending(*args, **kwargs):
        calls.append(1)
        if len(calls) == at:
            send(number)
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, sending)


MOMENTS = {
    "training": (loop, "interrupted", 5),
    "between": (Estimator, "save", 1),
    "the model": (Estimator, "_write", 1),
    "the scores": (Estimator, "_write_own_results", 1),
    "the manifest": (run_folder, "write_manifest", 1),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_training_is_kept(moment, data, tmp_path, monkeypatch, capsys):
    owner, name, at = MOMENTS[moment]
    number = ALL[len(moment) % 3]
    before(monkeypatch, owner, name, number, at)
    code, said = train(data, tmp_path / "run", 3 if moment != "training" else 10_000, monkeypatch, capsys)
    if moment == "training":
        assert code == 0
        assert "stopped by Ctrl-C" in said
    else:
        assert code == 130, said
    loaded = sw.load(tmp_path / "run")
    assert loaded.training_.best_epoch >= 1
    assert np.isfinite(np.asarray(loaded.predict()["y"])).all()


def test_the_first_epoch_over_a_good_run(data, tmp_path, monkeypatch, capsys):
    train(data, tmp_path / "run", 2, monkeypatch, capsys)
    old = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    before(monkeypatch, loop, "interrupted", signal.SIGINT)
    code, said = train(data, tmp_path / "run", 9, monkeypatch, capsys)
    assert code == 130
    assert "No epoch was completed" in said
    assert "stays as it is" in said
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == old


@pytest.mark.parametrize("where", ["a full disk", "a closed pipe"])
def test_a_training_that_cannot_tell_of_itself_is_saved(where, data, tmp_path):
    arguments = ["train", data, "--target", "y", "--window", "6", "--horizon", "2", "--units", "3", "--epochs", "2"]
    command = [sys.executable, "-m", "seqwise", *map(str, arguments), "--out", str(tmp_path / "run")]
    if where == "a full disk":
        with open("/dev/full", "w") as full:
            code = subprocess.run(command, stdout=full, stderr=subprocess.DEVNULL, check=False).returncode
    else:
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert started.stdout is not None
        started.stdout.close()
        code = started.wait()
    assert code != 0
    assert sw.load(tmp_path / "run").training_.best_epoch >= 1
    assert (tmp_path / "run" / "metrics.json").is_file()
