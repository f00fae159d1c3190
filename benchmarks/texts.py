"""Seconds per epoch of a text model: Embedding → Bidirectional LSTM 64 → 1 on 25,000 texts of up to 200 words.

Four programs train the same model on the same token ids with Adam and the same batch size, each in a process of its
own: Seqwise's fit loop, stock Keras on JAX and on TensorFlow (`model.fit` on texts padded to 200, `mask_zero`), and a
PyTorch loop on packed sequences, padded batch by batch. The texts are drawn: word counts are those of the film reviews
(rt-polarity in ../shared/data; 1 / rank where it is absent), lengths are log-normal with a median of 100 words.
Splitting texts into tokens is not timed, nor is importing. The first epoch includes what is compiled at its start.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

TEXTS, LONGEST, MEDIAN, SPREAD = 25_000, 200, 100, 0.6
WIDTH, UNITS, RATE = 64, 64, 1e-3
SEQWISE, JAX, TENSORFLOW, TORCH = PEERS = ("Seqwise", "Keras on JAX", "Keras on TensorFlow", "PyTorch, packed")
REVIEWS = Path(__file__).parent / "../../shared/data"


def word_counts() -> np.ndarray:
    """How often each word occurs in the film reviews, the most frequent first."""
    from collections import Counter

    if not REVIEWS.is_dir():
        return 1e6 / np.arange(1, 20_001)
    from seqwise.data import Tokenizer, read_texts

    texts = [
        text for part in ("neg", "pos") for text in read_texts(REVIEWS / f"rt-polarity.{part}", encoding="latin-1")
    ]
    tokenizer = Tokenizer(size=10**6, min_count=1).fit(texts)
    counts = Counter(tokenizer.encode(texts).values.ravel().tolist())
    return np.array(sorted(counts.values(), reverse=True), dtype=float)


def draw_texts(texts: int = TEXTS) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return token ids (steps,) of all texts, their lengths, a label each, and the vocabulary's size (with padding).

    A tenth of the words lean to one label, so that there is something to learn.
    """
    rng = np.random.default_rng(0)
    counts = word_counts()
    lengths = np.clip(np.round(rng.lognormal(np.log(MEDIAN), SPREAD, texts)), 5, LONGEST).astype(np.int64)
    ids = rng.choice(len(counts), size=lengths.sum(), p=counts / counts.sum()).astype(np.int32) + 1
    leaning = rng.normal(size=len(counts) + 1) * (rng.random(len(counts) + 1) < 0.1)
    sums = np.add.reduceat(leaning[ids], np.cumsum(lengths) - lengths)
    return ids, lengths, (sums > np.median(sums)).astype(np.float32), len(counts) + 1


