"""Words and pairs of words weighed beside the LSTM: a linear model of a text, in layers of Keras's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences

DIGITS = 128  # values of a word's digit, at most: hardware of little precision adds two of them exactly, too
MOST_WEIGHTS = 2**22  # of all pairs and outputs
MOST_WORK = 10_000_000  # words times outputs, beyond which the fit of the weights takes minutes
STRENGTH = 1.0  # C of the logistic regressions
LETTERS = (3, 5)  # of the groups of letters by which words are alike
ALIKE = 0.3  # how much a group of letters counts beside its word
COMPANY = 64  # width of the vectors of words by their company, learned from the training texts
MET = 0.5  # how much a vector counts beside its word
MOST_SPELLED = 1_000_000  # words of all texts: in more, words say enough by themselves
WORDS, PAIRS, BIAS = "weights_of_words", "weights_of_pairs", "bias_of_pairs"  # the layers that hold `PairWeights`
TOGETHER = "weighed_beside"  # the layer that adds a linear model's logits to the network's, which come first
SHARES = "digits_of_words"  # the layer that holds `pair_digits`


class PairWeights(NamedTuple):
    """A linear model of texts.

    Attributes:
        words: float32, shape (tokens, outputs). pairs: shape (numbers of pairs, outputs). bias: shape (outputs,).
    """

    words: np.ndarray
    pairs: np.ndarray
    bias: np.ndarray

    def score(self, steps: Sequences) -> np.ndarray:
        """Return the log-odds of each output for texts as token ids, shape (samples, outputs)."""
        tokens, outputs = self.words.shape
        counts = count_pairs(steps, tokens, digits_for(outputs))
        return np.asarray(counts @ np.concatenate([self.words, self.pairs])) + self.bias

    def weigh(self, model: Any, scale: float) -> None:
        """Set the weights in a model `with_pairs`, times `scale`."""
        model.get_layer(WORDS).set_weights([self.words * scale])
        model.get_layer(PAIRS).set_weights([self.pairs * scale])
        model.get_layer(BIAS).set_weights([np.eye(len(self.bias)), self.bias * scale])


def affordable(words: int, outputs: int) -> bool:
    """Tell whether the weights of texts of so many words in all are found in seconds."""
    return words * outputs <= MOST_WORK


def digits_for(outputs: int) -> int:
    """Return how many values a digit has: a power of two, fewer where there are many outputs."""
    return int(2 ** np.floor(np.log2(np.clip((MOST_WEIGHTS / outputs) ** 0.5 / 2, 2, DIGITS))))


def pair_digits(tokens: int, digits: int) -> np.ndarray:
    """Return what each token adds to the two digits of a pair's number: as its first word, then as its second; int,
    shape (tokens, 4).

    A hash: they are drawn at random, so that two pairs seldom have the same number. Padding, 0, adds nothing.
    """
    drawn = np.random.default_rng(0).integers(0, digits, (tokens, 4))
    drawn[0] = 0
    return drawn


def with_pairs(network: Any, tokens: int) -> Any:
    """Return a network to whose outputs the weights of a text's words and pairs of words are added; they are 0 until
    `PairWeights.weigh` sets them.

    Args:
        network: from token ids, int32 (samples, timesteps), 0 at padding, to logits (samples, outputs).
        tokens: of the vocabulary.
    """
    from seqwise.layers import accelerate  # imports Keras

    keras = import_keras()
    # a mask of the ids, as `Embedding(mask_zero=True)` makes it
    mask = keras.layers.Embedding(1, 1, mask_zero=True, name="mask_of_pairs").compute_mask(network.input)
    weighed = _read_pairs(network.input, mask, tokens, int(network.output.shape[-1]))
    logits = keras.layers.Add(name=TOGETHER)([network.output, weighed])
    return accelerate(keras.Model(network.input, logits, name=network.name), verbose=False)


def _read_pairs(ids: Any, mask: Any, tokens: int, outputs: int) -> Any:
    layers, digits = import_keras().layers, digits_for(outputs)
    shares = _table(pair_digits(tokens, digits).astype(np.float32), SHARES)(ids)
    high, low = (_sum_of_neighbours(i, name)(shares) for i, name in enumerate(("high_digits", "low_digits")))
    number = layers.Add(name="pairs_of_words")([layers.Rescaling(2.0 * digits, name="shifted_digits")(high), low])
    pairs = layers.Reshape((-1,), name="numbers_of_pairs")(number)
    weights = [
        _table(np.zeros((tokens, outputs), np.float32), WORDS)(ids),
        _table(np.zeros((4 * digits**2, outputs), np.float32), PAIRS)(pairs),
    ]
    real = layers.Rescaling(1.0, name="real_pairs")(layers.Reshape((-1, 1), name="pair_column")(mask))
    total = layers.Dot(axes=1, name="sum_of_weights")([real, layers.Add(name="weights")(weights)])
    total = layers.Reshape((outputs,), name="pair_logits")(total)
    return layers.Dense(outputs, kernel_initializer="identity", trainable=False, name=BIAS)(total)


def _table(rows: np.ndarray, name: str) -> Any:
    """An embedding whose rows are set, and stay as they are in training."""
    layer = import_keras().layers.Embedding(*rows.shape, embeddings_initializer="zeros", trainable=False, name=name)
    layer.build(None)
    layer.set_weights([rows])
    return layer


def _sum_of_neighbours(digit: int, name: str) -> Any:
    """A convolution that adds a digit of each word to that of the next."""
    kernel = np.zeros((2, 4, 1), np.float32)
    kernel[0, digit] = kernel[1, 2 + digit] = 1
    layer = import_keras().layers.Conv1D(1, 2, padding="same", use_bias=False, trainable=False, name=name)
    layer.build((None, None, 4))
    layer.set_weights([kernel])
    return layer


def fit_pairs(
    steps: Sequences,
    targets: np.ndarray,
    words: Sequence[str],
    weights: np.ndarray | None = None,
    vectors: np.ndarray | None = None,
) -> PairWeights:
    """Find the weights of words and pairs for each output: a logistic regression on their counts, each times its
    naive-Bayes log-count ratio (NB-SVM, Wang & Manning 2012).

    A word's weight is the sum of its own, of those of the groups of letters in it (as in fastText, Bojanowski et al.
    2017) and of its vector's, so that a rare word learns from others.

    Args:
        steps: token ids of the training set.
        targets: 0 or 1 of each output, shape (samples, outputs). words: the vocabulary, padding and unknown first.
        weights: of the samples, or of each of their outputs.
        vectors: of the words, of length 1, shape (tokens, dims); None leaves them out.
    """
    from scipy import sparse  # pyright: ignore[reportMissingTypeStubs]
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs]

    outputs, tokens = targets.shape[1], len(words)
    counts: Any = count_pairs(steps, tokens, digits_for(outputs))
    weighed = counts.shape[1]
    groups = letter_groups(words) if len(steps.values) <= MOST_SPELLED else None
    if groups is not None:
        counts = cast(Any, sparse).hstack([counts, ALIKE * counts[:, :tokens] @ groups], format="csr")
    met = [] if vectors is None else [cast(Any, sparse).csr_matrix(MET * counts[:, :tokens] @ vectors)]
    coef, bias = np.zeros((counts.shape[1], outputs), np.float32), np.zeros(outputs)
    present = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]))
    counts = counts[:, present]
    for c, has in enumerate(targets.T.astype(bool)):
        if has.all() or not has.any():
            bias[c] = np.log((has.sum() + 0.5) / ((~has).sum() + 0.5))
            continue
        inside, outside = (np.asarray((counts[rows] > 0).sum(axis=0)).ravel() + 1.0 for rows in (has, ~has))
        ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
        own = weights[:, c] if weights is not None and weights.ndim == 2 else weights
        solver: Any = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)
        features = cast(Any, sparse).hstack([counts.multiply(ratio), *met], format="csr")
        solver.fit(features, has, sample_weight=own)
        found = solver.coef_[0]
        coef[present, c], bias[c] = found[: len(present)] * ratio, solver.intercept_[0]
        if vectors is not None:
            coef[:tokens, c] += MET * vectors @ found[len(present) :]
    if groups is not None:
        coef[:tokens] += ALIKE * (groups @ coef[weighed:])
    return PairWeights(coef[:tokens], coef[tokens:weighed], bias)


def letter_groups(words: Sequence[str]) -> Any:
    """Return which groups of letters, its ends included, each word of a vocabulary has: 0 or 1, a sparse matrix of
    shape (words, groups). Padding and unknown, which come first, have none."""
    from sklearn.feature_extraction.text import CountVectorizer  # pyright: ignore[reportMissingTypeStubs]

    vectorizer: Any = CountVectorizer(analyzer="char_wb", ngram_range=LETTERS, binary=True)
    return vectorizer.fit_transform(["", "", *words[2:]]).astype(float)


def count_pairs(steps: Sequences, tokens: int, digits: int) -> Any:
    """Return how often each word, and each number of a pair, stands in each text: a sparse matrix of shape
    (samples, tokens + numbers of pairs)."""
    from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]

    ids = steps.values[:, 0]
    following = np.append(ids[1:], 0)
    following[steps.starts + steps.lengths - 1] = 0
    shares = pair_digits(tokens, digits)
    high, low = (shares[ids, :2] + shares[following, 2:]).T
    columns = np.concatenate([ids, tokens + 2 * digits * high + low])
    rows = np.tile(np.repeat(np.arange(len(steps)), steps.lengths), 2)
    return csr_matrix((np.ones(len(rows)), (rows, columns)), (len(steps), tokens + 4 * digits**2))
