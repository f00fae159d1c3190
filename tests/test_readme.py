"""Every Python block of the README and of the pages in docs runs as it stands, one after another, file by file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page):
    """Return (line, code) of each block."""
    text = page.read_text(encoding="utf-8")
    return [
        (text[: found.start(1)].count("\n"), found[1])
        for found in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks(page)
    if not found:
        pytest.skip(f"{page.name} has no Python block")
    names = {"__name__": "__main__"}
    for line, code in found:
        exec(compile("\n" * line + code, str(page), "exec"), names)


def test_the_readme_has_blocks():
    assert len(blocks(ROOT / "README.md")) >= 2
