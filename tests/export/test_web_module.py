"""The JavaScript module reads rows and texts, and searches, as Python does: every id, time and token is equal."""

from __future__ import annotations

import json
import random
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scripts import run_script

import seqwise.export.web
from seqwise.backend import import_keras
from seqwise.data import Tokenizer, make_series, read_table
from seqwise.data.calendar import holiday_dates
from seqwise.data.covariates import Covariates
from seqwise.data.panels import panel_from_table
from seqwise.estimators.forecasting.ahead import known_ahead, times_ahead
from seqwise.estimators.forecasting.reading import read_again
from seqwise.estimators.translation.beam_search import beam_search
from seqwise.export.web.pipeline import time_texts

MODULE = Path(seqwise.export.web.__file__).parent / "module"
CORPUS = [
    "A fine film, really: don't miss it!", "Dull and long… 'quoted' \"text\" here", "Ça va ? L’été déjà !",
    "ΟΔΥΣΣΕΥΣ σοφός", "日本語 テスト。", "a_b $5 50% x^2 ~ |pipe|",
] * 6  # fmt: skip
HARD = ["", " ", "\u00a0 a \u3000b ", "▁a ▁▁b", "a▁b", " ▁", "e\u0301te\u0301", "ΣΑΣ.", "İstanbul", "<pad> <unk>",
        "\ufeffa", "\u0085", "a\u180eb", "\u0301a", "😀!"]  # fmt: skip


def tokenizer_cases() -> list[tuple[Tokenizer, list[Any]]]:
    random.seed(0)
    alphabet = "".join(CORPUS) + "  \n\t\u00a0▁😀ǅΣİﬁ\u0301\u0327q"
    drawn = ["".join(random.choices(alphabet, k=random.randint(1, 40))) for _ in range(300)]
    marks = [f"a{chr(c)}b" for c in range(0x110000) if unicodedata.category(chr(c))[0] in "PSZ" or c < 0x250]
    cases: list[tuple[Tokenizer, list[Any]]] = []
    for kind in ("words", "bpe"):
        for settings in (
            {},
            {"lowercase": False, "ends": True, "max_length": 6},
            {"max_length": 3, "truncate": "left"},
        ):
            tokenizer = Tokenizer(kind, size=300, min_count=1, **settings).fit([*CORPUS, "x y z a b c"])
            cases.append((tokenizer, HARD + drawn + (marks if not settings else [])))
    words = Tokenizer("tokens", min_count=1).fit([text.split() for text in CORPUS])
    return [*cases, (words, [["A", "fine", "<pad>", "it!", "two words", "x"], ["ΟΔΥΣΣΕΥΣ", "De\u0301ja\u0300"]])]


def frame(times: Any, **columns: Any) -> pl.DataFrame:
    rng = np.random.default_rng(len(times))
    return pl.DataFrame({"t": times, "y": rng.normal(size=len(times)), "x": rng.normal(size=len(times))} | columns)


def zoned(start: str, every: str, rows: int, zone: str) -> pl.DataFrame:
    """Rows at regular times of a zone's clock; or, of hours, at regular times."""
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(start).replace(year=2030)
    if zone[0] == "+":
        naive = pl.datetime_range(first, last, every, eager=True)[:rows]
        return frame([f"{time.isoformat()}{zone}" for time in naive])
    return frame(pl.datetime_range(first, last, every, time_zone=zone, eager=True)[:rows])


WINDS = ["NW", "SE", "calm"] * 10


def with_winds(winds: list[Any]) -> pl.DataFrame:
    start = np.datetime64("2024-02-20")
    return frame((start + np.arange(len(winds))).astype(str), wind=pl.Series(winds, dtype=pl.String))


def days(form: str) -> list[str]:
    return [day.strftime(form) for day in (np.datetime64("2020-01-05") + 7 * np.arange(30)).tolist()]


