"""A run folder says enough to forecast without Keras: its plain files and NumPy give the model's forecast."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import seqwise as sw

# a reader of its own, in a process where Keras cannot be imported
READER = """
import json, sys
from pathlib import Path
for name in ("keras", "jax", "tensorflow", "torch"):
    sys.modules[name] = None
import numpy as np
from safetensors.numpy import load_file

folder = Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
network = json.loads((folder / "network.json").read_text())
weights = load_file(folder / "weights.safetensors")
scaler = manifest["input"]["scaler"]
window = (load_file(folder / "context.safetensors")["values"] - scaler["offset"]) / np.array(scaler["scale"])

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def lstm(x, config, kernel, recurrent, bias):
    h = c = np.zeros((len(x), config["units"]))
    states = []
    for t in range(x.shape[1])[:: -1 if config["go_backwards"] else 1]:
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1) if config["return_sequences"] else h

def crop(x, config):
    before, after = config["cropping"]
    return x[:, before : x.shape[1] - after]

RULES = {
    "LSTM": lambda config, x, *w: lstm(x, config, *w),
    "Dense": lambda config, x, kernel, bias=0: x @ kernel + bias,
    "Permute": lambda config, x: np.transpose(x, (0, *config["dims"])),
    "Cropping1D": lambda config, x: crop(x, config),
    "Reshape": lambda config, x: x.reshape(len(x), *config["target_shape"]),
}
MERGES = {
    "Add": sum, "Subtract": lambda parts: parts[0] - parts[1],
    "Concatenate": lambda parts: np.concatenate(parts, axis=-1),
}

values = {}
for layer in network["layers"]:
    if layer["class"] == "InputLayer":
        values[layer["name"]] = window[None]
        continue
    (call,) = layer["calls"]
    read = [values[name] for name, _, _ in call["inputs"]]
    arrays = [weights[name].astype(float) for name in layer["weights"]]
    if layer["class"] in MERGES:
        values[layer["name"]] = MERGES[layer["class"]](read)
    else:
        values[layer["name"]] = RULES[layer["class"]](layer["config"], *read, *arrays)
((name, _, _),) = network["outputs"]
targets = manifest["target"]["names"]
forecast = values[name][0] * np.array(scaler["scale"])[: len(targets)] + np.array(scaler["offset"])[: len(targets)]
print(json.dumps(forecast.tolist()))
"""


@pytest.mark.parametrize(
    "settings", [{}, {"residual": True}, {"residual": False, "linear_skip": False, "units": (4, 3)}]
)
def test_numpy_alone_forecasts_from_the_run_folder(settings, tmp_path):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(90, 3)) + np.sin(np.arange(90))[:, None]
    options = {"units": (4,), "epochs": 2, "log": False} | settings
    forecaster = sw.Forecaster(12, 3, **options).fit(table, target=["0", "1"], features="2")
    run = forecaster.save(tmp_path / "run")
    done = subprocess.run([sys.executable, "-c", READER, str(run)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), forecaster.predict(), rtol=1e-4, atol=1e-5)
