"""The run folder of sequence estimators: whatever a fit was given can be saved, and no training is lost."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pytest

import seqwise as sw
from seqwise.baselines.linear import LinearBaseline

QUICK: dict[str, Any] = {"units": (4,), "epochs": 1, "dropout": 0.0}


def long_table():
    rng = np.random.default_rng(0)
    steps = [(f"s{i}", step, x, i % 2, i % 3 == 0) for i in range(20) for step, x in enumerate(rng.normal(size=3))]
    return pd.DataFrame(steps, columns=["who", "step", "x", "one", "two"])


@pytest.mark.parametrize("form", [list, np.array, pd.Index, pd.Series, tuple])
def test_names_of_columns_in_any_form_can_be_saved(form, tmp_path):
    table = long_table()
    found = sw.Classifier(**QUICK).fit(
        table, group="who", time=form(["step"]), label=form(["one", "two"]), features=form(["x"])
    )
    again = sw.load(found.save(tmp_path / "run"))
    assert again.source_ == found.source_
    np.testing.assert_array_equal(again.predict_proba(table), found.predict_proba(table))
    assert again.score(table) == found.score(table)


def test_a_path_among_the_settings_can_be_saved(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("good 1 0\nbad 0 1\n")
    texts = ["good", "bad"] * 6
    found = sw.Classifier(**QUICK, vectors=path, tokenizer={"min_count": 1}).fit(texts, texts)
    again = sw.load(found.save(tmp_path / "run"))
    assert again.vectors == str(path)
    np.testing.assert_array_equal(again.predict_proba(texts), found.predict_proba(texts))


class Loud(sw.Classifier):
    """One of a user's own, with a setting more."""

    def __init__(self, units: Any = (4,), *, epochs: int = 1, loud: bool = True, seed: int = 0) -> None:
        super().__init__(units, epochs=epochs, dropout=0.0, seed=seed)
        self.loud = loud


def test_a_class_that_comes_from_ours_is_saved_as_ours(tmp_path):
    X, y = [np.full((2, 1), float(i)) for i in range(12)], ["a", "b"] * 6
    found = Loud(seed=3).fit(X, y)
    again = sw.load(found.save(tmp_path / "run"))
    assert type(again) is sw.Classifier
    assert (again.seed, again.dropout, again.units) == (3, 0.0, (4,))
    np.testing.assert_array_equal(again.predict_proba(X), found.predict_proba(X))


DATA: dict[str, tuple[Any, Any, Any]] = {
    "Classifier": (sw.Classifier, [np.full((2, 1), float(i)) for i in range(12)], ["a", "b"] * 6),
    "Regressor": (sw.Regressor, [np.full((2, 1), float(i)) for i in range(12)], range(12)),
    "Tagger": (sw.Tagger, [np.full((2, 1), float(i)) for i in range(12)], [["a", "b"]] * 12),
}


@pytest.mark.parametrize("kind", DATA)
def test_a_training_that_cannot_be_scored_is_saved(kind, tmp_path, monkeypatch):
    estimator, X, y = DATA[kind]
    found = estimator(**QUICK).fit(X, y)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise IndexError("index 7 is out of bounds\nand more")

    with monkeypatch.context() as patch:
        patch.setattr(estimator, "evaluate", fail)
        with pytest.raises(IndexError, match="index 7 is out of bounds") as raised:
            found.save(tmp_path / "unscored")
    run = tmp_path / "unscored"
    assert raised.value.__notes__ == [f"The run is saved in {str(run)!r}, without its scores."]
    assert not (run / "metrics.json").exists() and not (run / "report.html").exists()
    again = sw.load(run)
    np.testing.assert_array_equal(again.predict(X), found.predict(X))
    assert again.evaluate(X, y).scores == found.evaluate(X, y).scores
    found = estimator(**QUICK).fit(X, y)
    with monkeypatch.context() as patch:
        patch.setattr(LinearBaseline, "fit", fail)
        with (
            pytest.warns(UserWarning, match=r"^The run has no baselines, for their fit failed: IndexError: i"),
            suppress(IndexError),
        ):
            found.save(tmp_path / "alone")
    run = tmp_path / "alone"
    again = sw.load(run)
    assert again.score(X, y) == found.score(X, y)
    with pytest.raises(sw.DataError, match=r"^This run was saved without its baselines, which could not be fitted"):
        again.evaluate(X, y)
    assert json.loads((run / "manifest.json").read_text())["kind"] == kind
