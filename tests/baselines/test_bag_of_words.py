"""The bag of words is scikit-learn's TF-IDF, and comes back from JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from seqwise.baselines.bag_of_words import BagOfWords
from seqwise.data.texts import make_texts

TRAIN = ["Good good film", "a bad film", "no film at all, ever", ""]
OTHER = ["good BAD ugly", "film"]


def test_it_is_that_of_scikit_learn_and_comes_back():
    bag = BagOfWords()
    found = bag.fit_transform(make_texts(TRAIN)).toarray()
    twin: Any = TfidfVectorizer(sublinear_tf=True)
    np.testing.assert_array_equal(found, twin.fit_transform(TRAIN).toarray())
    # by hand: the idf of a word in one of four texts, and a count of two
    assert bag.to_dict()["idf"][bag.to_dict()["words"].index("good")] == np.log(5 / 2) + 1
    again = BagOfWords().from_dict(json.loads(json.dumps(bag.to_dict())))
    expected = twin.transform(OTHER).toarray()
    for one in (bag, again):
        np.testing.assert_allclose(one.transform(make_texts(OTHER)).toarray(), expected, rtol=1e-15)
    assert expected.any(axis=1).all()


def test_texts_of_single_letters_are_told_apart_too():
    bag = BagOfWords()
    found = bag.fit_transform(make_texts(["a b", "a !", ""])).toarray()
    again = BagOfWords().from_dict(json.loads(json.dumps(bag.to_dict())))
    np.testing.assert_allclose(again.transform(make_texts(["a b", "a !", ""])).toarray(), found)
    assert again.to_dict()["words"] == ["!", "a", "b"]
