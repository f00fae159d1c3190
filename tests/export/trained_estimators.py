"""A trained estimator of every kind, with each option that changes what an export has to carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import polars as pl

import seqwise as sw

RNG = np.random.default_rng(0)
QUICK: dict[str, Any] = {"units": (4,), "epochs": 1}
MONTHS = [str(month) for month in np.datetime64("2001-01") + np.arange(72)]
MONTH_ENDS = [str((m + 1).astype("M8[D]") - 1) for m in np.datetime64("2001-01") + np.arange(72)]
WORKDAYS = [str(day) for day in np.busday_offset(np.datetime64("2024-01-01"), np.arange(72))]
DAYS = [str(day) for day in np.datetime64("2024-01-01") + np.arange(72)]
HOURS = [str(hour) for hour in np.datetime64("2024-02-28T12:30") + np.arange(72) * np.timedelta64(1, "h")]
SALES = np.exp(4 + np.arange(72) / 40 + 0.3 * np.sin(np.arange(72) / 2)) + RNG.normal(size=72)
SEQUENCES = [RNG.normal(size=(n, 2)) * [1, 50] for n in RNG.integers(3, 9, 30)]
LABELS = ["a", "b", "c"] * 10
TEXTS = [
    f"{['So', 'Very', 'not'][i % 3]} {['good', 'bad'][i % 2]}, isn't it{['!', '?', '…'][i % 3]}" for i in range(30)
]
ENGLISH = [f"{a} {b}!" for a in ("One", "two", "three", "four") for b in ("one", "two", "three", "four")]
FRENCH = [text.replace("o", "u").replace("t", "d").replace("!", " !") for text in ENGLISH]


PROMO = np.arange(72) % 5 == 0
SOLD = RNG.poisson(2 + 3.0 * PROMO)


def shops(target: str, values: Any, **columns: Any) -> pl.DataFrame:
    """Three series: one with a gap, one that ends earlier, one shorter than a window."""
    parts = [
        pl.DataFrame(
            {"shop": name, "day": np.datetime64("2024-01-01") + np.arange(72), target: values * size, **columns}
        ).with_columns(size=pl.lit(float(size)))[rows]
        for name, size, rows in (("north", 1, slice(72)), ("south", 10, slice(60)), ("new", 3, slice(40, 48)))
    ]
    return pl.concat(parts).filter((pl.col("shop") != "north") | (pl.col("day").dt.ordinal_day() != 20))


def table(times: Any, **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"time": times, "sales": SALES, "price": np.cos(np.arange(72.0)), **columns})


def forecaster(data: Any, *, fit: dict[str, Any] | None = None, **settings: Any) -> Callable[[], Any]:
    chosen = {"window": 12, "horizon": 3, "season": 6, **QUICK, **settings}
    roles = {"time": "time", "target": "sales"} if fit is None else fit
    return lambda: sw.Forecaster(**chosen).fit(data, **roles)


def classifier(x: Any, y: Any, **settings: Any) -> Callable[[], Any]:
    return lambda: sw.Classifier(**QUICK, **settings).fit(x, y)


def translator(**settings: Any) -> Callable[[], Any]:
    chosen = {
        "embedding": 4,
        "tokens": "words",
        "min_count": 1,
        "beam": 3,
        "test": 0.2,
        **QUICK,
        "epochs": 2,
        **settings,
    }
    return lambda: sw.Translator(**chosen).fit(ENGLISH, FRENCH)


def own_forecaster(inputs: Any, target: Any) -> Any:
    tensors = inputs.keras_inputs()
    hidden = keras.layers.GRU(4, reset_after=False)(tensors["window"])
    sizes = target.output.shape
    return keras.Model(
        list(tensors.values()), keras.layers.Reshape(sizes)(keras.layers.Dense(sizes[0] * sizes[1])(hidden))
    )


def own_translator(inputs: Any, target: Any) -> Any:
    source, written = inputs.keras_inputs().values()
    states = keras.layers.LSTM(4, return_state=True)(keras.layers.Embedding(inputs.tokens["source"], 4)(source))[1:]
    decoded = keras.layers.LSTM(4, return_sequences=True)(
        keras.layers.Embedding(inputs.tokens["decoder_input"], 4)(written), initial_state=states
    )
    return keras.Model([source, written], keras.layers.Dense(target.output.shape[-1])(decoded))


MISSING = SALES.copy()
MISSING[[3, 30, 62, 66]] = np.nan
BPE: dict[str, Any] = {"kind": "bpe", "size": 60, "min_count": 1}

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "months, log": forecaster(table(MONTHS), log=True),
    "month ends, several columns": forecaster(
        table(MONTH_ENDS), fit={"time": "time", "target": ["sales", "price"], "features": "all"}, scaler="robust"
    ),
    "workdays, no residual, no skip": forecaster(table(WORKDAYS), residual=False, linear_skip=False, log=False),
    "hours, both directions": forecaster(table(HOURS), bidirectional=True, residual=True, units=(4, 3)),
    "every step": forecaster(table(MONTHS), return_sequences=True, residual=True),
    "gaps masked": forecaster(table(MONTHS, sales=MISSING), gaps="mask", scaler="minmax"),
    "gaps interpolated": forecaster(table(MONTHS, sales=MISSING)),
    "counted rows": forecaster(np.column_stack([SALES, SALES[::-1]]), fit={"target": "0", "features": "all"}),
    "segments": forecaster(
        table(MONTHS), fit={"time": "time", "target": ["sales", "price"]}, recipe="segments", dropout=0.1
    ),
    "segments of one column, gaps masked": forecaster(
        table(MONTHS, sales=MISSING), gaps="mask", recipe="segments", window=11,
        fit={"time": "time", "target": "sales", "features": ["price"]},
    ),
    "known in advance, words": forecaster(
        table(DAYS, promo=PROMO.astype(float), wind=["NW", "SE", "calm"] * 24),
        calendar=["weekday", "month", "holidays:DE"], epochs=20,
        fit={"time": "time", "target": "sales", "past": ["price"], "future": ["promo", "wind"]},
    ),
    "quantiles of two columns": forecaster(
        table(MONTHS), loss="quantile", fit={"time": "time", "target": ["sales", "price"]}
    ),
    "student-t, segments": forecaster(
        table(HOURS, promo=PROMO.astype(float)), loss="student-t", recipe="segments", calendar=["hour"],
        fit={"time": "time", "target": ["sales", "price"], "future": "promo"},
    ),
    "attention, gaps masked, known in advance": forecaster(
        table(DAYS, sales=MISSING, promo=PROMO.astype(float)), gaps="mask", recipe="attention", calendar=["weekday"],
        fit={"time": "time", "target": ["sales", "price"], "future": "promo"}, units=(4, 3), dropout=0.1,
    ),
    "many series, attention, quantiles": forecaster(
        shops("sold", SALES), loss="quantile", recipe="attention",
        fit={"series": "shop", "time": "day", "target": "sold", "static": "size"},
    ),
    "counts": forecaster(table(DAYS, sales=SOLD), loss="negative-binomial"),
    "many series": forecaster(
        shops("sold", SALES), gaps="mask", fit={"series": "shop", "time": "day", "target": "sold"}
    ),
    "many series, counts": forecaster(
        shops("sold", SOLD, promo=PROMO.astype(float)), loss="negative-binomial", calendar=["weekday"],
        fit={"series": "shop", "time": "day", "target": "sold", "future": "promo", "static": "size"},
    ),
    "many series, gaussian": forecaster(
        {"a": SALES, "b": SALES[::-1] * 9, "c": SALES[:20]}, loss="gaussian", recipe="skip", scaler="minmax", log=False,
        fit={},
    ),
    "own forecaster": forecaster(table(MONTHS), network=own_forecaster),
    "classes": classifier(SEQUENCES, LABELS, pooling="last+mean+max"),
    "two classes": classifier(SEQUENCES, [1, 2] * 15, bidirectional=False, pooling="last"),
    "convolutions": classifier(SEQUENCES, LABELS, recipe="lstm-fcn"),
    "random convolutions": classifier(SEQUENCES, LABELS, recipe="lstm-kernels"),
    "convolutions over words": classifier(TEXTS, LABELS, embedding=4, recipe="lstm-fcn"),
    "label sets": classifier(SEQUENCES, [[label] * (i % 3 > 0) for i, label in enumerate(LABELS)]),
    "indicator": classifier(SEQUENCES, np.eye(3, dtype=int)[np.arange(30) % 3]),
    "words": classifier(TEXTS, ["good" if "good" in text else "bad" for text in TEXTS], embedding=4),
    "sub-words": classifier(TEXTS, LABELS, embedding=4, tokenizer=BPE, pooling="mean"),
    "texts cut": classifier(
        TEXTS, [i % 2 == 0 for i in range(30)], embedding=4,
        tokenizer={"max_length": 4, "truncate": "left", "lowercase": False},
    ),
    "one number": lambda: sw.Regressor(**QUICK).fit(SEQUENCES, [x.mean() for x in SEQUENCES]),
    "two numbers of texts": lambda: sw.Regressor(**QUICK, embedding=4).fit(TEXTS, RNG.normal(size=(30, 2)) * 100),
    "tags of numbers, CRF": lambda: sw.Tagger(**QUICK, crf=True).fit(
        SEQUENCES, [[str(s[0] > 0) for s in x] for x in SEQUENCES]
    ),
    "tags of words": lambda: sw.Tagger(**QUICK, embedding=4).fit(
        [t.split() for t in TEXTS], [[w[:1] for w in t.split()] for t in TEXTS]
    ),
    "translator, dot": translator(attention="dot"),
    "translator, additive, sub-words": translator(
        attention="additive", tokens="bpe", vocabulary=60, units=(4, 3), bidirectional=False
    ),
    "translator, no attention": translator(attention=None, length_penalty=1.0),
    "own translator": translator(network=own_translator),
}  # fmt: skip
