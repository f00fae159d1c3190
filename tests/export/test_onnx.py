"""The ONNX export: its models in a process of their own, and the pipeline in the file's metadata."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from seqwise.export.onnx.export import onnx as export_onnx


def test_models_give_the_numbers_of_keras():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider",
         str(Path(__file__).with_name("onnx_models.py"))],
        capture_output=True, text=True, env=environment | {"KERAS_BACKEND": "numpy", "PYTEST_ADDOPTS": ""}, check=False,
    )  # fmt: skip
    report = done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", report)
    assert done.returncode == 0 and passed and int(passed[1]) >= 80, report


def test_the_pipeline_is_in_the_metadata(tmp_path):
    from seqwise import Classifier

    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 2)) for n in rng.integers(3, 9, 30)]
    classifier = Classifier(units=(4,), epochs=1).fit(sequences, ["a", "b", "c"] * 10)
    export_onnx(classifier, tmp_path / "model.onnx")
    metadata = {p.key: p.value for p in onnx.load(tmp_path / "model.onnx").metadata_props}
    pipeline = json.loads(metadata["seqwise_pipeline"])
    assert pipeline["networks"] == {"model": "model.onnx"}
    assert pipeline["target"]["values"] == ["a", "b", "c"]
    np.testing.assert_array_equal(pipeline["input"]["scaler"]["offset"], classifier.input_.scaler.offset_)
    # with the metadata alone: scale, pad, run, and the probabilities are Python's
    scaler = pipeline["input"]["scaler"]
    values = ((sequences[0] - scaler["offset"]) / scaler["scale"]).astype(np.float32)[None]
    (probabilities,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(
        None, {"values": values, "mask": np.ones(values.shape[:2], bool)}
    )
    np.testing.assert_allclose(np.asarray(probabilities), classifier.predict_proba(sequences[:1]), atol=1e-6)
