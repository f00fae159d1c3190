"""One window through an LSTM(64), by a run on NumPy and by its peers; and how long a run takes to load.

All have the same weights, and their outputs are compared before anything is timed. The calls take turns, so that what
else the machine does hits them alike.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

os.environ.setdefault("KERAS_BACKEND", "jax")

WINDOW, FEATURES, UNITS, HORIZON = 24, 1, 64, 12
ROUNDS, LOADS = 300, 5
KERAS, ORT, TORCH, OURS = "Keras, model.predict", "onnxruntime", "PyTorch, no_grad", "Seqwise on NumPy"
CALLS = {KERAS: 1, ORT: 20, TORCH: 20, OURS: 20}  # of a round

LOAD = """
import time
started, cpu = time.perf_counter(), time.process_time()
import sys
import seqwise as sw
run = sw.load(sys.argv[1], backend="numpy")
print(time.perf_counter() - started, time.process_time() - cpu)
"""


def numpy_call(model: Any, x: np.ndarray) -> Callable[[], np.ndarray]:
    from seqwise.artifact import describe_network
    from seqwise.artifact.numpy.network import NumpyNetwork

    network = NumpyNetwork(describe_network(model))
    return lambda: network(x)[0]


def keras_call(model: Any, x: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: model.predict(x, verbose=0)


def torch_call(model: Any, x: np.ndarray) -> Callable[[], np.ndarray]:
    import torch

    kernel, recurrent, bias, head, shift = (torch.from_numpy(np.array(w)) for w in model.get_weights())
    lstm: Any
    dense: Any
    lstm, dense = torch.nn.LSTM(FEATURES, UNITS, batch_first=True), torch.nn.Linear(UNITS, HORIZON)
    with torch.no_grad():
        for parameter, value in (
            (lstm.weight_ih_l0, kernel.T), (lstm.weight_hh_l0, recurrent.T), (lstm.bias_ih_l0, bias),
            (lstm.bias_hh_l0, torch.zeros_like(bias)), (dense.weight, head.T), (dense.bias, shift),
        ):  # fmt: skip
            parameter.copy_(value)
    window = torch.from_numpy(x)

    def call() -> np.ndarray:
        with torch.no_grad():
            return dense(lstm(window)[0][:, -1]).numpy()

    return call


def onnx_call(model: Any, x: np.ndarray) -> Callable[[], np.ndarray]:
    onnx, onnxruntime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    kernel, recurrent, bias, head, shift = model.get_weights()

    def gates(array: np.ndarray) -> np.ndarray:  # Keras's i, f, c, o → ONNX's i, o, f, c; one direction
        i, f, c, o = np.split(array, 4, axis=-1)
        return np.concatenate([i, o, f, c], axis=-1).T[None]

    arrays = {
        "W": gates(kernel), "R": gates(recurrent), "B": np.concatenate([gates(bias), gates(0 * bias)], axis=-1),
        "head": head, "shift": shift, "axes": np.array([0]),
    }  # fmt: skip
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["steps", "W", "R", "B"], ["", "h", ""], hidden_size=UNITS),
        helper.make_node("Squeeze", ["h", "axes"], ["last"]),
        helper.make_node("Gemm", ["last", "head", "shift"], ["y"]),
    ]
    number = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "lstm",
        [helper.make_tensor_value_info("x", number, ["samples", WINDOW, FEATURES])],
        [helper.make_tensor_value_info("y", number, ["samples", HORIZON])],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()],
    )
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(written.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


def microseconds(call: Callable[[], Any], calls: int) -> list[float]:
    """Time each call by itself: where the machine does something else in between, few of them are the longer for it."""
    times: list[float] = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1e6)
    return times


def window_table() -> Table:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([keras.Input((WINDOW, FEATURES)), layers.LSTM(UNITS), layers.Dense(HORIZON)])
    x = np.random.default_rng(0).normal(size=(1, WINDOW, FEATURES)).astype(np.float32)
    makers = {KERAS: keras_call, TORCH: torch_call, OURS: numpy_call}
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        makers[ORT] = onnx_call
    calls = {name: make(model, x) for name, make in makers.items()}
    expected = calls[KERAS]()
    for name, call in calls.items():
        np.testing.assert_allclose(call(), expected, rtol=1e-4, atol=1e-5, err_msg=name)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name] += microseconds(call, CALLS[name])
    table = Table(title=f"one window ({WINDOW}, {FEATURES}) through LSTM({UNITS}) and Dense({HORIZON})")
    for column in ("", "median µs", "quartiles µs", "× Seqwise"):
        table.add_column(column)
    ours = float(np.median(times[OURS]))
    for name, values in sorted(times.items(), key=lambda item: np.median(item[1])):
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
        table.add_row(name, f"{median:.1f}", f"{low:.1f} – {high:.1f}", f"{median / ours:.1f}")
    return table


def load_table() -> Table:
    import seqwise as sw

    series = 20 + 5 * np.sin(np.arange(200) / 3)
    with tempfile.TemporaryDirectory() as folder:
        run = sw.Forecaster(WINDOW, HORIZON, units=(UNITS,), epochs=1).fit(series).save(Path(folder) / "run")
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        loads = [
            subprocess.run(
                [sys.executable, "-c", LOAD, str(run)], capture_output=True, text=True, check=True, env=environment
            ).stdout.split()
            for _ in range(LOADS + 1)  # the first one writes the compiled modules
        ]
        loaded = sw.load(run, backend="numpy")
        forecast = np.quantile(microseconds(lambda: loaded.predict(series), ROUNDS), [0.25, 0.5, 0.75])
    seconds = np.array(loads[1:], dtype=float) * 1000
    table = Table(title="a Forecaster's run on NumPy")
    for column in ("", "median", "spread"):
        table.add_column(column)
    for name, values in (("import and load, ms", seconds[:, 0]), ("… of it processor time, ms", seconds[:, 1])):
        table.add_row(name, f"{np.median(values):.0f}", f"{values.min():.0f} – {values.max():.0f}")
    low, median, high = forecast
    table.add_row("predict(200 rows), µs", f"{median:.0f}", f"{low:.0f} – {high:.0f}")
    return table


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    console = Console()
    console.print(window_table())
    console.print(load_table())
