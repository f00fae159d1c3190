"""Running TensorFlow.js models under Node, where Node and @tensorflow/tfjs are installed."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.errors import ExportError

HERE = Path(__file__).parent
RUNNER = HERE / "runner.mjs"


class NoNodeError(ExportError):
    """Node, or @tensorflow/tfjs for it, is not installed."""


def run_script(script: Path, asked: Any) -> Any:
    """Return what the function ``run(tf, asked)`` of a JavaScript module returns, in a Node process of its own.

    `@tensorflow/tfjs` is looked for from the current folder upwards, and in ``NODE_PATH``.

    Raises:
        NoNodeError: Node or the package is missing; the message says how to install it.
        ExportError: Node failed.
    """
    node = shutil.which("node")
    if node is None:
        raise NoNodeError("Node is not installed (https://nodejs.org).")
    question = json.dumps({"folders": [str(Path.cwd())], "script": str(script), "asked": asked})
    done = subprocess.run(
        [node, str(HERE / "node.mjs")], input=question, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise ExportError(f"The exported JavaScript failed: {done.stderr.strip()[-2000:]}")
    result = json.loads(done.stdout)
    if "missing" in result:
        raise NoNodeError("@tensorflow/tfjs is not installed for Node: npm install @tensorflow/tfjs")
    return result


def run_jobs(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Run jobs in one Node process; see ``runner.mjs``. Raises as `run_script`."""
    return run_script(HERE / "jobs.mjs", jobs)


def job(model: Path, calls: Sequence[Sequence[np.ndarray]]) -> dict[str, Any]:
    """Return the job that runs a model on batches, one after another."""
    return {"model": str(model), "calls": [[encoded(array) for array in call] for call in calls]}


def encoded(array: np.ndarray) -> dict[str, Any]:
    """Return an array for the runner."""
    kind = "bool" if array.dtype == bool else "int32" if array.dtype.kind in "iu" else "float32"
    data = np.ascontiguousarray(array, {"bool": np.uint8, "int32": "<i4", "float32": "<f4"}[kind])
    return {"shape": list(array.shape), "dtype": kind, "data": base64.b64encode(data.tobytes()).decode()}


def decoded(encoding: dict[str, Any]) -> np.ndarray:
    """Undo `encoded`."""
    kind = {"bool": np.uint8, "int32": "<i4", "float32": "<f4"}[encoding["dtype"]]
    return np.frombuffer(base64.b64decode(encoding["data"]), kind).reshape(encoding["shape"])


def outputs_of(result: dict[str, Any]) -> list[list[np.ndarray]]:
    """Return the outputs of a job.

    Raises:
        ExportError: TensorFlow.js raised an error in it.
    """
    if "error" in result:
        raise ExportError(f"TensorFlow.js cannot run the exported model: {result['error']}")
    return [[decoded(tensor) for tensor in call] for call in result["outputs"]]
