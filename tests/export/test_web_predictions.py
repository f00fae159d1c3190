"""Every estimator's export predicts raw input in JavaScript as Python does, and its page shows the prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from javascript import browser, need, need_node
from scripts import run_script
from trained_estimators import ESTIMATORS, MONTHS, SALES

import seqwise as sw
from seqwise.artifact import write_json
from seqwise.export.comparing import Reference
from seqwise.export.formats import FORMATS
from seqwise.export.source import read_source
from seqwise.export.web.page import write_page
from seqwise.export.web.pipeline import PIPELINE, describe_pipeline
from seqwise.export.web.predictions import Predictions, difference, javascript_outputs


class Folders(dict[str, Path]):
    """The exported folder of each estimator."""

    root: Path
    predictions: dict[str, Predictions]
    estimators: dict[str, Any]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Each estimator, trained and written; what Python predicts is kept beside."""
    need_node()
    made = Folders()
    made.root, made.predictions, made.estimators = tmp_path_factory.mktemp("web"), {}, {}
    for number, (name, train) in enumerate(ESTIMATORS.items()):
        folder = made[name] = made.root / f"e{number}"
        folder.mkdir()
        estimator = made.estimators[name] = train()
        source = read_source(estimator)
        networks, _ = FORMATS["tfjs"].write(source, folder, Reference({}, {}), {"quantization": None})
        write_json(folder / PIPELINE, describe_pipeline(estimator, networks))
        made.predictions[name] = Predictions.of(estimator)
        made.predictions[name].save(folder)
        write_page(estimator, folder)
    return made


@pytest.fixture(scope="module")
def javascript(folders):
    """The outputs of all, from one Node process."""
    outputs, _ = javascript_outputs({folder: folders.predictions[name] for name, folder in folders.items()})
    return dict(zip(folders, outputs, strict=True))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_predictions_from_raw_input_are_pythons(name, folders, javascript):
    expected = folders.predictions[name].outputs
    assert difference(expected, javascript[name]) < 1e-5, (expected, javascript[name])
    assert len(expected["predict"]) >= 2


def test_a_difference_of_any_kind_is_seen():
    assert difference({"predict": [{"t": "2020", "y": 1.0}]}, {"predict": [{"t": "2020", "y": 1.5}]}) == 0.5
    for one, other in (("a", "b"), ([1], [1, 2]), ({"a": 1}, {"b": 1}), (True, 1), (None, 0), ("1", 1)):
        assert difference([one], [other]) == float("inf")


