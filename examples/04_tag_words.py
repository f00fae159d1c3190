"""Find names, amounts and dates in sentences: a tag for every word, beside each word's usual tag.

The data are made here. "may" is a month, a name or a verb: only the words around it tell.
"""

from pathlib import Path

import numpy as np

import seqwise as sw

RUN = Path("runs/tags")
NAMES = ["May", "June", "Ann", "Mark", "Bill"]
MONTHS = ["may", "june", "march", "april"]
FRAMES = [
    ("NAME pays NUMBER on DAY MONTH", "name O amount O date date"),
    ("in MONTH NAME may pay NUMBER", "O date name O O amount"),
    ("the bill of NAME is due in MONTH", "O O O name O O O date"),
    ("NAME and NAME march to the bank", "name O name O O O O"),
]


def make_sentences(count: int, seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """Return the words of each sentence, in lower case as people type them, and their tags."""
    rng = np.random.default_rng(seed)
    drawn = {
        "NAME": lambda: rng.choice(NAMES).lower(),
        "MONTH": lambda: rng.choice(MONTHS),
        "NUMBER": lambda: str(rng.integers(10, 999)),
        "DAY": lambda: str(rng.integers(1, 29)),
    }
    frames = [FRAMES[i] for i in rng.integers(0, len(FRAMES), count)]
    words = [[str(drawn[word]()) if word in drawn else word for word in frame.split()] for frame, _ in frames]
    return words, [tags.split() for _, tags in frames]


def main() -> None:
    sentences, tags = make_sentences(300, seed=0)
    tagger = sw.Tagger(units=(32,), embedding=32, epochs=40, learning_rate=0.01, test=0.2, seed=0)
    summary, notes = tagger.shapes(sentences, tags)
    print("\n".join(notes), summary, sep="\n")

    tagger.fit(sentences, tags)
    evaluation = tagger.evaluate()
    print(f"\n{evaluation.part}, {len(evaluation)} words:\n{evaluation}")

    new = ["may", "and", "bill", "may", "pay", "250", "on", "3", "may"]
    print(f"\n{'  '.join(f'{word}/{tag}' for word, tag in zip(new, tagger.predict([new])[0], strict=True))}")
    print(f"\nwrote {tagger.save(RUN) / 'report.html'}")


if __name__ == "__main__":
    main()
