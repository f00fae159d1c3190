"""TensorFlow's SavedModel: written and run by TensorFlow in a process of its own, whatever Keras's backend is here."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from seqwise.errors import ExportError, SettingError
from seqwise.export.comparing import Calls, Outputs, Run
from seqwise.export.keras import write_keras

if TYPE_CHECKING:
    import keras

# arguments: a .keras file, the folder to write
WRITE = """
import sys, keras
keras.models.load_model(sys.argv[1], compile=False).export(sys.argv[2], verbose=False)
"""
# arguments: the folder, a file of inputs, the file of outputs; names are batch/tensor
RUN = """
import sys, tensorflow as tf
from safetensors.numpy import load_file, save_file
model, inputs, outputs = tf.saved_model.load(sys.argv[1]), load_file(sys.argv[2]), {}
for batch in sorted({name.split("/")[0] for name in inputs}):
    tensors = [tf.constant(inputs[name]) for name in sorted(inputs) if name.split("/")[0] == batch]
    made = tf.nest.flatten(model.serve(tensors if len(tensors) > 1 else tensors[0]))
    outputs |= {f"{batch}/{i:03d}": tensor.numpy() for i, tensor in enumerate(made)}
save_file(outputs, sys.argv[3])
"""


def write_saved_model(model: keras.Model, folder: Path) -> None:
    """Write a Keras model as a SavedModel, whose batch size and timesteps stay open where the model's are.

    Raises:
        SettingError: TensorFlow is not installed.
        ExportError: a layer is not Keras's own, or TensorFlow cannot write it.
    """
    check_tensorflow()
    with tempfile.TemporaryDirectory() as beside:
        file = Path(beside) / "model.keras"
        write_keras(model, file)
        _tensorflow(WRITE, file, folder)


def saved_model_runner(folder: Path) -> Run:
    """Return a function that runs a SavedModel, for `seqwise.export.comparing`."""
    check_tensorflow()

    def run(calls: Calls) -> Outputs:
        with tempfile.TemporaryDirectory() as beside:
            inputs, outputs = Path(beside) / "inputs", Path(beside) / "outputs"
            arrays = {
                f"{i:03d}/{j:03d}": np.ascontiguousarray(a) for i, call in enumerate(calls) for j, a in enumerate(call)
            }
            save_file(arrays, inputs)
            _tensorflow(RUN, folder, inputs, outputs)
            results = load_file(outputs)
        return [[results[name] for name in sorted(results) if name.startswith(f"{i:03d}/")] for i in range(len(calls))]

    return run


def check_tensorflow() -> None:
    """Raise `SettingError` where TensorFlow is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        raise SettingError(
            "A SavedModel is written by TensorFlow, which is not installed: pip install 'seqwise[tensorflow]'. Without "
            "it choose keras, onnx or tfjs."
        )


def _tensorflow(code: str, *arguments: Path) -> None:
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExportError(f"TensorFlow cannot write or run the SavedModel: {reason}")
