"""Running TensorFlow.js in tests: in Node, and in Chromium as a web page does.

Where one of them is missing a test is skipped and says what to install; where ``SEQWISE_NEEDS_JAVASCRIPT`` is set, as
``.ci/run`` sets it, it fails.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seqwise.export.tfjs.node import RUNNER, run_jobs

HERE = Path(__file__).parent / "js"
MODULES = HERE / "node_modules"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def need(what: str, there: bool, how: str) -> None:
    """Skip a test, or fail it in continuous integration, where a program is missing."""
    if there:
        return
    message = f"{what} is missing: {how}"
    if os.environ.get("SEQWISE_NEEDS_JAVASCRIPT"):
        pytest.fail(message)
    pytest.skip(message)


def need_node() -> None:
    need("Node", shutil.which("node") is not None, "install nodejs and npm (https://nodejs.org)")
    need("@tensorflow/tfjs", (MODULES / "@tensorflow" / "tfjs").is_dir(), f"make javascript, or npm ci in {HERE}")
    os.environ["NODE_PATH"] = str(MODULES)


@functools.cache
def browser() -> str:
    return next(filter(None, map(shutil.which, BROWSERS)), "")


def in_node(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    need_node()
    return run_jobs(jobs)


def in_chromium(root: Path, jobs: list[dict[str, Any]], backend: str | None = None) -> dict[str, Any]:
    """Run jobs in a page; the models lie under `root`, and nothing else may be asked for."""
    need_node()
    need("Chromium", bool(browser()), "apt-get install chromium")
    local = [job | {"model": "/" + str(Path(job["model"]).relative_to(root))} for job in jobs]
    asked = {"root": str(root), "runner": str(RUNNER), "browser": browser(), "backend": backend, "jobs": local}
    command = ["node", str(HERE / "chromium.mjs")]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)
    assert result["elsewhere"] == [], "requests to other hosts"
    assert [m for m in result["messages"] if m.startswith("error")] == []
    return result
