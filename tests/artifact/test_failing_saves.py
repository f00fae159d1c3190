"""Every call by which a save changes the disk fails once: the old run or the new one is there, whole.

What a full disk, a disk that fails and a crash leave is tried in a process of its own, with faults.c loaded: in `make
test` for a few calls of some saves, in `make soak` for all calls of the saves of every kind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import LONGER

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls are intercepted as on Linux")
EVERY = [
    "Forecaster", "masked", "every step", "many series", "classes", "two classes", "label sets", "texts", "Regressor",
    "Tagger", "tokens", "Translator", "loaded run", "loaded run, two renames", "export tfjs", "export onnx",
    "export keras", "tfjs folder", "keras file", "onnx file", "text file", "checkpoint",
]  # fmt: skip
CASES = [["loaded run", "text file", "checkpoint"]] if LONGER == 1 else [[name] for name in EVERY]
MOST = 12 if LONGER == 1 else 0  # calls of each save; 0: all


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, HERE / "faults.c", "-ldl"], check=True)
    return path


def run(library, folder, modes, cases):
    command = [sys.executable, HERE / "failing_saves.py", folder, modes, str(MOST), *cases]
    places = [str(HERE.parent / "estimators"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(filter(None, places))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def unsafe(calls):
    """What a power cut would lose although the save took its place: what was written and not synced before that."""
    lines = [(call, *paths.split("\t")) for call, paths in (line.split(" ", 1) for line in calls)]
    place = max(i for i, (call, *_) in enumerate(lines) if call == "rename")
    unsynced = set()
    for call, path, *to in lines[:place]:
        if call in ("fsync", "unlink", "rmdir", "rename"):
            unsynced.discard(path)
        if call in ("open", "write", "truncate", "mkdir", "chmod"):
            unsynced.add(path)
        if call in ("open", "mkdir", "symlink", "link", "rename"):  # an entry of its folder
            unsynced |= {str(Path(path).parent), *to}
    fresh = Path(lines[place][1])
    # safetensors renames a file of its own past the library that watches
    lost = [path for path in unsynced if Path(path).is_relative_to(fresh) and not Path(path).name.startswith(".tmp")]
    return sorted(lost) if any(call == "fsync" for call, *_ in lines[place:]) else [*lost, "the new name"]


@pytest.mark.parametrize("cases", CASES, ids=", ".join)
def test_every_call_fails_once(cases, library, tmp_path):
    for name, result in run(library, tmp_path, "once,full,dead", cases).items():
        assert result["faults"] == [], name
        assert unsafe(result["calls"]) == [], name
        assert result["tried"] == min(len(result["calls"]), MOST or 1000)
        crashes = result["outcomes"]["dead"]
        assert crashes == sorted(crashes, reverse=True), "old up to some call, then new"
        assert set(crashes) == {"old", "new"}


@pytest.mark.parametrize("name", ["loaded run", "text file", "checkpoint"][-1 if LONGER == 1 else 0 :])
def test_killed_at_every_call(name, library, tmp_path):
    (result,) = run(library, tmp_path, "kill", [name]).values()
    assert result["faults"] == []
    assert set(result["outcomes"]["kill"]) == {"old", "new"}
