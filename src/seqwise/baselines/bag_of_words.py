"""The features of a text for a linear baseline: its words, weighted by rarity, without their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqwise.backend import deferred_imports
from seqwise.data.texts import Texts

ANYTHING = r"\S+"


class BagOfWords:
    """TF-IDF as scikit-learn's `TfidfVectorizer` defines it, with ``1 + log(count)`` for a word's count in a text.

    A word has at least two letters or digits, in lower case; if no text has such a word, texts are split at white
    space. Words and weights are learned in `fit_transform`.
    """

    kind, name = "words", "bag of words"

    def fit_transform(self, texts: Texts) -> Any:
        self._vectorizer = _vectorizer()
        words_of = self._vectorizer.build_analyzer()
        if not any(words_of(text) for text in texts.values):
            self._vectorizer = _vectorizer(token_pattern=ANYTHING)
        return self._vectorizer.fit_transform(texts.values)

    def transform(self, texts: Texts) -> Any:
        return self._vectorizer.transform(texts.values)

    def to_dict(self) -> dict[str, Any]:
        return {
            "words": self._vectorizer.get_feature_names_out().tolist(),
            "idf": self._vectorizer.idf_.tolist(),
            "pattern": self._vectorizer.token_pattern,
        }

    def from_dict(self, saved: Mapping[str, Any]) -> BagOfWords:
        self._vectorizer = _vectorizer(vocabulary=saved["words"], token_pattern=saved["pattern"])
        self._vectorizer.idf_ = np.array(saved["idf"])
        return self


def _vectorizer(**settings: Any) -> Any:
    with deferred_imports():
        from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, **settings)