def series_cases() -> dict[str, dict[str, Any]]:
    """Tables of every frequency and form of time, some with faults."""
    count, date = np.arange(30), np.datetime64
    months = (date("1950-01") + count).astype(str)
    ends = ((date("1950-02") + count).astype("M8[D]") - 1).astype(str)
    workdays = np.busday_offset(date("2024-01-01"), count).astype(str)
    faulty = frame(months).to_dicts()
    faulty[0]["y"] = faulty[1]["y"] = faulty[-1]["y"] = faulty[8]["y"] = faulty[9]["y"] = None
    faulty[9]["x"] = faulty[2]["x"] = None
    del faulty[20:23]
    faulty.append(dict(faulty[5], y=3.5))
    faulty[10], faulty[11] = faulty[11], faulty[10]
    parts = frame(count).drop("t").with_columns(year=2000 + count // 12, month=count % 12 + 1)
    forms = {
        "us": "%m/%d/%Y",
        "european": "%d/%m/%Y",
        "dots": "%d.%m.%Y",
        "slashes": "%Y/%m/%d",
        "zone": "%Y-%m-%dT00:00:00Z",
    }
    return {
        "months": {"table": frame(months)},
        "month ends": {"table": frame(ends), "later": frame(ends[13:])},
        "quarter ends": {"table": frame(ends[::3])},
        "middle of months": {"table": frame([f"{month}-15" for month in months])},
        "years": {"table": frame((1900 + count).astype(str))},
        "numbers": {"table": frame(3 + 5 * count)},
        "workdays": {"table": frame(workdays), "later": frame([*workdays[7:20], *workdays[22:]])},
        "hours": {"table": frame((date("2023-12-31T05:30") + count * np.timedelta64(1, "h")).astype(str))},
        "before 1970": {"table": frame((date("1969-12-31T22:30:00") + count * np.timedelta64(15, "m")).astype(str))},
        "fractions": {"table": frame((date("2023-12-31T05:30:00", "ms") + 250 * count).astype(str))},
        "parts": {"table": parts, "time": ["year", "month"]},
        "counted": {"table": frame(months).drop("t"), "time": None},
        **{name: {"table": frame(days(form))} for name, form in forms.items()},
        "interpolated": {"table": frame(months), "later": pl.DataFrame(faulty)},
        "masked": {"table": frame(months), "later": pl.DataFrame(faulty), "gaps": "mask"},
        "counted, masked": {
            "table": frame(months).drop("t"), "later": pl.DataFrame(faulty).drop("t"), "gaps": "mask", "time": None
        },
        "words": {
            "table": with_winds(WINDS), "later": with_winds([*WINDS[5:], "S W", None]), "features": ["x", "wind"]
        },
        "words masked": {
            "table": with_winds(WINDS), "later": with_winds([None, *WINDS]), "features": ["wind"], "gaps": "mask"
        },
        "days of a zone": {"table": zoned("2024-03-20", "1d", 30, "Europe/Berlin"), "calendar": ("weekday", "hour")},
        "hours of a zone": {
            "table": zoned("2024-10-26", "1h", 60, "Europe/Berlin"), "calendar": ("weekday", "hour"),
            "later": zoned("2025-03-29", "1h", 40, "Europe/Berlin"),
        },
        "months of a zone": {"table": zoned("2023-01-01", "1mo", 24, "America/St_Johns")},
        "an offset": {"table": zoned("2024-03-20", "1d", 30, "+05:30")},
        "the calendar of hours": {
            "table": frame((date("2023-12-31T05:30") + count * np.timedelta64(1, "h")).astype(str)),
            "calendar": ("hour", "weekday", "month", "holidays:DE"),
        },
        "the calendar of days": {
            "table": frame(days("%Y-%m-%d")), "calendar": ("holidays:US", "month"), "features": [],
        },
    }  # fmt: skip


def series_case(
    table: pl.DataFrame,
    *,
    later: Any = None,
    time: Any = "t",
    gaps: str = "interpolate",
    calendar: tuple[str, ...] = (),
    features: Any = "x",
) -> Any:
    """What Python reads, and the case for JavaScript."""
    training = make_series(table, target="y", features=features, time=time, gaps=gaps, calendar=calendar)
    data = table if later is None else later
    series = read_again(data, training, gaps)
    described = training_of(training, gaps)
    rows = [
        {name: cell.isoformat() if isinstance(cell, datetime) else cell for name, cell in row.items()}
        for row in data.to_dicts()
    ]
    return series, {"rows": rows, "training": described, "targets": ["y"], "ahead": 14}


def training_of(training: Any, gaps: str) -> dict[str, Any]:
    """What a pipeline says of the training's series."""
    holidays = {
        name: {"first": 2015, "last": 2035, "days": holiday_dates(name, range(2015, 2036)).astype(str).tolist()}
        for name in training.covariates.calendar
        if name.startswith("holidays:")
    }
    return {
        "column": getattr(training, "series", None), "time": training.time, "gaps": gaps,
        "time_index": training.time_index.__dict__, "covariates": training.covariates.to_dict(), "holidays": holidays,
    }  # fmt: skip


SEARCHES = [(9, 6, 1, 0.5), (9, 6, 4, 0.5), (6, 9, 5, 0.0), (30, 12, 3, 1.0), (5, 4, 7, 2.0)]


def searches() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {"table": rng.normal(size=(5, tokens, tokens)).astype(np.float32).tolist(), "limit": limit, "beam": beam,
         "lengthPenalty": penalty}
        for tokens, limit, beam, penalty in SEARCHES
        for _ in range(3)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def outputs():
    """Everything in one Node process."""
    tokens = [{"saved": tokenizer.to_dict(), "texts": texts} for tokenizer, texts in tokenizer_cases()]
    series = [series_case(**case)[1] for case in series_cases().values()]
    return run_script("module.mjs", {"module": str(MODULE), "tokens": tokens, "series": series, "searches": searches()})


def test_token_ids_and_texts_are_equal(outputs):
    assert len(outputs["tokens"]) == 7
    for (tokenizer, texts), came in zip(tokenizer_cases(), outputs["tokens"], strict=True):
        ids = [one[:, 0].tolist() for one in tokenizer.encode(texts)]
        assert came["ids"] == ids
        assert came["texts"] == [tokenizer.decode(one) for one in ids]


def test_rows_are_read_as_in_python(outputs):
    for (name, case), came in zip(series_cases().items(), outputs["series"], strict=True):
        series, _ = series_case(**case)
        assert np.allclose(came["values"], series.values, rtol=0, atol=1e-12 if series.covariates.calendar else 0), name
        assert came["observed"] == (None if series.observed is None else series.observed.tolist()), name
        ahead = series.time_index.at(np.arange(len(series), len(series) + 14))
        assert came["times"] == time_texts(series.time_index.with_zone(ahead)).tolist(), name
        if (visible := series.visible_steps()) is not None:
            assert came["visible"] == visible.tolist()
        if series.covariates.known:
            assert np.allclose(came["known"], known_ahead(series, 14, None)[0], rtol=0, atol=1e-12), name
    by_name = dict(zip(series_cases(), outputs["series"], strict=True))
    assert by_name["words"]["notes"][0] == (
        'wind holds "S W", which was not there in training: 1 row(s) are read as none of its words.'
    )
    assert by_name["masked"]["notes"][1] == "1 row(s) repeat a time; the last row of each time was kept."


def test_the_search_finds_the_same_tokens(outputs):
    ops = import_keras().ops
    for case, came in zip(searches(), outputs["searches"], strict=True):
        table = ops.convert_to_tensor(np.array(case["table"], np.float32))

        def step(last: Any, states: list[Any], table: Any = table) -> Any:
            (state,) = states
            return table[state[:, 0], last[:, 0]], [(state + last + 1) % table.shape[0]]

        found = beam_search(
            step,
            [ops.zeros((1, 1), "int32")],
            ops.convert_to_tensor([case["limit"]], "int32"),
            steps=case["limit"],
            beam=case["beam"],
            length_penalty=case["lengthPenalty"],
        )
        tokens = np.asarray(found.tokens)[0]
        assert came == tokens[tokens != 0].tolist()


def panel_case() -> tuple[Any, Any, dict[str, Any]]:
    """Many series, their rows to come, and the case for JavaScript: gaps, words, static columns, uneven ends."""
    rng = np.random.default_rng(5)
    parts: list[pl.DataFrame] = []
    for shop, size, start, rows in (
        ("north", 2.0, "2024-01-01", 30),
        (7, 5.0, "2024-01-09T06", 12),
        ("new", 1.0, "2024-02-01", 4),
    ):
        times = np.datetime64(start, "us") + np.arange(rows) * np.timedelta64(1, "D")
        y = rng.normal(size=rows).round(3)
        y[[0, -1] if shop == "north" else []] = np.nan
        parts.append(
            pl.DataFrame({"shop": [str(shop)] * rows, "t": times, "y": y, "promo": rng.integers(0, 2, rows),
                          "size": size, "wind": rng.choice(["N", "S"], rows)})
        )  # fmt: skip
    whole = pl.concat(parts).with_columns(y=pl.col("y").fill_nan(None))
    table = whole.filter(~((pl.col("shop") == "north") & (pl.col("t").dt.day() == 12))).sample(
        fraction=1.0, shuffle=True, seed=0
    )
    panel = panel_from_table(
        read_table(table), series="shop", target="y", time="t", features="wind", future="promo", static="size",
        calendar=["weekday"], gaps="mask",
    )  # fmt: skip
    times = times_ahead(panel, 3)
    future = pl.DataFrame({"shop": np.repeat(panel.names, 3), "t": times.ravel(), "promo": np.arange(9) % 2})
    texts = pl.col("t").dt.strftime("%Y-%m-%dT%H:%M:%S")
    case = {
        "rows": table.with_columns(texts).to_dicts(), "future": future.with_columns(texts).to_dicts(),
        "training": training_of(panel, "mask"), "targets": ["y"], "ahead": 3,
    }  # fmt: skip
    return panel, future, case


def test_many_series_are_read_as_in_python():
    panel, future, case = panel_case()
    (came,) = run_script("module.mjs", {"module": str(MODULE), "series": [case]})["series"]
    assert [one["name"] for one in came] == panel.names.tolist()
    known = known_ahead(panel, 3, future)
    for s, one in enumerate(came):
        series = panel.one(s)
        assert one["values"] == series.values.tolist()
        assert one["observed"] == (None if series.observed.all() else series.observed.tolist())
        assert one["visible"] == series.observed[:, 0].tolist()
        assert one["known"] == known[s].tolist()
        ahead = panel.times(np.full(3, s), len(series) + np.arange(3))
        assert one["times"] == time_texts(ahead).tolist()
    assert sorted(len(one["values"]) for one in came) == [4, 12, 28]


QUANTILES = {
    "normalQuantile": (stats.norm.ppf, [(0.975,), (0.5,), (0.1,), (1e-6,)]),
    "studentQuantile": (stats.t.ppf, [(0.975, 2.1), (0.05, 300.5), (0.6, 2.0001), (0.001, 5.0)]),
    "negativeBinomialQuantile": (
        lambda share, shape, mean: stats.nbinom.ppf(share, shape, shape / (shape + mean)),
        [(0.9, 1.7, 3.4), (0.025, 0.01, 2.0), (0.99, 900.0, 50.0), (0.5, 5.0, 0.01), (0.975, 12.0, 5e4)],
    ),
}


def test_quantiles_are_scipys():
    asked = [[name, *case] for name, (_, cases) in QUANTILES.items() for case in cases]
    came = run_script("module.mjs", {"module": str(MODULE), "quantiles": asked})["quantiles"]
    expected = [truth(*case) for truth, cases in QUANTILES.values() for case in cases]
    np.testing.assert_allclose(came, expected, rtol=1e-8, atol=1e-12)


def faulty_rows() -> dict[str, tuple[Any, str]]:
    good = [{"t": f"2020-{m:02d}", "y": m, "x": m} for m in range(1, 9)]
    return {
        "no rows": ([], "There are no rows"),
        "no column": ([{"t": "2020-01", "y": 1}], "Row 0 has no column x. It has: t, y."),
        "text": ([*good, {"t": "2020-09", "y": "many", "x": 1}], 'Row 8, column y: "many" is not a number.'),
        "no date": ([*good, {"t": "soon", "y": 1, "x": 1}], "The time column t holds soon, which is not a date."),
        "zoned": ([*good, {"t": "2020-09-02T00:00:00+02:00", "y": 1, "x": 1}], "with a zone"),
        "between": ([*good, {"t": "2020-09-03", "y": 1, "x": 1}], "which is not a date"),
        "off": (
            [{"t": "2020-01-01", "y": 1, "x": 1}, {"t": "2020-02-03", "y": 1, "x": 1}],
            "does not fit the time step",
        ),
        "no target": ([dict(row, y=None) for row in good], "The target y holds no value at all."),
        "infinite": ([*good, {"t": "2020-09", "y": "Infinity", "x": 1}], "is not a number"),
    }


def panel_faults(training: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    good = [{"shop": "a", "t": f"2020-{m:02d}", "y": m, "x": 1} for m in range(1, 9)]
    fixed, promo = (training["covariates"] | {"past": [], name: ["x"]} for name in ("static", "future"))
    cases = [
        ([*good, good[3]], {}, "The series a has two rows at one time."),
        ([*good, good[3] | {"shop": ""}], {}, "Row 8 names no series: its column shop is empty."),
        ([row | {"y": None} for row in good], {}, "The target y holds no value at all."),
        ([*good[1:], good[0] | {"x": 2}], {"covariates": fixed}, "changes within the series a"),
        (good, {"covariates": promo}, "The forecast needs x of the rows to come"),
    ]
    return [
        ({"rows": rows, "training": training | changes, "targets": ["y"], "ahead": 1}, message)
        for rows, changes, message in cases
    ]


def hostile_pipelines() -> dict[str, tuple[Any, str]]:
    scaler = {"columns": ["y"], "log": [], "offset": [0.0], "scale": [1.0], "kind": "none"}
    good = {
        "format": "seqwise-pipeline", "version": 1, "kind": "Classifier", "networks": {"model": "model.json"},
        "input": {"kind": "numbers", "columns": ["y"], "scaler": scaler},
        "target": {"values": ["a", "b"], "form": "single"},
    }  # fmt: skip
    index = {"start": "2020-01-01", "step": 1, "unit": "mo", "month_end": False}
    forecaster = good | {
        "kind": "Forecaster", "target": {"names": ["y"], "horizon": 3}, "input": good["input"] | {"window": 5},
        "series": {
            "column": None, "time": None, "time_index": index, "gaps": "mask", "covariates": Covariates().to_dict(),
            "context": [{"name": None, "first": 8, "values": [[1.0]], "observed": None}],
        },
    }  # fmt: skip
    return {
        "another format": ({"format": "x"}, "its format is not seqwise-pipeline"),
        "a newer version": (good | {"version": 2}, "has version 2; this module reads 1"),
        "not even an object": (None, "its format is not"),
        "an inherited name": (good | {"kind": "constructor"}, 'no model of kind "constructor"'),
        "a path that climbs": (good | {"networks": {"model": "../secret.json"}}, "may not lead out of its folder"),
        "another host": (good | {"networks": {"model": "https://example.com/model.json"}}, "may not lead out"),
        "an absolute path": (good | {"networks": {"model": "/etc/passwd"}}, "may not lead out"),
        "a path inside that climbs": (good | {"networks": {"model": "a/../../b"}}, "may not lead out"),
        "no network": (good | {"networks": {}}, "a network is missing"),
        "a scaler of another size": (
            good | {"input": {"kind": "numbers", "columns": ["y", "z"], "scaler": scaler}},
            "scaler or vocabulary is missing",
        ),
        "a window that lies": (forecaster | {"input": forecaster["input"] | {"window": 1e12}}, "its sizes are none"),
        "last rows of another width": (
            forecaster | {"series": forecaster["series"] | {"context": [{"values": [[1.0, 2.0]]}]}},
            "last rows of the training do not fit",
        ),
        "no scale of each series": (
            forecaster | {"series": forecaster["series"] | {"column": "shop"}}, "the scaler does not fit the columns"
        ),
        "no vocabulary": (good | {"input": {"kind": "texts"}}, "scaler or vocabulary is missing"),
    }  # fmt: skip


def hostile_models() -> dict[str, tuple[Any, str]]:
    weight = {"name": "w", "shape": [2], "dtype": "float32"}
    model = {"modelTopology": {}, "weightsManifest": [{"paths": ["shard.bin"], "weights": [weight]}]}

    def manifest(**changes: Any) -> Any:
        return model | {"weightsManifest": [model["weightsManifest"][0] | changes]}

    return {
        "no topology": ({}, "is not a TensorFlow.js layers model"),
        "a shard that climbs": (manifest(paths=["../../shard.bin"]), "may not lead out of its folder"),
        "sizes that lie": (
            manifest(weights=[weight | {"shape": [3]}]),
            "names 12 bytes of weights, but its shards hold 8",
        ),
        "huge": (manifest(weights=[weight | {"shape": [2**40]}]), "bytes of weights: too many"),
        "negative": (manifest(weights=[weight | {"shape": [-2]}]), "model.json is damaged"),
        "an unknown dtype": (manifest(weights=[weight | {"dtype": "object"}]), "model.json is damaged"),
    }


def test_what_is_faulty_or_hostile_gets_a_clear_message(tmp_path):
    expected: list[str] = []
    folders: list[str] = []

    def folder(name: str, pipeline: Any, model: Any) -> None:
        path = tmp_path / name.replace(" ", "_")
        path.mkdir()
        (path / "pipeline.json").write_text(json.dumps(pipeline))
        (path / "model.json").write_text(json.dumps(model))
        (path / "shard.bin").write_bytes(bytes(8))
        folders.append(str(path))

    pipelines = hostile_pipelines()
    for name, (pipeline, message) in pipelines.items():
        folder(name, pipeline, {})
        expected.append(message)
    working = pipelines["no network"][0] | {"networks": {"model": "model.json"}}
    for name, (model, message) in hostile_models().items():
        folder(name, working, model)
        expected.append(message)
    index = {"start": "2020-01-01", "step": 1, "unit": "mo"}
    training = {
        "column": None, "time": "t", "time_index": index, "gaps": "interpolate",
        "covariates": Covariates(past=("x",)).to_dict(), "holidays": {},
    }  # fmt: skip
    rows = faulty_rows()
    cases = [{"rows": faulty, "training": training, "targets": ["y"], "ahead": 1} for faulty, _ in rows.values()]
    faulty_panels = panel_faults(training | {"column": "shop"})
    cases += [case for case, _ in faulty_panels]
    came = run_script("module.mjs", {"module": str(MODULE), "loads": folders, "series": cases})
    expected += [message for _, message in [*rows.values(), *faulty_panels]]
    for result, message in zip([*came["loads"], *came["series"]], expected, strict=True):
        assert result["error"].startswith("SeqwiseError: "), result
        assert message in result["error"]
