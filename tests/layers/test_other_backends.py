"""The tests of the layers on Keras's other backends, each in a process of its own: the backend is chosen once."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
FILES = ("test_accelerate.py", "test_bidirectional.py", "test_lstm.py", "test_stream.py")


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_they_pass_on(backend):
    if find_spec(backend) is None:  # importing it here would take seconds
        pytest.skip(f"{backend} is not installed")
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider",
         *(str(FOLDER / name) for name in FILES)],
        capture_output=True, text=True, env=environment | {"PYTEST_ADDOPTS": ""}, check=False,
    )  # fmt: skip
    report = done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", report)
    assert done.returncode == 0 and passed and int(passed[1]) >= 100, report
