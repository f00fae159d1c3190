"""Translate English into French: `python examples/05_translate.py [FOLDER]`.

The sentences are made here. Their words stand in another order in French, and agree in gender: a dictionary is not
enough.
"""

import itertools
import random
import sys
from pathlib import Path

import seqwise as sw

WHO = {"I see": "Je vois", "You want": "Tu veux", "She paints": "Elle peint", "We sell": "Nous vendons"}
WHICH = {"a": ("un", "une"), "the": ("le", "la"), "my": ("mon", "ma"), "this": ("ce", "cette")}
COLOURS = {
    "red": ("rouge", "rouge"),
    "green": ("vert", "verte"),
    "white": ("blanc", "blanche"),
    "grey": ("gris", "grise"),
}
THINGS = {  # 0: le, 1: la
    "book": ("livre", 0),
    "garden": ("jardin", 0),
    "boat": ("bateau", 0),
    "house": ("maison", 1),
    "car": ("voiture", 1),
    "door": ("porte", 1),
}


def make_pairs() -> tuple[list[str], list[str]]:
    english, french = [], []
    for who, which, colour, thing in itertools.product(WHO, WHICH, COLOURS, THINGS):
        word, gender = THINGS[thing]
        english.append(f"{who} {which} {colour} {thing}.")
        french.append(f"{WHO[who]} {WHICH[which][gender]} {word} {COLOURS[colour][gender]}.")
    order = random.Random(0).sample(range(len(english)), len(english))
    return [english[i] for i in order], [french[i] for i in order]


def main(folder: Path | None = None) -> None:
    english, french = make_pairs()
    print(f"{len(english)} pairs, such as: {english[0]} → {french[0]}")
    # far smaller than the defaults, which are for tens of thousands of pairs
    translator = sw.Translator(units=(48,), embedding=24, tokens="words", min_count=1, learning_rate=0.01, epochs=15)
    translator.fit(english[:200], french[:200])
    print(translator.evaluate(english[200:], french[200:]))
    asked = english[200:203]  # not in training
    for text, translation in zip(asked, translator.predict(asked), strict=True):
        print(f"{text} → {translation}")
    print(f"wrote {translator.save((folder or Path()) / 'runs/french') / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
