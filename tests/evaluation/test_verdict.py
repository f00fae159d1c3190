"""One sentence beside the best baseline: which it is, and when a difference may be chance."""

import numpy as np
import pytest

from seqwise.evaluation.classification import Classification
from seqwise.evaluation.regression import Regression
from seqwise.evaluation.verdict import verdict

NAMES = {"model": "this model", "simple": "linear", "majority": "majority"}


def classes(model_right, simple_right):
    """Two classes, all truly 0; each model right where it is told to be."""
    truth = np.zeros(len(model_right), int)

    def p(right):
        return np.where(np.asarray(right)[:, None], [[0.9, 0.1]], [[0.2, 0.8]])

    found = {"model": p(model_right), "simple": p(simple_right), "majority": p(np.zeros(len(truth), bool))}
    return Classification(np.array(["a", "b"]), truth, found, NAMES)


@pytest.mark.parametrize(
    ("only_model", "only_simple", "judged"),
    [
        (20, 0, "win"),
        (0, 20, "loss"),
        (4, 0, "level"),
        (5, 0, "win"),
        (0, 5, "loss"),
        (20, 15, "level"),
        (0, 0, "level"),
    ],
)
def test_a_difference_counts_beyond_two_standard_errors(only_model, only_simple, judged):
    """Both are right on 50 more: these say nothing of the difference."""
    model = [True] * only_model + [False] * only_simple + [True] * 50
    simple = [False] * only_model + [True] * only_simple + [True] * 50
    found, sentence = verdict(classes(model, simple))
    assert found == judged
    assert f"{np.mean(model):.1%}" in sentence
    assert f"{np.mean(simple):.1%}" in sentence
    assert ("may be chance" in sentence) == (judged == "level")
    assert ("does not beat" in sentence) == (judged == "loss")


def test_the_best_baseline_is_named():
    found = classes([True] * 10, [False] * 10)
    found.probabilities["majority"][:] = [0.6, 0.4]
    assert "“majority” for 100.0%" in verdict(found)[1]


@pytest.mark.parametrize(("error", "judged"), [(0.5, "win"), (1.5, "loss"), (1.001, "level")])
def test_of_numbers_the_root_mean_squared_error_counts(error, judged):
    truth = np.arange(10.0)[:, None]
    found = {"model": truth + error, "simple": truth + 1, "mean": np.full_like(truth, 4.5)}
    names = {"model": "this model", "simple": "ridge", "mean": "the mean"}
    assert verdict(Regression(["y"], truth, found, names))[0] == judged


def test_nothing_was_held_back():
    judged, sentence = verdict(None)
    assert judged == "unknown"
    assert "Train with test=0.2 to find out" in sentence
