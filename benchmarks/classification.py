"""Accuracy of `Classifier` with its default settings, beside every baseline: train and test as the archives give them.

python benchmarks/classification.py [SET …] [--seeds 5] [--recipe auto]

Sequences of the UCR and UEA archives (GunPoint, ItalyPowerDemand, ArrowHead, BasicMotions, JapaneseVowels), questions
(TREC), and two sets of sentences without a test set, of which one stratified tenth is held out by each seed: customer
reviews (CR) and film reviews (MR). All in ../shared/data. Nothing is chosen on these test sets; settings are chosen on
parts of the training sets and on generated ones: outlines, days, bumps, motions, sounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from generated_sequences import GENERATED
from sklearn.model_selection import StratifiedShuffleSplit

import seqwise as sw

DATA = Path(__file__).parent / "../../shared/data"
SEQUENCES = ("GunPoint", "ItalyPowerDemand", "ArrowHead", "BasicMotions", "JapaneseVowels")
TEXTS = ("TREC", "CR", "MR")
COLUMNS = ("model", "nearest", "warped", "kernels", "simple", "pairs", "majority")


def read_texts(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the texts of a file of one label and text a line, or of the two files of MR, and their labels."""
    if name == "MR":
        parts = [sw.data.read_texts(DATA / f"rt-polarity.{mood}", encoding="latin-1") for mood in ("neg", "pos")]
        return np.array([*parts[0], *parts[1]], dtype=object), np.repeat(["neg", "pos"], [len(part) for part in parts])
    lines = (DATA / name).read_text(encoding="latin-1").splitlines()
    return np.array([line[2:] for line in lines], dtype=object), np.array([line[0] for line in lines])


def parts_of(name: str, seed: int) -> tuple[Any, Any, Any, Any]:
    """Return (X, y) to train on and (X, y) to test."""
    if name in GENERATED:
        return GENERATED[name](seed)
    if name in SEQUENCES:
        return DATA / f"{name}_TRAIN.ts", None, DATA / f"{name}_TEST.ts", None
    if name == "TREC":
        return *read_texts("TREC.train.all"), *read_texts("TREC.test.all")
    texts, y = read_texts("custrev.all" if name == "CR" else name)
    train, test = next(StratifiedShuffleSplit(1, test_size=0.1, random_state=seed).split(texts, y))
    return texts[train], y[train], texts[test], y[test]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=[*SEQUENCES, *TEXTS])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipe", default="auto")
    arguments = parser.parse_args()
    print(f"| set | {' | '.join(COLUMNS)} | seconds of a training |\n|{'---|' * (len(COLUMNS) + 2)}")
    for name in arguments.sets:
        scores: dict[str, list[float]] = {}
        seconds = []
        for seed in range(arguments.seeds):
            x, y, x_test, y_test = parts_of(name, seed)
            started = time.perf_counter()
            classifier = sw.Classifier(seed=seed, recipe=arguments.recipe).fit(x, y, verbose=False)
            seconds.append(time.perf_counter() - started)
            for key, found in classifier.evaluate(x_test, y_test).scores.items():
                scores.setdefault(key, []).append(found["accuracy"])
        cells = [
            f"{statistics.mean(scores[key]):.3f} ± {statistics.pstdev(scores[key]):.3f}" if key in scores else ""
            for key in COLUMNS
        ]
        print(f"| {name} | {' | '.join(cells)} | {statistics.mean(seconds):.0f} |", flush=True)


if __name__ == "__main__":
    main()
