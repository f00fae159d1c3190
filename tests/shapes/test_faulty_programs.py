"""Every faulty program: the fault is named, and the fix, put in by machine, makes the program run and be right."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from programs import HERE, apply, check_program, read_programs, run

PROGRAMS = read_programs("faulty")


def test_there_are_enough():
    assert len(PROGRAMS) >= 40
    assert all("finding" in program.settings for program in PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_fault_is_named_and_mended(program):
    extra, wanted = program.settings.get("check", ""), program.settings["finding"]
    report, _ = check_program(program.text, program.path, extra)
    named = next(finding for finding in report if finding.name == wanted)
    assert named is next(finding for finding in report if finding.severity == named.severity), str(report)

    text, finding = program.text, named
    for _ in range(int(program.settings.get("rounds", 1))):
        text = apply(text, program.path, finding.where, finding.fix)
        report, _ = check_program(text, program.path, extra)
        finding = next(iter(report), None)
        if finding is None:
            break
    assert not report, f"{text}\n{report}"

    names, error = run(text, program.path, fit=True)
    assert error is None, f"{text}\n{error}"
    model, x, y = names["model"], names["x"], names["y"]
    output = model.predict(x, verbose=0, batch_size=getattr(model.inputs[0], "shape", [None])[0] or 32)
    assert np.isfinite(output).all()
    assert fits(output.shape, y.shape, str(model.loss)), (output.shape, y.shape)
    assert eval(program.settings.get("right", "True"), names), text


def fits(output, target, loss):
    if "sparse" in loss.lower():
        return output[:-1] == target or (*output[:-1], 1) == target
    return output == target or output == (*target, 1)


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_the_faults_have_the_same_names_on_the_other_backends(backend):
    code = (
        "import json; from programs import *\n"
        "said = {}\n"
        "for p in read_programs('faulty'):\n"
        "    report, _ = check_program(p.text, p.path, p.settings.get('check', ''))\n"
        "    said[p.name] = [f.name for f in report]\n"
        "import keras; said['backend'] = keras.backend.backend()\n"
        "print(json.dumps(said))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=HERE,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said.pop("backend") == backend
    missing = [p.name for p in PROGRAMS if p.settings["finding"] not in said[p.name]]
    assert not missing
