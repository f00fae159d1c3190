"""A regressor's scores against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as sk

from seqwise.evaluation.regression import NumberComparison, score

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("targets", [1, 3])
def test_scores_are_scikit_learns(targets):
    truth, found = RNG.normal(size=(30, targets)), RNG.normal(size=(30, targets))
    ours = score(truth, found)
    assert ours["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, found))
    assert ours["mae"] == pytest.approx(sk.mean_absolute_error(truth, found))
    assert ours["r2"] == pytest.approx(sk.r2_score(truth, found))


def test_targets_that_are_all_alike():
    alike = np.ones((4, 1))
    assert score(alike, alike)["r2"] == sk.r2_score(alike, alike) == 1
    assert score(alike, alike + 1)["r2"] == sk.r2_score(alike, alike + 1) == 0
    assert np.isnan(score(alike[:1], alike[:1])["r2"])


def test_each_target_has_its_row():
    truth, found = RNG.normal(size=(9, 2)), RNG.normal(size=(9, 2))
    told = NumberComparison(["a", "b"], truth, {"model": found}, {"model": "this model"})
    assert [row["target"] for row in told.by_target()] == ["a", "b"]
    assert told.by_target()[1]["mae"] == pytest.approx(np.abs(truth - found)[:, 1].mean())
    assert told.to_dict()["test"] == told.metrics