def padded(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    x = np.zeros((len(lengths), LONGEST), np.int32)
    x[np.arange(LONGEST) < lengths[:, None]] = ids
    return x


def keras_model(keras: Any, words: int) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(words, WIDTH, mask_zero=True),
            layers.Bidirectional(layers.LSTM(UNITS)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(peer: str, epochs: int, batch: int, texts: int) -> dict[str, list[float]]:
    """Train in this process; seconds, loss and accuracy of each epoch."""
    ids, lengths, labels, words = draw_texts(texts)
    if peer == TORCH:
        return train_torch(ids, lengths, labels, words, epochs, batch)
    import keras

    keras.utils.set_random_seed(0)
    model = keras_model(keras, words)
    ends = []
    note_end = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    if peer == SEQWISE:
        from seqwise.data import Sequences
        from seqwise.layers import accelerate
        from seqwise.training import SequenceBatches, fit

        batches = SequenceBatches(Sequences(ids[:, None], lengths, ["token"]), labels[:, None])
        started = time.perf_counter()
        accelerate(model)
        history = fit(
            model,
            batches,
            None,
            epochs=epochs,
            batch_size=batch,
            patience=None,
            seed=0,
            callbacks=[note_end],
            verbose=False,
        ).history
    else:
        x = padded(ids, lengths)
        started = time.perf_counter()
        history = model.fit(x, labels, epochs=epochs, batch_size=batch, verbose=0, callbacks=[note_end]).history
    seconds = np.diff([started, *ends]).tolist()
    return {"seconds": seconds, "loss": history["loss"], "accuracy": history["accuracy"]}


def train_torch(
    ids: np.ndarray, lengths: np.ndarray, labels: np.ndarray, words: int, epochs: int, batch: int
) -> dict[str, list[float]]:
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    torch.manual_seed(0)
    x, count, y = torch.from_numpy(padded(ids, lengths)).long(), torch.from_numpy(lengths), torch.from_numpy(labels)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(words, WIDTH, padding_idx=0)
            self.lstm = nn.LSTM(WIDTH, UNITS, batch_first=True, bidirectional=True)
            self.head = nn.Linear(2 * UNITS, 1)

        def forward(self, x: Any, count: Any) -> Any:
            packed = pack_padded_sequence(self.embedding(x), count, batch_first=True, enforce_sorted=False)
            _, (h, _) = self.lstm(packed)
            return self.head(torch.cat([h[0], h[1]], 1))[:, 0]

    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    loss_of = nn.BCEWithLogitsLoss()
    found: dict[str, list[float]] = {"seconds": [], "loss": [], "accuracy": []}
    for _ in range(epochs):
        started, total, right = time.perf_counter(), 0.0, 0
        for rows in torch.randperm(len(y)).split(batch):
            longest = int(count[rows].max())
            optimizer.zero_grad()
            logits = net(x[rows, :longest], count[rows])
            loss = loss_of(logits, y[rows])
            loss.backward()
            optimizer.step()
            total, right = total + float(loss) * len(rows), right + int(((logits > 0) == (y[rows] > 0.5)).sum())
        for name, value in zip(found, (time.perf_counter() - started, total / len(y), right / len(y)), strict=True):
            found[name].append(value)
    return found


def train_afresh(peer: str, arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Run `train` in a new process, with no compiled program kept on disk from an earlier one."""
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow" if peer == TENSORFLOW else "jax",
        "JAX_ENABLE_COMPILATION_CACHE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    sizes = [str(arguments.epochs), str(arguments.batch), str(arguments.texts)]
    run = subprocess.run(
        [sys.executable, __file__, "--child", peer, *sizes], env=environment, capture_output=True, text=True
    )
    if run.returncode:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2, help="the least of those after the first is reported")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--peers", default=",".join(PEERS), help="some of them, divided by commas")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        peer, *sizes = arguments.child
        print(json.dumps(train(peer, *map(int, sizes))))
        return
    _, lengths, _, words = draw_texts(arguments.texts)
    table = Table(
        "program", "first epoch (s)", "epoch (s)", "× Seqwise, first", "× Seqwise", "loss", "accuracy",
        title=f"{len(lengths):,} texts of {lengths.min()}–{lengths.max()} words (mean {lengths.mean():.0f}), "
        f"{words:,} words in the vocabulary, batches of {arguments.batch}",
    )  # fmt: skip
    ours: tuple[float, float] | None = None
    for peer in [name for name in PEERS if name in arguments.peers.split(",")]:
        module = {TENSORFLOW: "tensorflow", TORCH: "torch"}.get(peer, "jax")
        if importlib.util.find_spec(module) is None:
            table.add_row(peer, f"{module} is not installed here")
            continue
        found = train_afresh(peer, arguments)
        first, later = found["seconds"][0], min(found["seconds"][1:] or found["seconds"])
        ours = ours or (first, later)
        table.add_row(
            peer, f"{first:.1f}", f"{later:.1f}", f"{first / ours[0]:.2f}", f"{later / ours[1]:.2f}",
            f"{found['loss'][-1]:.4f}", f"{found['accuracy'][-1]:.3f}",
        )  # fmt: skip
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)


if __name__ == "__main__":
    main()
