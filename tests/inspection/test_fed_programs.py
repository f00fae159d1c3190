"""Programs whose data come from a source that makes batches: no false alarm on sound ones, and the faults are found."""

from __future__ import annotations

import re

import numpy as np
import pytest
from feeds import FEEDS
from programs import read_programs, run

import seqwise as sw

SOUND = read_programs("sound")
FAULTS = {
    "01", "05", "08", "12", "14", "20", "21", "23", "25", "29", "31", "44", "49", "50", "56", "62", "65", "74", "76",
}  # fmt: skip
FAULTY = [
    program for program in read_programs("faulty")
    if program.name.partition("_")[0] in FAULTS
]  # fmt: skip


def fed_report(names, feed, extra):
    """Check a program's model, where its variables are in sight, with x and y and its validation set in batches."""
    names["source"] = feed(names["x"], names["y"], 16)
    call = "seqwise.check(model, source)"
    if "validation=" in extra:
        x_val = names["x_val"] if isinstance(names["x_val"], list) else np.asarray(names["x_val"])
        names["held_out"] = feed(x_val, np.asarray(names["y_val"]), 16)
        call = "seqwise.check(model, source, validation=held_out)"
    return eval(call, names | {"seqwise": sw})


@pytest.mark.parametrize("program", SOUND, ids=lambda program: program.name)
def test_no_false_alarm(program):
    names, error = run(program.text, program.path, fit=False)
    assert error is None
    plain = eval("seqwise.check(model, x, y)", names | {"seqwise": sw})
    for kind, feed in FEEDS.items():
        report = fed_report(names, feed, program.settings.get("check", ""))
        assert not report.findings, f"{kind}: {report}"
        assert report.unexamined == []
        assert kind.replace("mapped ", "") in report.subject
        looked_at = re.findall(r"[xy] (\(.*?\)(?:, \(.*?\))*);", report.subject)
        sizes = re.findall(r"[xy] (\(.*?\)(?:, \(.*?\))*)(?:;|$)", plain.subject)
        without_samples = [[re.sub(r"\((\w+),", "(", shape) for shape in part] for part in (looked_at, sizes)]
        assert without_samples[0] == without_samples[1], report.subject


@pytest.mark.parametrize("program", FAULTY, ids=lambda program: program.name)
def test_the_fault_is_found(program):
    names, error = run(program.text, program.path, fit=False)
    names["model"] = names["build"] if error is not None else names["model"]
    for kind, feed in FEEDS.items():
        report = fed_report(names, feed, program.settings.get("check", ""))
        finding = next((found for found in report if found.name == program.settings["finding"]), None)
        assert finding is not None, f"{kind}: {report}"
        if finding.where in ("x", "y", "validation"):
            assert not finding.fix
            assert re.search(r" (In each batch|Before the samples are put in batches): \w", finding.what)
        else:
            assert finding.fix
