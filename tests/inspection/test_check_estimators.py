"""`check` of an estimator: what its `fit` would train on, what it was fitted on, and what a run no longer has."""

from __future__ import annotations

import re

import numpy as np
import pytest

import seqwise as sw

RNG = np.random.default_rng(0)
SERIES = 50 + np.arange(120) / 4 + 10 * np.sin(np.arange(120) * np.pi / 6) + RNG.normal(size=120)
SEQUENCES = [RNG.normal(loc=[i % 2, 0], size=(5 + i % 9, 2)) for i in range(40)]
TEXTS = ["a fine film", "dull and long"] * 20
WORDS, TAGS = [["a", "b", "c"], ["b", "a"]] * 10, [["x", "y", "x"], ["y", "x"]] * 10
SMALL = {"epochs": 1, "units": (4,)}

CASES = {
    "Forecaster": (lambda: sw.Forecaster(12, 3, **SMALL), (SERIES,)),
    "Classifier": (lambda: sw.Classifier(**SMALL), (SEQUENCES, ["calm", "busy"] * 20)),
    "Classifier of texts": (lambda: sw.Classifier(**SMALL), (TEXTS, ["good", "bad"] * 20)),
    "Regressor": (lambda: sw.Regressor(**SMALL), (SEQUENCES, 1000 * np.arange(40.0))),
    "Tagger": (lambda: sw.Tagger(**SMALL), (WORDS, TAGS)),
    "Translator": (
        lambda: sw.Translator((8,), embedding=8, tokens="words", epochs=1),
        (["one two", "two three"] * 10, ["un deux", "deux trois"] * 10),
    ),
}


def data_of(subject: str) -> str:
    """The model's name and the data's shapes."""
    return re.sub(r"\d+ layers", "layers", subject)


@pytest.mark.parametrize("kind", CASES)
def test_what_fit_would_train_on_is_examined(kind):
    make, data = CASES[kind]
    estimator = make()
    report = sw.check(estimator, *data)
    assert not report, str(report)
    assert report.summary == "No faults found."
    prepared = estimator.training_data(*data)
    shapes = ", ".join(str(array.shape) for array in prepared.x.values())
    assert f"x {shapes}; y" in report.subject
    assert not hasattr(estimator, "model_"), "check has fitted it"


@pytest.mark.parametrize("kind", ["Forecaster", "Classifier", "Classifier of texts"])
def test_a_fitted_one_is_examined_on_what_it_was_fitted_on_and_a_run_says_what_it_lacks(kind, tmp_path):
    make, data = CASES[kind]
    estimator = make().fit(*data)
    fresh, fitted = sw.check(make(), *data), sw.check(estimator)
    # words and pairs are joined to a classifier of texts after its training, as further layers
    assert (data_of(fitted.subject), fitted.summary) == (data_of(fresh.subject), "No faults found.")
    estimator.save(tmp_path / "run")
    run = sw.load(tmp_path / "run")
    (sentence,) = sw.check(run).unexamined
    assert sentence.startswith("the training data, which a run does not keep")
    assert sw.check(run, *data).summary == "No faults found."


def test_an_estimator_that_is_not_trained_and_has_no_data_is_not_examined():
    report = sw.check(sw.Classifier())
    assert report.unexamined == ["the Classifier: it is not trained yet. Pass what its fit takes."]
    assert report.summary == "Nothing was examined."


def test_the_arguments_of_fit_are_those_of_an_estimator_alone():
    import polars as pl

    table = pl.DataFrame({"sales": SERIES, "price": SERIES[::-1]})
    report = sw.check(sw.Forecaster(12, 3), table, target="sales", features="price")
    assert "12, 2)" in report.subject
    with pytest.raises(sw.SettingError, match="check takes no argument 'target'"):
        sw.check(None, table, target="sales")


def test_a_fault_of_the_data_is_told_in_words_where_no_array_is_the_users():
    """A network of one's own that does not fit the windows; and the fix of the data is no code."""
    import keras

    estimator = sw.Classifier(**SMALL).fit(*CASES["Classifier"][1])
    x, mask = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    estimator.model_ = keras.Model([x, mask], keras.layers.Dense(1)(keras.layers.LSTM(4)(x, mask=mask)))
    report = sw.check(estimator)
    assert "features-count" in [finding.name for finding in report]
    assert all(finding.where not in ("x", "y", "validation") or not finding.fix for finding in report)
