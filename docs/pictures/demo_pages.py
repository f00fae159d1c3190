"""The pictures of the demo pages in docs/export.md: four estimators are trained, exported and shown in Chromium.

Needs `make javascript` and the data sets in ../shared/data. Takes about five minutes on two cores.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import seqwise as sw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT / "../shared/data"
sys.path.insert(0, str(ROOT / "tests/export"))

from javascript import browser  # noqa: E402
from scripts import run_script  # noqa: E402


def forecaster() -> sw.Forecaster:
    return sw.Forecaster(window=24, horizon=12, seed=0).fit(str(DATA / "airline-passengers.csv"), target="Passengers")


def sentiment() -> sw.Classifier:
    lines = [line.split(" ", 1) for line in (DATA / "custrev.all").read_text("latin-1").splitlines()]
    return sw.Classifier(seed=0).fit([text for _, text in lines], [["negative", "positive"][int(n)] for n, _ in lines])


def tagger() -> sw.Tagger:
    """Learn months, numbers and places from sentences that are made up."""
    draw = random.Random(0)
    places = ["Lyon", "Oslo", "Porto", "Graz", "Turin", "Leeds"]
    months = ["January", "May", "June", "October"]
    sentences, tags = [], []
    for _ in range(600):
        words = [
            *draw.choice([["Sales"], ["Rents"], ["The", "prices"], ["Exports"]]), draw.choice(["rose", "fell"]), "by",
            str(draw.randrange(2, 90)), "percent", "in", draw.choice(places), draw.choice(["in", "since"]),
            draw.choice(months),
        ]  # fmt: skip
        kinds = {**dict.fromkeys(places, "place"), **dict.fromkeys(months, "month")}
        sentences.append(words)
        tags.append(["number" if word.isdigit() else kinds.get(word, "–") for word in words])
    return sw.Tagger(seed=0).fit(sentences, tags)


def translator() -> sw.Translator:
    pairs = [line.split("\t")[:2] for line in (DATA / "tatoeba-eng-fra-30k.tsv").read_text("utf-8").splitlines()]
    pairs = [(english, french) for english, french in pairs if len(english.split()) <= 6]
    return sw.Translator((128,), embedding=128, epochs=8, seed=0).fit(*map(list, zip(*pairs, strict=True)))


PAGES = {
    "forecast": (forecaster, []),
    "sentiment": (sentiment, [{"fill": "The screen is bright and sharp, and the battery lasts for days."}]),
    "tags": (tagger, [{"fill": "Rents rose by 7 percent in Oslo since May"}]),
    "translation": (translator, [{"fill": "I am very tired.\nWhere is my book?\nHe works here."}]),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, (train, _) in PAGES.items():
            sw.export.tfjs(train(), Path(place) / name)
        visits = [
            {"folder": name, "steps": [*steps, {"picture": str(HERE / f"demo-{name}.png")}]}
            for name, (_, steps) in PAGES.items()
        ]
        for page in run_script("pages.mjs", {"root": place, "browser": browser(), "visits": visits}):
            assert not page["messages"] and not page["elsewhere"], page
            print(f"{page['folder']}: {page['seen'][-1]!r}")


if __name__ == "__main__":
    main()
