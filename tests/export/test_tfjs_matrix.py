"""Every kind of model, exported for TensorFlow.js and run in Node and in Chromium: Keras's numbers, at other sizes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from export_models import MODELS
from javascript import in_chromium, in_node

from seqwise.export.parity import largest_difference
from seqwise.export.tfjs.node import outputs_of


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with every model, written, and what Keras makes of batches of several sizes and lengths."""
    folder = tmp_path_factory.mktemp("models")
    script = Path(__file__).with_name("write_models.py")
    environment = os.environ | {"KERAS_BACKEND": "numpy"}
    subprocess.run([sys.executable, str(script), str(folder)], check=True, env=environment, timeout=900)
    return folder


@pytest.fixture(scope="module")
def jobs(root):
    return json.loads((root / "jobs.json").read_text())


@pytest.fixture(scope="module")
def node(jobs):
    return dict(zip(MODELS, in_node(jobs)["results"], strict=True))


@pytest.fixture(scope="module")
def chromium(root, jobs):
    result = in_chromium(root, jobs, backend="cpu")  # WebGL compiles a program for every shape
    return dict(zip(MODELS, result["results"], strict=True))


def expected(root, name, count=3):
    files = [np.load(root / name / f"expected_{i}.npz") for i in range(count)]
    return [[file[f"arr_{i}"] for i in range(len(file.files))] for file in files]


def test_there_are_models_enough():
    assert len(MODELS) >= 30


@pytest.mark.parametrize("name", MODELS)
def test_node_gives_the_numbers_of_keras(name, root, node):
    assert largest_difference(expected(root, name), outputs_of(node[name])) <= 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_chromium_gives_the_numbers_of_keras(name, root, chromium):
    assert largest_difference(expected(root, name), outputs_of(chromium[name])) <= 1e-5


def test_a_page_needs_no_setting(root, jobs):
    """With the backend that TensorFlow.js chooses in a page by itself."""
    names = ["lstm_plain", "embedding_mask"]
    all_jobs = dict(zip(MODELS, jobs, strict=True))
    chosen = [all_jobs[name] | {"calls": all_jobs[name]["calls"][:1]} for name in names]
    results = in_chromium(root, chosen)["results"]
    for name, result in zip(names, results, strict=True):
        assert largest_difference(expected(root, name, 1), outputs_of(result)) <= 1e-5
