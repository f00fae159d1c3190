"""The pictures of the demo pages in docs/export.md: estimators are trained, exported and shown in Chromium.

Needs `make javascript` and the data sets in ../shared/data. Names of pages after the command draw these alone.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

import seqwise as sw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = Path(os.environ.get("SEQWISE_DATA", ROOT / "../shared/data"))
sys.path.insert(0, str(ROOT / "tests/export"))

from javascript import browser, need_node  # noqa: E402
from scripts import run_script  # noqa: E402

from seqwise.export.folder import export_folder  # noqa: E402


def series() -> sw.Forecaster:
    """Weekly series of the M4 competition, of which there are no dates."""
    table = pl.read_csv(DATA / "M4-weekly-train.csv", infer_schema_length=0)
    values = {row[0]: np.array([float(cell) for cell in row[1:] if cell])[-300:] for row in table.rows()[:12]}
    return sw.Forecaster(window=52, horizon=13, epochs=8, seed=0).fit(values)


def sentiment() -> sw.Classifier:
    lines = [line.split(" ", 1) for line in (DATA / "custrev.all").read_text("latin-1").splitlines()[::2]]
    labels = [["negative", "positive"][int(number)] for number, _ in lines]
    return sw.Classifier((16,), embedding=16, epochs=3, seed=0).fit([text for _, text in lines], labels)


def tags() -> sw.Tagger:
    """Learn months, numbers and places from sentences that are made up."""
    draw = random.Random(0)
    places = ["Lyon", "Oslo", "Porto", "Graz", "Turin", "Leeds"]
    months = ["January", "May", "June", "October"]
    kinds = dict.fromkeys(places, "place") | dict.fromkeys(months, "month")
    sentences: list[list[str]] = []
    for _ in range(400):
        subject = draw.choice([["Sales"], ["Rents"], ["The", "prices"], ["Exports"]])
        change = [draw.choice(["rose", "fell"]), "by", str(draw.randrange(2, 90)), "percent"]
        sentences.append(
            [*subject, *change, "in", draw.choice(places), draw.choice(["in", "since"]), draw.choice(months)]
        )
    known = [["number" if word.isdigit() else kinds.get(word, "–") for word in words] for words in sentences]
    return sw.Tagger((16,), embedding=16, epochs=12, seed=0).fit(sentences, known)


def numbers() -> sw.Classifier:
    """Days of electricity in Italy: 24 hours each."""
    days = sw.data.read_ts(DATA / "ItalyPowerDemand_TRAIN.ts")
    seasons = ["October to March" if label == "1" else "April to September" for label in days.labels]
    return sw.Classifier((32,), recipe="lstm", epochs=60, seed=0).fit(list(days), seasons)


def translation() -> sw.Translator:
    lines = (DATA / "tatoeba-eng-fra-30k.tsv").read_text("utf-8").splitlines()
    pairs = [line.split("\t")[:2] for line in lines]
    pairs = [(english, french) for english, french in pairs if len(english.split()) <= 5]
    return sw.Translator((128,), embedding=128, epochs=8, seed=0).fit(*map(list, zip(*pairs, strict=True)))


PAGES: dict[str, tuple[Callable[[], Any], list[dict[str, str]]]] = {
    "series": (series, [{"select": "W12"}]),
    "sentiment": (sentiment, [{"fill": "The screen is bright and sharp, and the battery lasts for days."}]),
    "tags": (tags, [{"fill": "Rents rose by 7 percent in Oslo since May"}]),
    "numbers": (numbers, []),
    "translation": (translation, [{"fill": "I am very tired.\nWhere is my book?\nHe works here."}]),
}


def main(names: list[str]) -> None:
    need_node()
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            print(export_folder(PAGES[name][0](), "tfjs", Path(place) / name))
        visits = [
            {"folder": name, "steps": [*PAGES[name][1], {"picture": str(HERE / f"demo-{name}.png")}]} for name in names
        ]
        for page in run_script("pages.mjs", {"root": place, "browser": browser(), "visits": visits}):
            assert not page["messages"] and not page["elsewhere"], page
            print(f"{page['folder']}: {page['status']} {page['seen'][-1]!r}")
            picture = HERE / f"demo-{page['folder']}.png"
            Image.open(picture).quantize(256).save(picture, optimize=True)  # half the size


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAGES))
