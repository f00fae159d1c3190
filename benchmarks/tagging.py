"""Accuracy of `Tagger` with its default settings, beside a linear model and the most frequent tag of each word.

python benchmarks/tagging.py [--seeds 5] [--crf] [--labelled N [--pretrain]]

The tags are those of compromise, a tagger of rules and a lexicon (an npm package, MIT), so they say how well a tagger
learns from words, their spelling and those beside them, not how well it knows English. The texts are the questions of
TREC's training set, customer reviews and favourable film reviews, all in ../shared/data; each seed holds out another
fifth of them. The linear model is a support vector machine on the usual features (as in Ratnaparkhi 1996): the word,
two on each side, pairs of them, first and last letters, capitals, digits and hyphens. Settings of the Tagger were
chosen on another split of these texts: the figures are no test.

With --labelled N only so many of the training texts have tags; with --pretrain the others are learned from without.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.svm import LinearSVC

import seqwise as sw

DATA = Path(__file__).parent / "../../shared/data"
COMPROMISE = "compromise@14.17.0"
TAGS = (
    "ProperNoun Pronoun Determiner Preposition Conjunction Auxiliary Modal Copula Negative QuestionWord Adverb Gerund "
    "PastTense Infinitive PresentTense Verb Adjective Possessive Plural Value Noun Expression"
)  # the first that a word has is its tag
SCRIPT = """
import nlp from 'compromise'
import fs from 'fs'
const [texts, tags] = JSON.parse(fs.readFileSync(0))
const tagOf = term => tags.find(tag => term.tags.includes(tag)) || 'X'
const tagged = texts.map(text => nlp(text).json().flatMap(sentence => sentence.terms)
  .filter(term => term.text.trim()).map(term => [term.text, tagOf(term)]))
console.log(JSON.stringify(tagged.filter(words => words.length)))
"""


def read_texts() -> list[str]:
    texts = [
        line[2:]
        for name in ("TREC.train.all", "custrev.all")
        for line in (DATA / name).read_text("latin-1").splitlines()
    ]
    return texts + (DATA / "rt-polarity.pos").read_text("latin-1").splitlines()


def tag_texts(texts: list[str]) -> list[list[tuple[str, str]]]:
    """Return the words of each text with their tags, as compromise finds them in Node.js."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "--prefix", folder, COMPROMISE], check=True)
        script = Path(folder) / "tag.mjs"
        script.write_text(SCRIPT)
        asked = json.dumps([texts, TAGS.split()])
        return json.loads(
            subprocess.run(["node", script], input=asked, capture_output=True, text=True, check=True).stdout
        )


def features_of(words: list[str]) -> Iterator[list[str]]:
    """Return what the linear model reads of each word."""
    around = ["<<", "<", *(word.lower() for word in words), ">", ">>"]
    for i, (word, (before2, before, own, after, after2)) in enumerate(
        zip(words, zip(*(around[k:] for k in range(5)), strict=False), strict=True)
    ):
        neighbours = [f"-2 {before2}", f"-1 {before}", f"0 {own}", f"1 {after}", f"2 {after2}"]
        pairs = [f"-1,0 {before} {own}", f"0,1 {own} {after}", f"-1,1 {before} {after}"]
        letters = [f"{n} {own[:n]}" for n in range(1, 5)] + [f"-{n} {own[-n:]}" for n in range(1, 5)]
        ends = [f"-1 ends {before[-3:]}", f"1 ends {after[-3:]}"]
        shape = [
            f"capital {word[:1].isupper()} {i == 0}",
            f"digit {any(map(str.isdigit, word))}",
            f"hyphen {'-' in word}",
        ]
        yield [*neighbours, *pairs, *letters, *ends, *shape]


def linear_accuracy(x: list[list[str]], y: list[list[str]], x_test: list[list[str]], truth: np.ndarray) -> float:
    hasher = FeatureHasher(2**20, input_type="string", alternate_sign=False)
    train, test = (
        hasher.transform(features for words in part for features in features_of(words)) for part in (x, x_test)
    )
    model = LinearSVC(C=0.1, random_state=0).fit(train, [tag for tags in y for tag in tags])
    return float(np.mean(model.predict(test) == truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--crf", action="store_true")
    parser.add_argument("--labelled", type=int)
    parser.add_argument("--pretrain", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("npm") is None or not DATA.exists():
        print(f"left out: tagging needs npm and {DATA}")
        return
    tagged = tag_texts(read_texts())
    x, y = [[word for word, _ in words] for words in tagged], [[tag for _, tag in words] for words in tagged]
    print(f"{len(x):,} texts, {sum(map(len, x)):,} words, {len({tag for tags in y for tag in tags})} tags")
    found: dict[str, list[float]] = {"Tagger": [], "its unseen words": [], "linear": [], "usual tag": []}
    seconds = []
    for seed in range(arguments.seeds):
        order = np.random.default_rng(seed).permutation(len(x)).tolist()
        (x_test, y_test), (x_train, y_train) = (
            ([x[i] for i in part], [y[i] for i in part]) for part in (order[: len(x) // 5], order[len(x) // 5 :])
        )
        more = x_train[arguments.labelled :] if arguments.labelled and arguments.pretrain else None
        x_train, y_train = x_train[: arguments.labelled], y_train[: arguments.labelled]
        truth = np.array([tag for tags in y_test for tag in tags])
        started = time.perf_counter()
        tagger = sw.Tagger(seed=seed, crf=arguments.crf).fit(x_train, y_train, pretrain=more, verbose=False)
        seconds.append(time.perf_counter() - started)
        right = np.concatenate(tagger.predict(x_test)) == truth
        seen = {word for words in x_train for word in words}
        unseen = np.array([word not in seen for words in x_test for word in words])
        found["Tagger"].append(float(right.mean()))
        found["its unseen words"].append(float(right[unseen].mean()))
        found["linear"].append(linear_accuracy(x_train, y_train, x_test, truth))
        found["usual tag"].append(tagger.evaluate(x_test, y_test).baselines["simple"]["accuracy"])
    cells = [f"{statistics.mean(values):.4f} ± {statistics.pstdev(values):.4f}" for values in found.values()]
    print(f"| {' | '.join(found)} | seconds of a training |\n|{'---|' * (len(found) + 1)}")
    print(f"| {' | '.join(cells)} | {statistics.mean(seconds):.0f} |")


if __name__ == "__main__":
    main()
