"""Small estimators of every kind, and data that each learns from in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

import seqwise as sw

RNG = np.random.default_rng(0)
SERIES = 20 + 5 * np.sin(2 * np.pi * np.arange(90) / 6) + RNG.normal(size=90)
SEQUENCES = [RNG.normal(size=(n, 2)) for n in RNG.integers(3, 9, 30)]
LABELS = ["a", "b", "c"] * 10
LABEL_SETS = [[label] * (i % 2) for i, label in enumerate(LABELS)]
TEXTS = [f"{['so', 'very', 'not'][i % 3]} {['good', 'bad'][i % 2]}" for i in range(30)]
QUICK: dict[str, Any] = {"units": (4,), "epochs": 1}
ENGLISH = [f"{a} {b}" for a in ("one", "two", "three", "four") for b in ("one", "two", "three", "four")]
FRENCH = [text.replace("o", "u").replace("t", "d") for text in ENGLISH]

# estimator, what `fit` takes
KINDS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "Forecaster": (sw.Forecaster(12, 3, **QUICK, season=6), (SERIES,)),
    "masked": (sw.Forecaster(12, 3, **QUICK, season=6, gaps="mask"), (np.where(np.arange(90) == 20, np.nan, SERIES),)),
    "attention": (
        sw.Forecaster(12, 3, **QUICK, season=6, gaps="mask", recipe="attention"),
        (np.where(np.arange(90) == 20, np.nan, SERIES),),
    ),
    "every step": (sw.Forecaster(12, 3, **QUICK, season=6, return_sequences=True), (SERIES,)),
    "classes": (sw.Classifier(**QUICK, test=0.2), (SEQUENCES, LABELS)),
    "two classes": (sw.Classifier(**QUICK, test=0.2), (SEQUENCES, ["a", "b"] * 15)),
    "label sets": (
        sw.Classifier(**QUICK, test=0.2),
        (SEQUENCES, LABEL_SETS),
    ),
    "texts": (sw.Classifier(**QUICK, embedding=4), (TEXTS, ["good" if "good" in text else "bad" for text in TEXTS])),
    "Regressor": (sw.Regressor(**QUICK, test=0.2), (SEQUENCES, [x.mean() for x in SEQUENCES])),
    "Tagger": (sw.Tagger(**QUICK, test=0.2), (SEQUENCES, [[str(step[0] > 0) for step in x] for x in SEQUENCES])),
    "tokens": (sw.Tagger(**QUICK, embedding=4), ([t.split() for t in TEXTS], [t.split() for t in TEXTS])),
    "Translator": (sw.Translator((4,), embedding=4, epochs=1, tokens="words", min_count=1, beam=2), (ENGLISH, FRENCH)),
}