SALES_CSV = "time;sales\n" + "\n".join(f"{month};{value}" for month, value in zip(MONTHS, SALES.tolist(), strict=True))
VISITS: dict[str, list[dict[str, Any]]] = {
    "months, log": [{"drop": SALES_CSV},
                    {"wait": "72 rows read"}],
    "known in advance, words": [{"ahead": "time,promo,wind\n2024-03-13,1,NW\n2024-03-14,0,SE\n2024-03-15,1,NW"}],
    "many series": [{"select": "south"}],
    "counted rows": [{"fill": "\n".join(f"{i % 5 + 1},{i + 7.5}" for i in range(13))}, {"wait": "13 rows read"}],
    "words": [{"fill": "Very bad, isn't it!"}],
    "classes": [{"fill": "0.5, 30\n-0.2 10\n1;2"}, {"wait": "3 steps"}],
    "one number": [{"fill": "0.5, 30\n-0.2 10"}, {"wait": "2 steps"}],
    "tags of words": [{"fill": "so bad Very"}, {"wait": "so"}],
    "translator, dot": [{"fill": "one two!\nfour"}, {"select": "1"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def pages(folders):
    """What each page shows, in Chromium."""
    need("Chromium", bool(browser()), "apt-get install chromium")
    visits = [{"folder": folders[name].name, "steps": steps} for name, steps in VISITS.items()]
    asked = {"root": str(folders.root), "browser": browser(), "visits": visits}
    return dict(zip(VISITS, run_script("pages.mjs", asked), strict=True))


@pytest.mark.parametrize("name", VISITS)
def test_a_page_shows_the_prediction_and_asks_nobody(name, pages):
    page = pages[name]
    assert page["messages"] == []
    assert page["elsewhere"] == []
    assert all(page["seen"])


def test_the_page_of_a_series_shows_the_forecast_of_a_dropped_table(folders, pages):
    forecaster = folders.estimators["months, log"]
    forecast = forecaster.predict(pl.DataFrame({"time": MONTHS, "sales": SALES}))
    shown = pages["months, log"]["seen"][-1].split()
    for value in forecast["sales"]:
        assert any(abs(float(word) - value) <= 1e-4 * value for word in shown if word.replace(".", "").isdigit())
    assert "2007-01-01" in shown


def numbers_of(shown: str) -> list[float]:
    return [float(word) for word in shown.replace("-", " ").split() if word.replace(".", "").isdigit()]


def test_the_pages_of_many_series_and_of_what_is_known_in_advance_show_the_forecast(folders, pages):
    panel = folders.estimators["many series"].predict(level=[80, 95]).filter(pl.col("shop") == "south")
    ahead = pl.DataFrame({"time": ["2024-03-13", "2024-03-14", "2024-03-15"], "promo": [1.0, 0.0, 1.0],
                          "wind": ["NW", "SE", "NW"]})  # fmt: skip
    known = folders.estimators["known in advance, words"].predict(future_df=ahead, level=[80, 95])
    for name, forecast in (("many series", panel), ("known in advance, words", known)):
        shown = numbers_of(pages[name]["seen"][-1])
        for column in forecast.select(pl.selectors.float()):
            for value in column:
                assert any(abs(number - abs(value)) <= 1e-4 * abs(value) for number in shown), (
                    column.name,
                    value,
                    shown,
                )
        assert pages[name]["seen"][0] != pages[name]["seen"][-1]


def test_the_pages_of_texts_show_the_predictions(folders, pages):
    estimator = folders.estimators["words"]
    (probabilities,) = estimator.predict_proba(["Very bad, isn't it!"])
    for label, p in zip(estimator.classes_, probabilities, strict=True):
        assert label in pages["words"]["seen"][-1]
        assert f"{100 * p:.1f} %" in pages["words"]["seen"][-1]
    (tags,) = folders.estimators["tags of words"].predict([["so", "bad", "Very"]])
    assert pages["tags of words"]["seen"][-1].split() == [
        w for pair in zip(["so", "bad", "Very"], tags, strict=True) for w in pair
    ]
    translated = folders.estimators["translator, dot"].predict(["one two!", "four"], beam=1)
    assert pages["translator, dot"]["seen"][-1].split() == " ".join(translated).split()


def test_a_page_asks_for_nothing_elsewhere(folders):
    for name in VISITS:
        for file in folders[name].iterdir():
            if file.suffix in (".html", ".css", ".js") and file.name != "tf.min.js":
                assert "http" not in file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "").replace(
                    "http-equiv", ""
                )


def test_the_pipeline_holds_no_more_than_it_needs(folders):
    pipeline = json.loads((folders["words"] / PIPELINE).read_text("utf-8"))
    assert sorted(pipeline) == ["format", "input", "kind", "networks", "target", "version"]


def test_a_loaded_run_predicts_sequences_of_its_training_file(tmp_path):
    table = tmp_path / "reviews.csv"
    texts = [f"{one} {other}" for one in ("so", "very", "not") for other in ("good", "bad", "odd")] * 3
    pl.DataFrame({"text": texts, "label": [text.split()[1] for text in texts]}).write_csv(table)
    classifier = sw.Classifier(units=(2,), embedding=2, epochs=1).fit(str(table), text="text", label="label")
    run = sw.load(classifier.save(tmp_path / "run"))
    assert Predictions.of(run).inputs == texts[:4]
    assert not Predictions.of(run).made_up
    table.unlink()
    assert not set(Predictions.of(run).inputs) & set(texts), "made of its vocabulary"
    assert Predictions.of(run).made_up
