"""Time of `model.fit` for the small models that tutorials start with: stock Keras beside `accelerate`, by backend.

Ten epochs, the compilation of the first step included and importing left out; every run is a fresh process, and no
compiled program is kept on disk between them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import product
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

EPOCHS, BATCH = 10, 32
BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}
PEERS = [(ours, backend) for backend in BACKENDS for ours in (True, False)]  # our layers, and Keras's own
VOCABULARY, TOKENS = 10_000, 100
MODELS = {
    "LSTM 50, 20 × 1, 1,000 samples": "small",
    "two LSTM 50, 20 × 1, 1,000 samples": "stacked",
    "LSTM 128 → 64, 50 × 3, 2,000 samples": "narrowing",
    "Embedding → Bidirectional(LSTM 64), 100 tokens, 2,000 samples": "text",
    "the same, mask_zero": "masked text",
}


def build(keras: Any, kind: str) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a compiled model with its inputs and targets, the same for every peer."""
    layers, random = keras.layers, np.random.default_rng(0)
    if "text" in kind:
        body = [
            keras.Input((TOKENS,), dtype="int32"),
            layers.Embedding(VOCABULARY, 64, mask_zero=kind == "masked text"),
            layers.Bidirectional(layers.LSTM(64)),
            layers.Dense(1, activation="sigmoid"),
        ]
        x = random.integers(1, VOCABULARY, (2_000, TOKENS)).astype(np.int32)
        x[np.arange(TOKENS) >= random.integers(10, TOKENS + 1, (len(x), 1))] = 0  # 10–100 tokens, padded at the end
        y, loss = (x[:, :1] % 2).astype(np.float32), "binary_crossentropy"
    else:
        samples, steps, features, units = {
            "small": (1_000, 20, 1, (50,)),
            "stacked": (1_000, 20, 1, (50, 50)),
            "narrowing": (2_000, 50, 3, (128, 64)),
        }[kind]
        rnn = [layers.LSTM(u, return_sequences=k + 1 < len(units)) for k, u in enumerate(units)]
        body = [keras.Input((steps, features)), *rnn, layers.Dense(1)]
        x = random.standard_normal((samples, steps, features)).astype(np.float32)
        y, loss = x[:, -5:, :1].mean(1), "mse"
    model = keras.Sequential(body)
    model.compile("adam", loss)
    return model, x, y


def fit(ours: bool, kind: str) -> dict[str, float]:
    """Train once in this process: seconds in all, seconds of the first epoch, and the last loss."""
    import keras

    keras.utils.set_random_seed(0)
    model, x, y = build(keras, kind)
    ends: list[float] = []
    started = time.perf_counter()
    if ours:
        from seqwise.layers import accelerate

        started = time.perf_counter()
        accelerate(model)
    note_end = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    history = model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[note_end])
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "first": ends[0] - started, "loss": history.history["loss"][-1]}


def fit_afresh(ours: bool, backend: str, kind: str) -> dict[str, float]:
    """Run `fit` in a new process."""
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "JAX_ENABLE_COMPILATION_CACHE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, __file__, "--child", "ours" if ours else "stock", kind]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def show(title: str, header: list[str], rows: list[list[str]], notes: list[str], markdown: bool) -> None:
    """Print the one table of a run and the notes below it."""
    if markdown:
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows))
        print(f"**{title}**\n\n{table}\n\n" + "\n".join(f"- {note}" for note in notes))
        return
    table = Table(*header, title=title)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    console.print(table, *notes, sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each model and peer (default 3)")
    parser.add_argument("--only", default="", help="a part of a model's name")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--backends", default=",".join(BACKENDS), help="of these, by commas (default all)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(fit(arguments.child[0] == "ours", arguments.child[1])))
        return
    notes, backends = [], []
    for backend in arguments.backends.split(","):
        if importlib.util.find_spec(backend):
            backends.append(backend)
        else:
            notes.append(f"{BACKENDS[backend]} is not installed here")
    peers = [(ours, backend) for ours, backend in PEERS if backend in backends]
    models = {name: kind for name, kind in MODELS.items() if arguments.only in name}
    found: dict[tuple[str, bool, str], list[dict[str, float]]] = {}
    for _ in range(arguments.runs):  # the peers take turns, so that a busy machine is busy for all
        for (name, kind), (ours, backend) in product(models.items(), peers):
            run = fit_afresh(ours, backend, kind)
            found.setdefault((name, ours, backend), []).append(run)
            print(f"{name}, {'ours' if ours else 'stock'} on {BACKENDS[backend]}: {run['seconds']:.2f} s, the first "
                  f"epoch {run['first']:.2f} s", file=sys.stderr)  # fmt: skip

    header = ["model"]
    for backend in backends:
        header += [f"seqwise on {BACKENDS[backend]}: s (first epoch)", f"Keras on {BACKENDS[backend]}", "×"]
    rows, ratios = [], {backend: [] for backend in backends}
    for name in models:
        row = [name]
        for backend in backends:
            middles = []
            for ours in (True, False):
                runs = found[name, ours, backend]
                seconds, first = [run["seconds"] for run in runs], statistics.median(run["first"] for run in runs)
                middles.append(statistics.median(seconds))
                row.append(f"{middles[-1]:.2f}, {min(seconds):.2f}–{max(seconds):.2f} ({first:.2f})")
            ratios[backend].append(middles[1] / middles[0])
            row.append(f"{ratios[backend][-1]:.2f}")
            losses = [found[name, ours, backend][0]["loss"] for ours in (True, False)]
            if abs(losses[0] - losses[1]) > 0.02 * abs(losses[1]) + 1e-3:
                notes.append(
                    f"{name}, {BACKENDS[backend]}: the last losses differ, {losses[0]:.4g} and {losses[1]:.4g}"
                )
        rows.append(row)
    for backend, values in ratios.items():
        mean = statistics.geometric_mean(values)
        notes.append(f"× Keras on {BACKENDS[backend]}: geometric mean {mean:.2f}, least {min(values):.2f}")
    title = f"{EPOCHS} epochs of model.fit, first compilation included: median, min–max of {arguments.runs}"
    show(title, header, rows, notes, arguments.markdown)


if __name__ == "__main__":
    main()
