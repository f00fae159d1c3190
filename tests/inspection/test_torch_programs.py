"""PyTorch modules: each fault named and fixed by machine, no false alarm, and nothing changed by the look."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from programs import HERE, read_programs

FAULTY, SOUND = read_programs("torch_faulty"), read_programs("torch_sound")


@pytest.fixture(scope="module")
def results() -> dict:
    """What came of each program; run in a process of its own, beside no other framework."""
    done = subprocess.run(
        [sys.executable, str(HERE / "torch_programs.py")], capture_output=True, text=True, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]  # it also ends where check has changed something
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("program", FAULTY, ids=lambda program: program.name)
def test_the_fault_is_named_and_its_fix_makes_the_program_right(program, results):
    said = results[program.name]
    assert said["names"][:1] == [program.settings["finding"]], said["first"]
    assert said["wrong"] == "", said["text"]


def test_most_fixes_are_code(results):
    """The others are words: which states to use, where the lengths come from, what a forward should be."""
    in_words = {name[:2] for name, said in results.items() if said["names"] and "  fix  " not in said["first"]}
    assert in_words == {"27", "30", "32", "33", "42", "43", "47", "48", "51", "56"}


@pytest.mark.parametrize("program", SOUND, ids=lambda program: program.name)
def test_nothing_is_found_in_a_sound_program_that_was_examined(program, results):
    said = results[program.name]
    assert said["names"] == [], said["first"]
    assert said["first"].endswith("\n\nNo faults found.")


def test_check_of_a_module_imports_no_other_framework():
    code = (
        "import sys, torch, seqwise\n"
        "report = seqwise.check(torch.nn.LSTM(3, 4, batch_first=True), torch.zeros(8, 10, 3))\n"
        "print(report.subject, [name for name in ('keras', 'jax', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "LSTM, 1 module; x (8, 10, 3) []"
