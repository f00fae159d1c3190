"""Every kind of model, exported for TensorFlow.js and run in Node and in Chromium: Keras's numbers, at other sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from export_models import MODELS
from javascript import in_chromium, in_node

from seqwise.export.parity import example_calls, keras_outputs, largest_difference
from seqwise.export.source import read_source
from seqwise.export.tfjs.export import write_part
from seqwise.export.tfjs.node import job, outputs_of


class Exported(NamedTuple):
    root: Path
    jobs: list[dict[str, Any]]
    expected: dict[str, list[list[np.ndarray]]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Every model, written, and what Keras makes of batches of several sizes and lengths."""
    root = tmp_path_factory.mktemp("models")
    jobs, expected = [], {}
    for name, build in MODELS.items():
        part = read_source(build()).parts["model"]
        (root / name).mkdir()
        write_part(part, root / name)
        calls = example_calls(part, seed=len(expected))
        jobs.append(job(root / name / "model.json", calls))
        expected[name] = keras_outputs(part.model, calls)
    return Exported(root, jobs, expected)


@pytest.fixture(scope="module")
def node(exported):
    return dict(zip(exported.expected, in_node(exported.jobs)["results"], strict=True))


@pytest.fixture(scope="module")
def chromium(exported):
    return dict(zip(exported.expected, in_chromium(exported.root, exported.jobs)["results"], strict=True))


def test_there_are_models_enough():
    assert len(MODELS) >= 30


@pytest.mark.parametrize("name", MODELS)
def test_node_gives_the_numbers_of_keras(name, exported, node):
    assert largest_difference(exported.expected[name], outputs_of(node[name])) <= 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_chromium_gives_the_numbers_of_keras(name, exported, chromium):
    assert largest_difference(exported.expected[name], outputs_of(chromium[name])) <= 1e-5
