"""Film-review sentences, positive or negative: 10-fold accuracy of `Classifier` with its default settings.

The 5,331 + 5,331 sentences of Pang & Lee 2005 (rt-polarity in ../shared/data), no pretrained vectors. Each seed deals
the folds anew (stratified) and seeds the estimator; beside it, on the same folds, a bag of words: scikit-learn's TF-IDF
(``sublinear_tf``) with logistic regression, of words, and of words and pairs of words. Published for a CNN without
pretrained vectors: 0.759 (../shared/data/MANIFEST.md).

The defaults for texts were chosen on single splits of the same sentences, drawn by other seeds (100–203).
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

import seqwise as sw

DATA = Path(__file__).parent / "../../shared/data"
FOLDS = 10


def bag_of_words(pairs: bool) -> Any:
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2 if pairs else 1))
    return make_pipeline(words, LogisticRegression(C=10 if pairs else 1, max_iter=1000))


def one_seed(texts: np.ndarray, y: np.ndarray, seed: int, folds: int, recipe: str) -> dict[str, list[float]]:
    """Return the accuracies of the folds, of each model, and the seconds of training."""
    found: dict[str, list[float]] = {"Classifier": [], "words": [], "words and pairs": [], "seconds": []}
    deal = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(texts, y)
    for _, (train, test) in zip(range(folds), deal, strict=False):
        started = time.perf_counter()
        classifier = sw.Classifier(seed=seed, recipe=recipe).fit(texts[train], y[train], verbose=False)
        found["seconds"].append(time.perf_counter() - started)
        found["Classifier"].append(classifier.score(texts[test], y[test]))
        for name in ("words", "words and pairs"):
            model = bag_of_words(name != "words").fit(texts[train], y[train])
            found[name].append(float(model.score(texts[test], y[test])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folds", type=int, default=FOLDS, help=f"of the {FOLDS}, how many are run")
    parser.add_argument("--recipe", default="auto", help="of the Classifier: lstm leaves the pairs of words out")
    arguments = parser.parse_args()
    parts = [sw.data.read_texts(DATA / f"rt-polarity.{part}", encoding="latin-1") for part in ("neg", "pos")]
    texts = np.array(parts[0] + parts[1], dtype=object)
    y = np.repeat(["negative", "positive"], [len(part) for part in parts])
    means: dict[str, list[float]] = {}
    print("| seed | Classifier | bag of words | words and pairs | seconds of a training |\n|---|---|---|---|---|")
    for seed in range(arguments.seeds):
        found = one_seed(texts, y, seed, arguments.folds, arguments.recipe)
        for name, values in found.items():
            means.setdefault(name, []).append(statistics.mean(values))
        *scores, seconds = (values[-1] for values in means.values())
        print(f"| {seed} | " + " | ".join(f"{v:.4f}" for v in scores) + f" | {seconds:.1f} |", flush=True)
    cells = [f"{statistics.mean(v):.4f} ± {statistics.pstdev(v):.4f}" for v in list(means.values())[:3]]
    print(f"| mean ± spread over the seeds | {' | '.join(cells)} | {statistics.mean(means['seconds']):.1f} |")


if __name__ == "__main__":
    main()
