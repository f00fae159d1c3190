"""What each step and word adds to a prediction: the parts add up to the whole, and agree with finite differences."""

import numpy as np
import pytest

import seqwise as sw

RNG = np.random.default_rng(0)


def log_odds(p):
    return np.log(p) - np.log1p(-p)


@pytest.fixture(scope="module")
def of_numbers():
    X = [RNG.normal(size=(5, 2)) * [1, 10] + i % 3 for i in range(60)]
    return sw.Classifier(units=(3,), epochs=3, recipe="lstm", learning_rate=0.03).fit(X, np.arange(60) % 3), X


@pytest.mark.parametrize("label", [None, 0])
def test_the_parts_add_up(of_numbers, label):
    classifier, X = of_numbers
    explained = classifier.explain_prediction(X[1], label)
    assert explained.by_feature.shape == (5, 2)
    p = classifier.predict_proba([X[1]])[0]
    code = p.argmax() if label is None else label
    assert (explained.label, explained.probability) == (code, p[code])
    assert explained.odds == pytest.approx(log_odds(p[code]), abs=1e-4)
    mean = classifier.input_.scaler.offset_ + np.zeros((5, 2))
    assert explained.start == pytest.approx(log_odds(classifier.predict_proba([mean])[0, code]), abs=1e-4)
    assert explained.contributions.sum() == pytest.approx(explained.odds - explained.start, abs=1e-3)


def test_they_agree_with_finite_differences(of_numbers):
    classifier, X = of_numbers
    x, mean = X[4], classifier.input_.scaler.offset_
    explained = classifier.explain_prediction(x, 1)
    expected = np.zeros(x.shape)
    small = 1e-2 * classifier.input_.scaler.scale_
    for share in (np.arange(8) + 0.5) / 8:
        at = mean + share * (x - mean)
        for t in range(len(x)):
            for j in range(x.shape[1]):
                shift = np.zeros(x.shape)
                shift[t, j] = small[j]
                up, down = log_odds(classifier.predict_proba([at + shift, at - shift])[:, 1])
                expected[t, j] += (up - down) / (2 * small[j]) * (x - mean)[t, j] / 8
    np.testing.assert_allclose(explained.by_feature, expected, atol=0.01 * np.abs(expected).max() + 1e-3)


def test_words_and_their_pairs_speak_for_a_class():
    texts = [" ".join(RNG.choice(["good", "bad", "not", "so", "film"], 5)) for _ in range(200)]
    y = ["not good" in text for text in texts]
    classifier = sw.Classifier(units=(3,), embedding=3, epochs=1).fit(texts, y)
    explained = classifier.explain_prediction("film not good so")
    assert explained.label is True
    assert explained.values.ravel().tolist() == ["film", "not", "good", "so"]
    assert set(np.argsort(-explained.contributions)[:2]) == {1, 2}
    assert explained.contributions.sum() == pytest.approx(explained.odds - explained.start, abs=1e-2)
    against = classifier.explain_prediction("film not good so", False)
    np.testing.assert_allclose(against.contributions, -explained.contributions, atol=1e-4)
    assert "step 1: not" in str(explained)
    assert explained.plot().get_axes()[0].get_yticklabels()[0].get_text() == "so"


def test_faults_are_named(of_numbers):
    classifier, X = of_numbers
    with pytest.raises(sw.DataError, match="There are 2 sequences; one prediction is explained at a time"):
        classifier.explain_prediction(X[:2])
    with pytest.raises(sw.SettingError, match="label=7 is not a class"):
        classifier.explain_prediction(X[0], 7)
