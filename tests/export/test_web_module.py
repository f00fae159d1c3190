"""The JavaScript module reads rows and texts, and searches, as Python does: every id, time and token is equal."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scripts import run_script

import seqwise.export.web
from seqwise.backend import import_keras
from seqwise.data import Tokenizer, make_series
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
    }  # fmt: skip


def series_case(table: pl.DataFrame, *, later: Any = None, time: Any = "t", gaps: str = "interpolate") -> Any:
    """What Python reads, and the case for JavaScript."""
    columns: dict[str, Any] = {"target": "y", "features": "x", "time": time, "gaps": gaps}
    training = make_series(table, **columns)
    known = None if training.time is None else training.time_index
    series = make_series(table if later is None else later, **columns, time_index=known)
    case = {
        "rows": (table if later is None else later).to_dicts(),
        "training": {"time": training.time, "time_index": training.time_index.__dict__, "gaps": gaps},
        "columns": series.columns,
        "targets": series.targets,
        "ahead": 14,
    }
    return series, case


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
def answers():
    """Everything in one Node process."""
    tokens = [{"saved": tokenizer.to_dict(), "texts": texts} for tokenizer, texts in tokenizer_cases()]
    series = [series_case(**case)[1] for case in series_cases().values()]
    return run_script("module.mjs", {"module": str(MODULE), "tokens": tokens, "series": series, "searches": searches()})


def test_token_ids_and_texts_are_equal(answers):
    assert len(answers["tokens"]) == 7
    for (tokenizer, texts), came in zip(tokenizer_cases(), answers["tokens"], strict=True):
        ids = [one[:, 0].tolist() for one in tokenizer.encode(texts)]
        assert came["ids"] == ids
        assert came["texts"] == [tokenizer.decode(one) for one in ids]


def test_rows_are_read_as_in_python(answers):
    for (name, case), came in zip(series_cases().items(), answers["series"], strict=True):
        series, _ = series_case(**case)
        assert came["values"] == series.values.tolist(), name
        assert came["observed"] == (None if series.observed is None else series.observed.tolist()), name
        ahead = series.time_index.at(np.arange(len(series), len(series) + 14))
        assert came["times"] == time_texts(ahead).tolist(), name
        if (visible := series.visible_steps()) is not None:
            assert came["visible"] == visible.tolist()
    by_name = dict(zip(series_cases(), answers["series"], strict=True))
    assert by_name["masked"]["notes"][1] == "1 row(s) repeat a time; the last row of each time was kept."


def test_the_search_finds_the_same_tokens(answers):
    ops = import_keras().ops
    for case, came in zip(searches(), answers["searches"], strict=True):
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


def faulty_rows() -> dict[str, tuple[Any, str]]:
    good = [{"t": f"2020-{m:02d}", "y": m, "x": m} for m in range(1, 9)]
    return {
        "no rows": ([], "There are no rows"),
        "no column": ([{"t": "2020-01", "y": 1}], "Row 0 has no column x. It has: t, y."),
        "text": ([*good, {"t": "2020-09", "y": "many", "x": 1}], 'Row 8, column y: "many" is not a number.'),
        "no date": ([*good, {"t": "soon", "y": 1, "x": 1}], "The time column t holds soon, which is no date."),
        "zoned": ([*good, {"t": "2020-09-02T00:00:00+02:00", "y": 1, "x": 1}], "with a zone"),
        "between": ([*good, {"t": "2020-09-03", "y": 1, "x": 1}], "which is no date"),
        "off": (
            [{"t": "2020-01-01", "y": 1, "x": 1}, {"t": "2020-02-03", "y": 1, "x": 1}],
            "does not fit the time step",
        ),
        "no target": ([dict(row, y=None) for row in good], "The target y holds no value at all."),
        "infinite": ([*good, {"t": "2020-09", "y": "Infinity", "x": 1}], "is not a number"),
    }


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
        "series": {"time": None, "time_index": index, "gaps": "mask", "rows": 9, "context": {"values": [[1.0]]}},
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
    training = {"time": "t", "time_index": {"start": "2020-01-01", "step": 1, "unit": "mo"}, "gaps": "interpolate"}
    rows = faulty_rows()
    cases = [
        {"rows": faulty, "training": training, "columns": ["y", "x"], "targets": 1, "ahead": 1}
        for faulty, _ in rows.values()
    ]
    came = run_script("module.mjs", {"module": str(MODULE), "loads": folders, "series": cases})
    expected += [message for _, message in rows.values()]
    for answer, message in zip([*came["loads"], *came["series"]], expected, strict=True):
        assert answer["error"].startswith("SeqwiseError: "), answer
        assert message in answer["error"]
