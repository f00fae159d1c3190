"""Write every model of `export_models` for TensorFlow.js, with batches and what Keras makes of them.

Run by itself, with Keras's NumPy backend: it compiles nothing, which takes minutes for so many models elsewhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from export_models import MODELS

from seqwise.export.parity import example_calls, keras_outputs
from seqwise.export.source import read_source
from seqwise.export.tfjs.export import write_part
from seqwise.export.tfjs.node import job

if __name__ == "__main__":
    root = Path(sys.argv[1])
    jobs = []
    for number, (name, build) in enumerate(MODELS.items()):
        part = read_source(build()).parts["model"]
        (root / name).mkdir()
        write_part(part, root / name)
        calls = example_calls(part, seed=number)
        jobs.append(job(root / name / "model.json", calls))
        for i, outputs in enumerate(keras_outputs(part.model, calls)):
            np.savez(root / name / f"expected_{i}.npz", *outputs)
    (root / "jobs.json").write_text(json.dumps(jobs))
