"""Keras's own tests of LSTM, Bidirectional and stacked cells, run with our classes in the place of Keras's.

`keras_tests_plugin` puts the classes there. `rnn_test.py` and `time_distributed_test.py` do not touch an LSTM.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import pytest

FILES = ("lstm_test.py", "bidirectional_test.py", "stacked_rnn_cells_test.py")
FOLDER = Path(keras.__file__).parent / "src/layers/rnn"


@pytest.fixture(scope="module", params=["jax", "tensorflow", "torch"])
def report(request, tmp_path_factory):
    if find_spec(request.param) is None:  # importing it here would take seconds
        pytest.skip(f"{request.param} is not installed")
    here = tmp_path_factory.mktemp("keras_tests")
    (here / "pytest.ini").write_text("[pytest]\n")
    environment = os.environ | {
        "KERAS_BACKEND": request.param,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTEST_ADDOPTS": "",
    }
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(here / "pytest.ini"), "-p", "no:cacheprovider", "-p",
         "keras_tests_plugin", "-rA", *(str(FOLDER / name) for name in FILES)],
        capture_output=True, text=True, env=environment, cwd=here, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_keras_own_tests_pass(report):
    assert not re.search(r"^(FAILED|ERROR)|\d+ (failed|error|xfailed|deselected)", report, re.M), report
    passed = re.search(r"(\d+) passed", report)
    assert passed, report
    # the one test that Keras itself skips wants PyTorch as the backend, and there a GPU
    skipped = re.findall(r"^SKIPPED \[1\] .*", report, re.M)
    assert len(skipped) == 1 and ("torch" in skipped[0] or "CUDA" in skipped[0]), report
    assert int(passed[1]) >= 25  # of Keras 3.15; a later one may have more


def test_the_kernel_ran_in_them(report):
    counts = re.search(r"kernel calls: lstm=(\d+), bidirectional_lstm=(\d+)", report)
    assert counts, report
    assert int(counts[1]) >= 20 and int(counts[2]) >= 2
    assert "layers in place: seqwise.layers.lstm.LSTM, seqwise.layers.bidirectional.Bidirectional" in report
