"""Every example runs, in a folder of its own."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("[0-9]*.py"))


@pytest.mark.parametrize("example", EXAMPLES[1:], ids=lambda path: path.stem)
def test_example(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example))["main"]()
    assert capsys.readouterr().out.strip()


def test_the_first_example_beats_the_last_value_and_names_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES[0]))["main"]()
    report = re.search(r"wrote (\S+report\.html)", capsys.readouterr().out)
    assert report
    assert Path(report[1]).is_file()
    metrics = json.loads(Path(report[1]).with_name("metrics.json").read_text())
    assert metrics["test"]["mae"] < metrics["baselines"]["naive"]["mae"]
