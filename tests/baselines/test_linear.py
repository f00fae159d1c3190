"""The simple models: what they read against a plain loop, what they say against scikit-learn, and the way back."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from seqwise.baselines.linear import LinearBaseline
from seqwise.baselines.sequence_features import SummaryFeatures, summarise
from seqwise.data import make_sequences

RNG = np.random.default_rng(0)


def draw(samples=40, features=3):
    return [RNG.normal(size=(RNG.integers(1, 9), features)) + i % 3 for i in range(samples)]


def by_hand(sequences):
    return np.array(
        [np.concatenate([s.mean(0), s.std(0), s.min(0), s.max(0), s[0], s[-1], [len(s)]]) for s in sequences]
    )


def test_the_summary_is_that_of_a_plain_loop():
    sequences = draw()
    np.testing.assert_allclose(summarise(make_sequences(sequences)), by_hand(sequences), atol=1e-12)


def test_it_stays_exact_far_from_zero():
    far = [s + 1e8 for s in draw(5)]
    np.testing.assert_allclose(summarise(make_sequences(far))[:, 3:6], by_hand(far)[:, 3:6], atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_are_scikit_learns(classes, weighted):
    sequences, codes = draw(), np.arange(40) % classes
    weights = RNG.random(40) if weighted else None
    ours = LinearBaseline(SummaryFeatures(), "classes", classes).fit(make_sequences(sequences), codes, weights)
    scaler = StandardScaler().fit(by_hand(sequences))
    theirs = LogisticRegression(max_iter=1000).fit(scaler.transform(by_hand(sequences)), codes, sample_weight=weights)
    other = draw(10)
    np.testing.assert_allclose(
        ours.predict(make_sequences(other)), theirs.predict_proba(scaler.transform(by_hand(other))), atol=1e-6
    )


@pytest.mark.parametrize("seen", [[0, 3], [1, 2, 4], [2]])
def test_a_class_that_no_sequence_has_is_as_good_as_impossible(seen):
    sequences, codes = draw(), np.array(seen)[np.arange(40) % len(seen)]
    found = LinearBaseline(SummaryFeatures(), "classes", 5).fit(make_sequences(sequences), codes)
    said = found.predict(make_sequences(sequences))
    assert said.shape == (40, 5)
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert (np.delete(said, seen, axis=1) < 1e-6).all()
    if len(seen) == 1:
        return
    x = StandardScaler().fit_transform(by_hand(sequences))
    theirs = LogisticRegression(max_iter=1000).fit(x, codes).predict_proba(x)
    np.testing.assert_allclose(said[:, seen], theirs, atol=1e-6)


def test_of_several_labels_each_has_its_own_model():
    sequences = draw()
    codes = np.stack([np.arange(40) % 2 == 0, np.arange(40) % 3 == 0, np.ones(40, bool), np.zeros(40, bool)], axis=1)
    ours = (
        LinearBaseline(SummaryFeatures(), "labels")
        .fit(make_sequences(sequences), codes)
        .predict(make_sequences(sequences))
    )
    x = StandardScaler().fit_transform(by_hand(sequences))
    for c in (0, 1):
        theirs = LogisticRegression(max_iter=1000).fit(x, codes[:, c]).predict_proba(x)[:, 1]
        np.testing.assert_allclose(ours[:, c], theirs, atol=1e-6)
    assert (ours[:, 2] > 0.999999).all()
    assert (ours[:, 3] < 0.000001).all()


@pytest.mark.parametrize("targets", [1, 2])
def test_numbers_are_scikit_learns_ridge(targets):
    sequences, y = draw(), RNG.normal(size=(40, targets))
    ours = LinearBaseline(SummaryFeatures(), "numbers").fit(make_sequences(sequences), y)
    x = StandardScaler().fit_transform(by_hand(sequences))
    found = ours.predict(make_sequences(sequences))
    assert found.shape == (40, targets)
    np.testing.assert_allclose(found, Ridge().fit(x, y).predict(x).reshape(40, targets), atol=1e-9)


def test_features_come_back_from_json():
    features = SummaryFeatures()
    sequences = make_sequences(draw())
    read = features.fit_transform(sequences)
    np.testing.assert_array_equal(SummaryFeatures().from_dict(features.to_dict()).transform(sequences), read)
