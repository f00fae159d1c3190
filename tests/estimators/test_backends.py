"""Every estimator on each of Keras's backends; and a run saved on one, predicted from on the others."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from fitted import KINDS

import seqwise as sw

NAMES = ("Forecaster", "attention", "classes", "texts", "Regressor", "Tagger", "Translator")
# fits and saves all into a folder; compares with what the runs in another folder predicted where they were saved
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import test_backends as program
program.check_runs(sys.argv[3])
program.save_runs(sys.argv[2])
import keras
print(keras.backend.backend(), "fine")
"""


def predictions(estimator, name):
    """What an estimator predicts, as numbers; of a translator its letters."""
    given = KINDS[name][1][0]
    if name in ("Forecaster", "attention"):
        return np.asarray(estimator.predict(), float)
    if name == "Translator":
        return np.array([[ord(letter) for letter in text.ljust(80)] for text in estimator.predict(given[:4])], float)
    if name == "Tagger":
        return np.concatenate(estimator.predict_proba(given[:6]))
    return np.asarray(getattr(estimator, "predict_proba", estimator.predict)(given[:6]), float)


def save_runs(folder):
    for name in NAMES:
        estimator, given = KINDS[name]
        estimator.fit(*given)
        path = Path(folder) / name
        estimator.save(path)
        np.save(Path(folder) / f"{name}.npy", predictions(estimator, name))


def check_runs(folder):
    for name in NAMES:
        found, expected = predictions(sw.load(Path(folder) / name), name), np.load(Path(folder) / f"{name}.npy")
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6 * max(1, np.abs(expected).max()), err_msg=name)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for backend in ("jax", "tensorflow", "torch"):
        (folder / backend).mkdir()
    save_runs(folder / "jax")
    return folder


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_every_estimator_and_the_runs_of_another_backend(backend, runs):
    if find_spec(backend) is None:  # importing it here would take seconds
        pytest.skip(f"{backend} is not installed")
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", PROGRAM, os.path.dirname(__file__), str(runs / backend), str(runs / "jax")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.endswith(f"{backend} fine\n"), done.stderr[-3000:]
    check_runs(runs / backend)
