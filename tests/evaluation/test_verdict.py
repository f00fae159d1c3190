"""One sentence beside the best baseline: which it is, and when a difference may be chance."""

import numpy as np
import pytest

from seqwise.evaluation.classification import ClassComparison
from seqwise.evaluation.regression import NumberComparison

NAMES = {"model": "this model", "simple": "linear", "majority": "majority"}


def classes(model_right, simple_right):
    """Two classes, all truly 0; each model right where it is told to be."""
    truth = np.zeros(len(model_right), int)

    def p(right):
        return np.where(np.asarray(right)[:, None], [[0.9, 0.1]], [[0.2, 0.8]])

    found = {"model": p(model_right), "simple": p(simple_right), "majority": p(np.zeros(len(truth), bool))}
    return ClassComparison(np.array(["a", "b"]), truth, found, NAMES)


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
    found, sentence = classes(model, simple).verdict()
    assert found == judged
    assert f"{np.mean(model):.1%}" in sentence
    assert f"{np.mean(simple):.1%}" in sentence
    assert ("may be chance" in sentence) == (judged == "level")
    assert ("does not beat" in sentence) == (judged == "loss")


def test_the_best_baseline_is_named():
    usual = classes([True] * 10, [False] * 10)
    probabilities = usual.probabilities | {"majority": np.tile([0.6, 0.4], (10, 1))}
    better = ClassComparison(usual.classes, usual.truth, probabilities, NAMES)
    assert "“majority” for 100.0%" in better.verdict().sentence


@pytest.mark.parametrize(("error", "judged"), [(0.5, "win"), (1.5, "loss"), (1.001, "level")])
def test_of_numbers_the_root_mean_squared_error_counts(error, judged):
    truth = np.arange(10.0)[:, None]
    found = {"model": truth + error, "simple": truth + 1, "mean": np.full_like(truth, 4.5)}
    names = {"model": "this model", "simple": "ridge", "mean": "the mean"}
    assert NumberComparison(["y"], truth, found, names).verdict().outcome == judged


def test_a_table_for_notebooks_marks_the_best_and_escapes_names():
    truth = np.arange(10.0)[:, None]
    said = {"model": truth + 0.5, "simple": truth + 1}
    html = NumberComparison(["y"], truth, said, {"model": "this model", "simple": "<ridge>"})._repr_html_()
    assert "<td><strong>0.5000</strong></td>" in html
    assert "&lt;ridge&gt;" in html and "<ridge>" not in html
    assert "The model beats the best baseline" in html


def test_a_printed_comparison_says_that_a_baseline_wins():
    lost, won = classes([False] * 20 + [True] * 9, [True] * 29), classes([True] * 29, [False] * 20 + [True] * 9)
    assert lost.verdict().sentence in str(lost)
    assert won.verdict().sentence not in str(won)
