"""The baseline of a translator: a look-up of the most similar training text."""

from __future__ import annotations

from typing import Any

import numpy as np

CHUNK = 512  # texts compared with all training texts at once


class MostSimilar:
    """A translation memory: return the translation of the most similar training text.

    Similarity is the cosine of scikit-learn's TF-IDF vectors of words and pairs of words.
    """

    kind, name = "similar", "most similar"

    def fit(self, texts: list[str], translations: list[str], weights: Any = None) -> MostSimilar:
        """Store the training texts with their translations; `weights` are ignored."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", ngram_range=(1, 2))
        self._known = self._vectorizer.fit_transform(texts).T.tocsc()
        self._translations = list(translations)
        return self

    def predict(self, texts: list[str]) -> list[str]:
        """Return a translation of each text."""
        vectors = self._vectorizer.transform(texts)
        nearest: list[int] = []
        for start in range(0, len(texts), CHUNK):
            nearest += np.asarray((vectors[start : start + CHUNK] @ self._known).argmax(axis=1)).ravel().tolist()
        return [self._translations[i] for i in nearest]
