"""Sequences of unequal lengths: Japanese Vowels beside simple models and published figures, and what bucketing gains.

python benchmarks/sequences.py vowels     train and test as given, recipe="lstm"
python benchmarks/sequences.py choose     what the defaults were chosen on: cross-validation within the training set
python benchmarks/sequences.py buckets    seconds an epoch with batches of like lengths, and without
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import StratifiedKFold

import seqwise as sw
from seqwise.data import Sequences, read_texts, read_ts
from seqwise.evaluation.classification import CHANCE, COLUMNS
from seqwise.layers import stock_layers
from seqwise.training.buckets import bucket_lengths

TURNS = 2  # of buckets: trainings of each kind
SHARED = Path(__file__).parent / "../../shared/data"
PUBLISHED = {
    "an LSTM tutorial": 0.954,
    "1-nearest-neighbour": 0.951,
    "the best kernel method": 0.986,
}
# what was tried; the first is the default
ALTERNATIVES: dict[str, dict[str, Any]] = {
    "default": {},
    "dropout 0": {"dropout": 0.0},
    "dropout 0.5": {"dropout": 0.5},
    "one direction": {"bidirectional": False},
    "the last state": {"pooling": "last"},
    "the maximum": {"pooling": "max"},
    "last state and mean": {"pooling": "last+mean"},
    "128 units": {"units": (128,)},
    "two layers": {"units": (64, 64)},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "no validation set": {"validation": 0},
}


def read_vowels(part: str) -> Sequences:
    path = SHARED / f"JapaneseVowels_{part}.ts"
    if not path.exists():
        raise SystemExit(f"{path} is absent: the Japanese Vowels of the UEA archive are needed for this table.")
    return read_ts(path)


def read_reviews() -> tuple[list[str], list[str]]:
    """Return the texts and the mood of each, all of the one before all of the other."""
    paths = {mood: SHARED / f"rt-polarity.{mood}" for mood in ("neg", "pos")}
    for path in paths.values():
        if not path.exists():
            raise SystemExit(f"{path} is absent: the film reviews are needed for this table.")
    texts = {mood: read_texts(path, encoding="latin-1") for mood, path in paths.items()}
    return [t for found in texts.values() for t in found], [mood for mood, found in texts.items() for _ in found]


def vowels(seeds: int) -> tuple[Table, list[str]]:
    """Score the LSTM alone on the test set, with several seeds."""
    train, test = read_vowels("TRAIN"), read_vowels("TEST")
    scores: dict[str, list[dict[str, float]]] = {}
    names, seconds, right = {}, [], []
    for seed in range(seeds):
        classifier = sw.Classifier(recipe="lstm", seed=seed).fit(train)
        evaluation = classifier.evaluate(test)
        names = evaluation.names
        seconds.append(classifier.training_.seconds)
        right.append(evaluation.predicted() == evaluation.truth)
        for name, found in evaluation.scores.items():
            scores.setdefault(name, []).append(found)
    title = f"Japanese Vowels, {len(train)} to train on, {len(test)} to test"
    table = Table("", *(metric.title for metric in COLUMNS), title=title)
    for name, found in scores.items():
        cells = []
        for metric in (column.name for column in COLUMNS):
            values = [s[metric] for s in found]
            spread = f" ± {statistics.stdev(values):.4f}" if seeds > 1 and name == "model" else ""
            cells.append(f"{statistics.mean(values):.4f}{spread}")
        table.add_row(f"{names[name]}{f', {seeds} seeds' if name == 'model' else ''}", *cells)
    for name, accuracy in PUBLISHED.items():
        table.add_row(f"published: {name}", f"{accuracy:.3f}", *[""] * (len(COLUMNS) - 1))
    accuracies = [float(r.mean()) for r in right]
    error = CHANCE * np.sqrt(np.mean(accuracies) * (1 - np.mean(accuracies)) / len(test))
    return table, [
        "the model: " + ", ".join(f"{a:.4f}" for a in accuracies) + f" (least {min(accuracies):.4f})",
        f"{len(test)} test sequences tell accuracies apart that differ by more than {error:.3f}",
        f"{statistics.median(seconds):.1f} s a training (median), the compilation of the programs included",
    ]


def choose(seeds: int) -> tuple[Table, list[str]]:
    """Cross-validate alternatives to the defaults within the training set; the test set is not read."""
    train = read_vowels("TRAIN")
    assert train.labels is not None
    table = Table("settings", "accuracy", "mistakes", "log loss", "s each", title="5 folds of the training set")
    for name, settings in ALTERNATIVES.items():
        accuracies, losses, seconds, wrong = [], [], [], 0
        for seed in range(seeds):
            folds = StratifiedKFold(5, shuffle=True, random_state=seed)
            for fit, held in folds.split(train.labels, train.labels):
                classifier = sw.Classifier(recipe="lstm", **settings, seed=seed).fit(train.take(fit))
                scores = classifier.evaluate(train.take(held)).metrics
                accuracies.append(scores["accuracy"])
                losses.append(scores["log_loss"])
                seconds.append(classifier.training_.seconds)
                wrong += round((1 - scores["accuracy"]) * len(held))
        table.add_row(
            name, f"{np.mean(accuracies):.4f}", f"{wrong} of {len(train) * seeds}", f"{np.mean(losses):.4f}",
            f"{np.median(seconds):.1f}",
        )  # fmt: skip
    return table, []


def buckets(epochs: int, stock: bool) -> tuple[Table, list[str]]:
    """Time epochs with batches of like lengths and with all padded to the longest, taking turns."""
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=(n, 3)).astype(np.float32) for n in rng.integers(10, 1001, 1000)]
    texts, moods = read_reviews()
    sets: dict[str, tuple[Any, Any]] = {
        "Japanese Vowels": (read_vowels("TRAIN"), None),
        "film reviews": (texts, moods),
        "lengths drawn evenly": (drawn, rng.integers(0, 2, len(drawn))),
    }
    table = Table(
        "", "sequences", "timesteps", "padding: of like lengths", "to the longest", "of like lengths: s",
        "to the longest: s", "ratio", title="seconds an epoch, median (range)",
    )  # fmt: skip
    for name, (x, y) in sets.items():
        found: dict[bool, list[float]] = {True: [], False: []}
        lengths = np.zeros(0, int)
        for _ in range(TURNS):
            for bucketing, seconds in found.items():
                more, lengths = epoch_seconds(x, y, epochs, stock, bucketing=bucketing)
                seconds += more
        tops = bucket_lengths(lengths)
        padding = [tops[np.searchsorted(tops, lengths)].sum(), lengths.max() * len(lengths)] / lengths.sum() - 1
        cells = [f"{statistics.median(s):.3f} ({min(s):.3f}–{max(s):.3f})" for s in found.values()]
        table.add_row(
            name, f"{len(lengths):,}", f"{lengths.min()}–{lengths.max()}", *(f"{p:.0%}" for p in padding), *cells,
            f"{statistics.median(found[False]) / statistics.median(found[True]):.2f}",
        )  # fmt: skip
    return table, [
        "bidirectional LSTM of 64 units, default settings; padding is given as a share of the real steps",
        f"{TURNS} trainings of each kind, {epochs} epochs timed of each; the one before them, with the compilation, "
        "is left out",
        "on Keras's own loop"
        if stock
        else "the kernel skips padding in both kinds; --stock shows what is gained without it",
    ]


def epoch_seconds(x: Any, y: Any, epochs: int, stock: bool, *, bucketing: bool) -> tuple[list[float], np.ndarray]:
    """Return the seconds of each epoch but the first, and the timesteps; with `stock` on Keras's own loop."""
    import keras

    ends: list[float] = []
    loops = contextlib.ExitStack()
    note: Any = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: loops.enter_context(stock_layers(note.model)) if stock else None,
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()),
    )
    classifier = sw.Classifier(recipe="lstm", epochs=epochs + 1, validation=0, bucketing=bucketing)
    with loops:
        classifier.fit(x, y, callbacks=[note], verbose=False)
    return np.diff(ends).tolist(), classifier.input_.prepare(classifier.raw_).lengths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["vowels", "choose", "buckets"])
    parser.add_argument("--seeds", type=int, default=5, help="of vowels and choose (default 5)")
    parser.add_argument("--stock", action="store_true", help="of buckets: on Keras's own loop")
    parser.add_argument("--epochs", type=int, default=3, help="of buckets: timed in each training (default 3)")
    arguments = parser.parse_args()
    made = {"vowels": vowels, "choose": choose}.get(arguments.what)
    table, notes = made(arguments.seeds) if made else buckets(arguments.epochs, arguments.stock)
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    console.print(table, *notes, sep="\n")


if __name__ == "__main__":
    main()
