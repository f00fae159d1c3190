"""A classifier's scores against scikit-learn's, and against numbers worked out by hand."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from seqwise.baselines.constant import Constant
from seqwise.evaluation.classification import ClassComparison, score

RNG = np.random.default_rng(0)


def draw(classes, samples=60):
    logits = RNG.normal(size=(samples, classes)) * 2
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    truth = np.array([RNG.choice(classes, p=row) for row in p])
    return truth, p


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_scores_are_scikit_learns(classes):
    truth, p = draw(classes)
    found = score(truth, p)
    said = p.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, said))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, said))
    assert found["f1"] == pytest.approx(sk.f1_score(truth, said, average="macro"))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, p, labels=np.arange(classes)))
    area = sk.roc_auc_score(truth, p[:, 1]) if classes == 2 else sk.roc_auc_score(truth, p, multi_class="ovr")
    assert found["roc_auc"] == pytest.approx(area)


def test_scores_of_several_labels_are_scikit_learns():
    p = RNG.random((50, 4))
    truth = RNG.random((50, 4)) < p
    found, said = score(truth, p), p > 0.5
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, said))
    assert found["f1"] == pytest.approx(sk.f1_score(truth, said, average="macro"))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, p, average="macro"))
    columns = [sk.balanced_accuracy_score(truth[:, c], said[:, c]) for c in range(4)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(columns))
    assert found["log_loss"] == pytest.approx(np.mean([sk.log_loss(truth[:, c], p[:, c]) for c in range(4)]))


def test_labels_that_the_training_did_not_have_are_mistakes():
    # three of four known labels right, then two unknown: 3 of 6
    truth = np.array([0, 0, 1, 1, -1, -1])
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.5, 0.5], [1, 0]])
    found = score(truth, p)
    assert found["accuracy"] == 3 / 6
    assert found["balanced_accuracy"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert found["roc_auc"] == sk.roc_auc_score(truth[:4], p[:4, 1])
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth[:4], p[:4]))
    told = ClassComparison(np.array(["a", "b"]), truth, {"model": p}, {"model": "this model"}, unknown=("z",))
    assert told.confusion().tolist() == [[2, 0], [1, 1]]
    assert "The training set has no label(s) 'z': their 2 sequence(s) count as mistakes" in str(told)


def test_what_is_not_defined_is_not_said():
    p = np.array([[0.9, 0.1], [0.8, 0.2]])
    one_class = ClassComparison(np.array([0, 1]), np.array([0, 0]), {"model": p}, {"model": "this model"})
    assert np.isnan(one_class.metrics["roc_auc"])
    assert one_class.metrics["accuracy"] == 1
    assert json.loads(json.dumps(one_class.to_dict(), allow_nan=False))["test"]["roc_auc"] is None
    assert "–" in str(one_class)
    nobody = score(np.array([-1]), p[:1])
    assert nobody["accuracy"] == 0
    assert np.isnan(nobody["log_loss"])


def test_by_class_and_confusion_are_scikit_learns():
    truth, p = draw(4)
    found = ClassComparison(np.arange(4), truth, {"model": p}, {"model": "this model"})
    said = p.argmax(axis=1)
    np.testing.assert_array_equal(found.confusion(), sk.confusion_matrix(truth, said, labels=np.arange(4)))
    theirs: Any = sk.precision_recall_fscore_support(truth, said, labels=np.arange(4))
    ours = [[row[k] for row in found.by_class()] for k in ("precision", "recall", "f1", "sequences")]
    np.testing.assert_allclose(ours, theirs)


def test_calibration_is_scikit_learns_curve():
    truth, p = draw(2, 500)
    found = ClassComparison(np.arange(2), truth, {"model": p}, {"model": "this model"}).calibration()
    share, confidence = calibration_curve(p.argmax(axis=1) == truth, p.max(axis=1), n_bins=10)
    filled = found["count"] > 0
    np.testing.assert_allclose(found["share"][filled], share)
    np.testing.assert_allclose(found["confidence"][filled], confidence)
    assert found["error"] == pytest.approx((np.abs(share - confidence) * found["count"][filled]).sum() / 500)


def test_the_majority_is_the_trainings():
    classes = Constant("majority", 3).fit(None, np.array([0, 0, 2, 0]))
    assert classes.predict([[1], [2]]).tolist() == [[0.75, 0, 0.25]] * 2
    labels = Constant("majority").fit(None, np.array([[True, False], [True, True]]))
    assert labels.predict([[1]]).tolist() == [[1, 0.5]]
