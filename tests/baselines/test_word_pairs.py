"""Words and pairs with naive-Bayes weights: against a plain computation, and what pairs alone can tell."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from seqwise.baselines.word_pairs import STRENGTH, WordPairs
from seqwise.data.texts import make_texts

FILLERS = ["the film", "a plot", "this cast", "one scene", "our host"]
TEXTS = [f"{filler} is {word} , {end}" for filler in FILLERS for word in ("not good", "good") for end in ("ok", "well")]
CODES = np.array([int("not good" not in text) for text in TEXTS])


def test_a_class_is_scikit_learns_logistic_regression_on_weighted_columns():
    fitted = WordPairs(2).fit(make_texts(TEXTS), CODES)
    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]")
    x = vectorizer.fit_transform(TEXTS).toarray()
    inside, outside = (1 + (x[c == CODES] > 0).sum(axis=0) for c in (1, 0))
    ratio = np.log((inside / inside.sum()) / (outside / outside.sum()))
    theirs = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0).fit(x * ratio, CODES)
    said = fitted.predict(make_texts(TEXTS))
    np.testing.assert_allclose(said[:, 1], theirs.predict_proba(x * ratio)[:, 1], atol=1e-3)


def test_pairs_are_seen_and_it_comes_back():
    fitted = WordPairs(2).fit(make_texts(TEXTS), CODES)
    other = make_texts(["your uncle is not good", "your aunt is good , indeed"])
    assert fitted.predict(other).argmax(axis=1).tolist() == [0, 1]
    again = WordPairs.load(*fitted.save())
    np.testing.assert_allclose(again.predict(other), fitted.predict(other))


def test_of_several_labels_each_stands_alone():
    labels = np.stack([CODES == 1, np.ones(20, bool), np.zeros(20, bool)], axis=1)
    said = WordPairs().fit(make_texts(TEXTS), labels, np.ones((20, 3))).predict(make_texts(TEXTS))
    assert (said[:, 0] > 0.5).tolist() == labels[:, 0].tolist()
    assert (said[:, 1] > 0.999).all() and (said[:, 2] < 0.001).all()
