"""Seconds per epoch of a text model: Embedding → Bidirectional LSTM 64 → 1 on 25,000 texts of up to 200 words.

Four programs train the same model on the same token ids with Adam and the same batch size, each in a process of its
own: Seqwise's fit loop, stock Keras on JAX and on TensorFlow (`model.fit` on texts padded to 200, `mask_zero`), and a
PyTorch loop on packed sequences, padded batch by batch. The texts are drawn: word counts are those of the film reviews
(rt-polarity in ../shared/data; 1 / rank where it is absent), lengths are log-normal with a median of 100 words.
All start from embeddings drawn from the same range. Splitting texts into tokens is not timed, nor is importing. Each
run is a fresh process with a seed of its own; the peers take turns, so that a busy machine is busy for all. The first
epoch includes what is compiled at its start, and is listed apart.
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
from pathlib import Path
from typing import Any

import numpy as np
from fit import show

TEXTS, LONGEST, MEDIAN, SPREAD = 25_000, 200, 100, 0.6
WIDTH, UNITS, RATE = 64, 64, 1e-3
SEQWISE, JAX, TENSORFLOW, TORCH = PEERS = ("Seqwise", "Keras on JAX", "Keras on TensorFlow", "PyTorch packed")
MODULES = {SEQWISE: "jax", JAX: "jax", TENSORFLOW: "tensorflow", TORCH: "torch"}
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


def train(peer: str, epochs: int, batch: int, texts: int, seed: int) -> dict[str, list[float]]:
    """Train in this process; seconds, loss and accuracy of each epoch."""
    ids, lengths, labels, words = draw_texts(texts)
    if peer == TORCH:
        return train_torch(ids, lengths, labels, words, epochs, batch, seed)
    import keras

    keras.utils.set_random_seed(seed)
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
            seed=seed,
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
    ids: np.ndarray, lengths: np.ndarray, labels: np.ndarray, words: int, epochs: int, batch: int, seed: int
) -> dict[str, list[float]]:
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    torch.manual_seed(seed)
    x, count, y = torch.from_numpy(padded(ids, lengths)).long(), torch.from_numpy(lengths), torch.from_numpy(labels)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(words, WIDTH, padding_idx=0)
            nn.init.uniform_(self.embedding.weight, -0.05, 0.05)  # as Keras's
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


def train_afresh(peer: str, seed: int, arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Run `train` in a new process, with no compiled program kept on disk from an earlier one."""
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow" if peer == TENSORFLOW else "jax",
        "JAX_ENABLE_COMPILATION_CACHE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    sizes = [str(n) for n in (arguments.epochs, arguments.batch, arguments.texts, seed)]
    run = subprocess.run(
        [sys.executable, __file__, "--child", peer, *sizes], env=environment, capture_output=True, text=True
    )
    if run.returncode:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f}, {min(values):.{digits}f}–{max(values):.{digits}f}"


def table_rows(found: dict[str, list[dict[str, list[float]]]]) -> list[list[str]]:
    """Return a row for each peer: the median and min–max of an epoch over the runs, and its ratio to Seqwise's.

    An epoch's seconds in a run are the median of those after the first.
    """
    firsts = {peer: [run["seconds"][0] for run in runs] for peer, runs in found.items()}
    later = {peer: [statistics.median(run["seconds"][1:]) for run in runs] for peer, runs in found.items()}
    rows = []
    for peer, runs in found.items():
        ratios = [
            f"{statistics.median(taken[peer]) / statistics.median(taken[SEQWISE]):.2f}" if SEQWISE in taken else ""
            for taken in (firsts, later)
        ]
        lasts = [spread([run[name][-1] for run in runs], 3) for name in ("loss", "accuracy")]
        rows.append([peer, spread(firsts[peer], 1), spread(later[peer], 1), *ratios, *lasts])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--epochs", type=int, default=2, help="of a run, at least 2; the first is listed apart (default 2)"
    )
    parser.add_argument("--runs", type=int, default=3, help="of each peer (default 3)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--peers", default=",".join(PEERS), help=f"some of them, divided by commas: {', '.join(PEERS)}")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        peer, *sizes = arguments.child
        print(json.dumps(train(peer, *map(int, sizes))))
        return
    peers = arguments.peers.split(",")
    if unknown := set(peers) - set(PEERS):
        parser.error(f"there is no peer {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    if arguments.epochs < 2 or arguments.runs < 1:
        parser.error("at least 2 epochs and 1 run are needed: the first epoch is listed apart from the others")
    absent = [peer for peer in peers if importlib.util.find_spec(MODULES[peer]) is None]
    notes = [f"{MODULES[peer]} is not installed here: {peer} is left out" for peer in absent]
    found: dict[str, list[dict[str, list[float]]]] = {peer: [] for peer in peers if peer not in absent}
    for seed in range(arguments.runs):
        for peer, runs in found.items():
            runs.append(train_afresh(peer, seed, arguments))

    _, lengths, _, words = draw_texts(arguments.texts)
    title = (
        f"{len(lengths):,} texts of {lengths.min()}–{lengths.max()} words (mean {lengths.mean():.0f}), {words:,} words "
        f"in the vocabulary, batches of {arguments.batch}"
    )
    notes += [
        f"median, min–max of {arguments.runs} run(s), the peers in turns; loss and accuracy: of training epoch "
        f"{arguments.epochs}",
    ]
    header = ["program", "first epoch, s", "an epoch, s", "first ÷ Seqwise's", "epoch ÷ Seqwise's", "loss", "accuracy"]
    show(title, header, table_rows(found), notes, arguments.markdown)


if __name__ == "__main__":
    main()
