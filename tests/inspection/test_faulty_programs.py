"""Every faulty program: the fault is named, and the fix, put in by machine, makes the program run and be right."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from programs import HERE, check_program, fix_program, read_programs

PROGRAMS = read_programs("faulty")


def elsewhere(backend: str, task: str) -> dict:
    """Do a task on every program in a process of its own, on another backend of Keras."""
    done = subprocess.run(
        [sys.executable, str(HERE / "programs.py"), task], capture_output=True, text=True, check=False,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["backend"] == backend
    return said["programs"]


@pytest.fixture(scope="module")
def fixed() -> dict:
    """The result of each fixed program; on PyTorch, which compiles nothing and so runs them all in half a minute."""
    return elsewhere("torch", "fix")


def test_there_are_enough():
    assert len(PROGRAMS) >= 40
    assert all("finding" in program.settings for program in PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_fault_is_named_first_of_its_severity(program):
    report, _ = check_program(program.text, program.path, program.settings.get("check", ""))
    named = next(finding for finding in report if finding.name == program.settings["finding"])
    assert named is next(finding for finding in report if finding.severity == named.severity), str(report)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_fix_makes_it_run_and_be_right(program, fixed):
    said = fixed.get(program.name) or fix_program(program)  # PyTorch cannot train a stateful layer
    assert [said["report"], said["error"], said["wrong"]] == ["", "", ""], said["text"]
    assert said["text"] != program.text


def test_the_faults_have_the_same_names_on_tensorflow():
    said = elsewhere("tensorflow", "check")
    for program in PROGRAMS:
        faulty = program.settings.get("only", "tensorflow") == "tensorflow"
        assert (program.settings["finding"] in said[program.name]) == faulty, program.name
