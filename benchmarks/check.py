"""How long `seqwise.check` takes after import: 5 layers, 10,000 × 100 × 8 inputs, with and without validation."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import seqwise as sw

RUNS = 9


def measure(run: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return seconds


def main() -> None:
    layers = keras.layers
    x = np.random.default_rng(0).normal(size=(12_500, 100, 8)).astype("float32")
    y = x[:, -1, :1]
    stack = [layers.LSTM(64, return_sequences=True), layers.Dropout(0.1), layers.LSTM(64), layers.Dense(32)]
    model = keras.Sequential([keras.Input((100, 8)), *stack, layers.Dense(1)])
    model.compile("adam", "mse")
    train, held = (x[:10_000], y[:10_000]), (x[10_000:], y[10_000:])
    check = sw.check  # its import is not counted
    table = Table(title="seqwise.check, 5 layers, input (10000, 100, 8)")
    for column in ("", "first s", "median s", "max s"):
        table.add_column(column)
    cases: dict[str, Callable[[], object]] = {
        "float32": lambda: check(model, *train),
        "float64": lambda: check(model, train[0].astype("float64"), train[1]),
        "with a validation set of 2,500": lambda: check(model, *train, validation=held),
    }
    for name, case in cases.items():
        seconds = measure(case)
        table.add_row(name, f"{seconds[0]:.3f}", f"{statistics.median(seconds):.3f}", f"{max(seconds):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
