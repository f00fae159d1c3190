"""Figures belong to the weights that gave them: whatever changes the model, they are made anew."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from fitted import KINDS, SERIES
from sklearn import base

import seqwise as sw
from seqwise.backend import import_keras

clone: Any = base.clone  # scikit-learn annotates it as a union of containers

KINDS_WITH_TEST = ["Forecaster", "classes", "Regressor", "Tagger", "Translator"]


@pytest.fixture(scope="module", params=KINDS_WITH_TEST)
def trained(request):
    estimator, data = KINDS[request.param]
    return clone(estimator).fit(*data)


def figures(run):
    return json.loads((run / "metrics.json").read_text())["test"]


def score_anew(estimator):
    """The scores without any memory of earlier ones."""
    fresh = copy.copy(estimator)
    fresh._scored = None
    return fresh.evaluate().metrics


def test_the_same_weights_are_scored_once(trained):
    assert trained.evaluate() is trained.evaluate()


@pytest.mark.parametrize("change", ["set to zero", "replaced"])
def test_other_weights_have_other_figures(trained, change, tmp_path):
    before, weights, model = trained.evaluate(), trained.model_.get_weights(), trained.model_
    assert figures(trained.save(tmp_path / "before")) == before.metrics
    try:
        if change == "set to zero":
            model.set_weights([0 * array for array in weights])
        else:
            keras = import_keras()
            trained.model_ = keras.models.clone_model(model)
            trained.model_.set_weights([array[::-1] for array in weights])
        after = trained.evaluate()
        assert after is not before
        assert after.metrics == score_anew(trained)
        assert after.scores[after.model] != before.scores[before.model] or type(trained) is sw.Translator
        assert figures(trained.save(tmp_path / "after")) == after.metrics
    finally:
        trained.model_ = model
        model.set_weights(weights)
    assert trained.evaluate().metrics == before.metrics


def test_training_further_changes_the_figures():
    forecaster = sw.Forecaster(12, 3, units=(4,), epochs=1, season=6).fit(SERIES)
    before = forecaster.evaluate().metrics
    drawn = forecaster.training_data()
    assert drawn is not None
    forecaster.model_.fit(drawn.x, drawn.y["forecast"], epochs=2, verbose=0)
    assert forecaster.evaluate().metrics != before
    assert forecaster.evaluate().metrics == pytest.approx(forecaster.evaluate(SERIES).metrics)


def test_a_loaded_run_whose_weights_change_is_saved_without_the_old_figures(tmp_path):
    loaded = sw.load(sw.Forecaster(12, 3, units=(4,), epochs=1).fit(SERIES).save(tmp_path / "run"))
    loaded.save(tmp_path / "same")
    assert (tmp_path / "same" / "metrics.json").read_bytes() == (tmp_path / "run" / "metrics.json").read_bytes()
    loaded.model_.set_weights([array + 1 for array in loaded.model_.get_weights()])
    with pytest.warns(UserWarning, match=r"^The weights have changed since the run was loaded"):
        loaded.save(tmp_path / "changed")
    assert not (tmp_path / "changed" / "metrics.json").exists()
    np.testing.assert_array_equal(sw.load(tmp_path / "changed").predict(), loaded.predict())
