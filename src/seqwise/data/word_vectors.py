"""Vectors of words learned from texts alone: words that stand in the same company are alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data.sequences import Sequences
from seqwise.data.tokenizer import UNKNOWN
from seqwise.data.vectors import Vectors

SMOOTHING = 0.75  # power of a neighbour's frequency: rare ones say less (Levy, Goldberg & Dagan 2015)
AT_ONCE = 1_000_000  # words whose neighbours are counted together
MOST_READ = 5_000_000  # words: of more every second text is read, or every third, and so on
LABEL = "the texts without labels"


def learn_vectors(texts: Sequences, tokens: int, width: int, near: int = 5) -> Vectors:
    """Learn a vector for each word from the words that stand near it.

    The vectors are those of the truncated singular value decomposition of the words' positive pointwise mutual
    information (Levy & Goldberg 2014), each number times the root of its singular value, then scaled to length 1.

    Args:
        texts: token ids. tokens: of the vocabulary. width: of a vector; what a small vocabulary cannot fill is 0.
        near: words on each side that are a word's company, of which the n-th counts 1/n. Five tell what a text is
            about, one or two what a word does in its sentence.
    """
    from sklearn.utils.extmath import randomized_svd  # pyright: ignore[reportMissingTypeStubs]

    texts = texts.take(np.arange(0, len(texts), -(-len(texts.values) // MOST_READ)))
    values = np.zeros((tokens, width), np.float32)
    company = _mutual_information(_count_neighbours(texts, tokens, near))
    rank = min(width, tokens - 1)
    if company.nnz and rank > 0:
        left, singular, _ = randomized_svd(company, rank, random_state=0)
        values[:, :rank] = left * np.sqrt(singular)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    known = lengths[:, 0] > 1e-6
    return Vectors(np.divide(values, lengths, out=np.zeros_like(values), where=known[:, None]), known, LABEL)


def _count_neighbours(texts: Sequences, tokens: int, near: int) -> Any:
    """Return how much each word stands near each other one, a sparse matrix of shape (tokens, tokens)."""
    from scipy.sparse import coo_matrix, csr_matrix  # pyright: ignore[reportMissingTypeStubs]

    ids, text = texts.values[:, 0], np.repeat(np.arange(len(texts)), texts.lengths)
    counts: Any = csr_matrix((tokens, tokens))
    for start in range(0, len(ids), AT_ONCE):
        stop = start + AT_ONCE
        for n in range(1, near + 1):
            first, second = ids[start:stop], ids[start + n : stop + n]
            together = text[start:stop][: len(second)] == text[start + n : stop + n]
            pairs = first[: len(second)][together], second[together]
            counts = counts + coo_matrix((np.full(len(pairs[0]), 1 / n), pairs), (tokens, tokens)).tocsr()
    return counts + counts.T


def _mutual_information(counts: Any) -> Any:
    """Return the positive pointwise mutual information of words and their neighbours; unknown words have none."""
    from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]

    counts = counts.tocoo()
    often = np.asarray(counts.sum(axis=1)).ravel()
    smoothed = often**SMOOTHING
    expected = often[counts.row] * smoothed[counts.col] / max(smoothed.sum(), 1)
    information = np.log(counts.data / expected)
    kept = (information > 0) & (counts.row > UNKNOWN) & (counts.col > UNKNOWN)
    return csr_matrix((information[kept], (counts.row[kept], counts.col[kept])), counts.shape)
