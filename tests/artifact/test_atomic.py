"""Replacing a folder: a crash at any moment leaves the old one or the new one, whole."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from fuzz import LONGER
from safetensors import SafetensorError

from seqwise.artifact import atomic
from seqwise.artifact.atomic import recover, replaced_file, replaced_folder

FILES = ("a.txt", "b.txt", "manifest.json")


def write(folder, text):
    for name in FILES:
        (folder / name).write_text(text)
    (folder / "deep").mkdir()
    (folder / "deep" / "c.txt").write_text(text)


def content(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def whole(text, *more):
    return dict.fromkeys((*FILES, "deep/c.txt", *more), text)


def replace(target, text, keep=()):
    with replaced_folder(target, keep) as folder:
        write(folder, text)


@pytest.fixture(params=["exchange", "two renames"])
def way(request, monkeypatch):
    if request.param == "two renames":
        monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    return request.param


def test_new_and_replaced(way, tmp_path):
    target = tmp_path / "some" / "run"
    replace(target, "old")
    assert content(target) == whole("old")
    replace(target, "new")
    assert content(target) == whole("new")
    assert [p.name for p in target.parent.iterdir()] == ["run"], "something was left beside it"
    assert target.stat().st_mode & 0o777 == 0o755


def test_kept_files_come_along(way, tmp_path):
    target = tmp_path / "run"
    replace(target, "old")
    (target / "notes.md").write_text("mine")
    (target / "plots").mkdir()
    (target / "plots" / "one.txt").write_text("mine too")
    replace(target, "new", (target / "notes.md", target / "plots"))
    assert content(target) == whole("new") | {"notes.md": "mine", "plots/one.txt": "mine too"}


def test_an_error_while_writing_leaves_the_old(tmp_path):
    target = tmp_path / "run"
    replace(target, "old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            write_half(target, error)
        assert content(target) == whole("old")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_error_of_the_disk_names_what_was_to_be_written(code, tmp_path):
    """Not the new folder, which is gone; neither Python nor Rust says where."""
    in_words = f"I/O error: x (os error {code})"
    for error in (OSError(code, "x"), OSError(in_words), SafetensorError(in_words)):
        for replaced in (replaced_folder, replaced_file):
            with pytest.raises(OSError, match=r"/target'$") as told, replaced(tmp_path / "target"):
                raise error
            assert told.value.errno == code
    assert not list(tmp_path.iterdir())


def write_half(target, error):
    with replaced_folder(target) as folder:
        (folder / "a.txt").write_text("new")
        raise error


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    target, link = tmp_path / "some" / "file.csv", tmp_path / "link.csv"
    for text in ("old", "new"):
        with replaced_file(target) as file:
            assert file.name == "file.csv"
            file.write_text(text)
        assert target.read_text() == text
        target.chmod(0o640)
    assert target.stat().st_mode & 0o777 == 0o640
    link.symlink_to(target)
    with pytest.raises(KeyError):
        write_half_a_file(link)
    assert target.read_text() == "new"
    with replaced_file(link) as file:
        file.write_text("newest")
    assert link.is_symlink()
    assert target.read_text() == "newest"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file.csv", "link.csv", "some"]


def write_half_a_file(target):
    with replaced_file(target) as file:
        file.write_text("half")
        raise KeyError


@pytest.mark.parametrize("name", ["pipe", "n" * 254])
def test_what_no_file_beside_can_replace_is_written_in_place(name, tmp_path):
    target = tmp_path / name
    if name == "pipe":
        os.mkfifo(target)
    with replaced_file(target) as file:
        assert file == target


class Crash(BaseException):
    pass


STEPS = [
    (tempfile, "mkdtemp"), (shutil, "copy2"), (shutil, "copytree"), (os, "open"), (os, "fsync"), (os, "close"),
    (os, "rename"), (Path, "rename"), (Path, "chmod"), (Path, "mkdir"), (atomic, "_exchange"), (shutil, "rmtree"),
]  # fmt: skip


def crash_at(monkeypatch, number):
    """Let the `number`-th call of any step raise, and all later ones too: a dead process does nothing more."""
    calls = [0]

    def dying(real):
        def step(*args, **kwargs):
            calls[0] += 1
            if calls[0] >= number:
                raise Crash
            return real(*args, **kwargs)

        return step

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))


def test_a_crash_at_every_step(way, tmp_path, monkeypatch):
    """Each step fails once and everything after it: old or new, with the kept file, and the next writing works."""
    outcomes, number, finished = [], 0, False
    for number in range(1, 200):
        target = tmp_path / str(number) / "run"
        replace(target, "old")
        (target / "notes.md").write_text("mine")
        with monkeypatch.context() as patch:
            if way == "two renames":
                patch.setattr(atomic, "_exchange", lambda one, other: False)
            crash_at(patch, number)
            try:
                replace_existing(target)
                finished = True
            except Crash:
                finished = False
        recover(target)
        found = content(target)
        assert found["notes.md"] == "mine"
        assert found in (whole("old") | {"notes.md": "mine"}, whole("new") | {"notes.md": "mine"}), number
        outcomes.append(found["a.txt"])
        replace(target, "newest", (target / "notes.md",))
        assert content(target) == whole("newest") | {"notes.md": "mine"}
        if finished:
            break
    assert finished, "the steps were never all done"
    assert number > 8
    assert outcomes == sorted(outcomes, reverse=True), "old up to some step, new from there on"
    assert set(outcomes) == {"old", "new"}


def replace_existing(target):
    # the user's own writing is not under test here: the folder exists before the steps are counted
    with replaced_folder(target, (target / "notes.md",)) as folder:
        for name in FILES:
            (folder / name).write_text("new")
        os.mkdir(folder / "deep")
        (folder / "deep" / "c.txt").write_text("new")


def test_recover_puts_back_what_two_renames_left_aside(tmp_path):
    target = tmp_path / "run"
    replace(tmp_path / "run.previous", "old")
    recover(target)
    assert content(target) == whole("old")
    replace(tmp_path / "run.previous", "older")
    recover(target)
    assert content(target) == whole("old"), "a run that is there is never touched"


WRITER = """
    import sys
    from pathlib import Path
    from seqwise.artifact import atomic
    if sys.argv[2] == "two renames":
        atomic._exchange = lambda one, other: False
    target = Path(sys.argv[1])
    for generation in range(1, 1_000_000):
        with atomic.replaced_folder(target, tuple(target.glob("notes.md"))) as folder:
            for name in ("a.txt", "b.txt", "manifest.json"):
                (folder / name).write_text(str(generation) * 2000)
        if generation == 1:
            (target / "notes.md").write_text("mine")
            print("ready", flush=True)
"""


@pytest.mark.parametrize("kill", range(6 * LONGER))
@pytest.mark.parametrize("mode", ["exchange", "two renames"])
def test_killed_in_the_middle(mode, kill, tmp_path):
    target = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(target), mode], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        process.wait(0.02 + 0.0137 * (kill % 40))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    recover(target)
    found = content(target)
    assert set(found) == {"a.txt", "b.txt", "manifest.json", "notes.md"}
    assert found.pop("notes.md") == "mine"
    assert len(set(found.values())) == 1, "two generations are mixed"
    replace(target, "next")
    assert content(target) == whole("next")
