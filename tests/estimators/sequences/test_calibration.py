"""Probabilities are calibrated on the validation set, and a classifier may abstain where it is not sure."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import seqwise as sw
from seqwise.estimators.sequences.temperature import find_chain_temperature, find_temperatures, logits_of
from seqwise.ops.crf import Transitions

RNG = np.random.default_rng(0)


def drawn(samples, classes, too_sure):
    """Logits of a model that is too sure by a factor, and classes drawn from the true probabilities."""
    logits = RNG.normal(size=(samples, classes)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = np.array([RNG.choice(classes, p=row) for row in p])
    return logits * too_sure, codes


def mean_loss(logits, codes):
    return -(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))[np.arange(len(codes)), codes].mean()


def test_the_temperature_is_that_of_the_least_loss():
    logits, codes = drawn(4000, 3, too_sure=3.0)
    (found,) = find_temperatures([logits], codes)
    grid = np.linspace(1, 6, 501)
    best = grid[np.argmin([mean_loss(logits / t, codes) for t in grid])]
    assert abs(found - best) < 0.05
    assert abs(found - 3) < 0.2


def test_labels_that_do_not_exclude_each_other_have_one_temperature():
    logits = RNG.normal(size=(4000, 3))
    labels = RNG.random((4000, 3)) < 1 / (1 + np.exp(-logits))
    (found,) = find_temperatures([logits * 0.5], labels)
    assert abs(found - 0.5) < 0.05


def test_few_sequences_change_little():
    logits, codes = drawn(4, 3, too_sure=3.0)
    (found,) = find_temperatures([logits], codes)
    assert 0.6 < found < 1.7


def test_of_two_models_the_better_one_weighs_more():
    logits, codes = drawn(2000, 3, too_sure=1.0)
    good, noise = find_temperatures([logits, RNG.normal(size=logits.shape)], codes)
    assert good < 1.3
    assert noise > 5


def test_logits_give_their_probabilities_back():
    p = np.array([[0.7, 0.2, 0.1]])
    back = np.exp(logits_of(p, multilabel=False))
    np.testing.assert_allclose(back / back.sum(), p)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits_of(p, multilabel=True))), p)


@pytest.fixture(scope="module")
def fitted():
    X = [RNG.normal(size=(6, 1)) + i % 3 for i in range(150)]
    return sw.Classifier(units=(4,), epochs=4, recipe="lstm", validation=0.4).fit(X, np.arange(150) % 3), X


def test_a_classifier_is_calibrated_on_its_validation_part(fitted):
    classifier, X = fitted
    (temperature,) = classifier.target_.temperatures
    assert temperature != 1
    chosen = classifier.parts_.validation
    calibrated = np.log(classifier.predict_proba([X[i] for i in chosen]))
    assert mean_loss(calibrated, chosen % 3) < mean_loss(calibrated * temperature, chosen % 3)


def test_the_temperature_of_a_crf_is_what_its_scores_are_too_large_by():
    """Tags are drawn from the probabilities of all sequences of tags, one by one."""
    rng = np.random.default_rng(1)
    start, between = rng.normal(size=3), rng.normal(size=(3, 3))
    paths = np.array(list(product(range(3), repeat=4)))
    emissions, tags = rng.normal(size=(500, 4, 3)), []
    for own in emissions:
        scores = start[paths[:, 0]] + between[paths[:, :-1], paths[:, 1:]].sum(axis=1)
        scores += own[np.arange(4), paths].sum(axis=1)
        tags.append(paths[rng.choice(len(paths), p=np.exp(scores) / np.exp(scores).sum())])
    found = find_chain_temperature(list(3 * emissions), Transitions(3 * start, 3 * between), tags)
    assert abs(found - 3) < 0.3


@pytest.mark.parametrize("words", [True, False])
def test_a_tagger_is_calibrated_on_the_steps_of_its_validation_part(words, tmp_path):
    rng = np.random.default_rng(2)
    tags = [rng.integers(0, 3, size=4) for _ in range(60)]
    noisy = [np.where(rng.random(4) < 0.3, rng.integers(0, 3, size=4), own) for own in tags]
    X = [[f"w{i}" for i in own] if words else own[:, None].astype(float) for own in noisy]
    tagger: Any = sw.Tagger(units=(4,), epochs=30, learning_rate=0.02, validation=0.5).fit(X, tags)
    assert tagger.training_.watched == ("val_accuracy" if words else "val_loss")
    (temperature,) = tagger.target_.temperatures
    assert abs(temperature - 1) > 0.05
    chosen = tagger.parts_.validation
    truth = np.concatenate([tags[i] for i in chosen])
    calibrated = np.log(np.concatenate(tagger.predict_proba([X[i] for i in chosen])))
    assert mean_loss(calibrated, truth) < mean_loss(calibrated * temperature, truth)
    run = tagger.save(tmp_path / "run")
    assert sw.load(run).target_.temperatures == [temperature]
    chained: Any = sw.Tagger(units=(4,), epochs=30, learning_rate=0.02, validation=0.5, crf=True).fit(X, tags)
    (temperature,) = chained.target_.temperatures
    assert abs(temperature - 1) > 0.05
    np.testing.assert_allclose(
        np.concatenate(sw.load(chained.save(tmp_path / "chained")).predict_proba(X)),
        np.concatenate(chained.predict_proba(X)),
        atol=1e-5,
    )
    page = (run / "report.html").read_text()
    assert "its temperature" in page
    assert ("accuracy in validation was largest" in page) == words


def test_it_abstains_below_a_probability(fitted):
    classifier, X = fitted
    sure = classifier.predict_proba(X).max(axis=1)
    threshold = float(np.median(sure))
    answers = classifier.predict(X, abstain_below=threshold)
    assert answers.dtype == object
    assert [answer is None for answer in answers] == (sure < threshold).tolist()
    assert all(a == b for a, b in zip(answers, classifier.predict(X), strict=True) if a is not None)
    with pytest.raises(sw.SettingError, match="abstain_below=2"):
        classifier.predict(X, abstain_below=2)


def test_the_comparison_says_what_abstaining_gains(fitted):
    comparison = fitted[0].evaluate()
    everything, *_, half = comparison.abstaining()
    assert everything["answered"] == 1
    assert everything["accuracy"] == pytest.approx(comparison.metrics["accuracy"])
    assert 0.5 <= half["answered"] < 0.6
    confidence = comparison.probabilities["model"].max(axis=1)
    chosen = confidence >= half["threshold"]
    assert half["accuracy"] == (comparison.predicted() == comparison.truth)[chosen].mean()


def test_a_run_keeps_its_temperature_and_abstains_without_keras(fitted, tmp_path):
    classifier, X = fitted
    run = classifier.save(tmp_path / "run")
    assert sw.load(run).target_.temperatures == classifier.target_.temperatures
    plain = sw.load(run, backend="numpy")
    assert (plain.predict(X, abstain_below=0.6) == classifier.predict(X, abstain_below=0.6)).all()
    page = (run / "report.html").read_text()
    assert "its temperature" in page
    assert "If it may abstain" in page
    assert "Why this class" in page


def test_several_labels_do_not_abstain():
    X = [RNG.normal(size=(3, 1)) for _ in range(12)]
    several = sw.Classifier(units=(2,), epochs=1, recipe="lstm").fit(X, [("a",), ("a", "b")] * 6)
    with pytest.raises(sw.SettingError, match="abstain_below needs one label"):
        several.predict(X, abstain_below=0.6)
