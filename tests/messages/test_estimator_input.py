"""Bad input, for each estimator of sequences: a stated rule, or a message that names what is at fault."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import seqwise as sw
from seqwise.errors import DataError

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)).astype(np.float32) for n in RNG.integers(2, 9, 24)]
TEXTS = [f"{['so', 'very', 'not'][i % 3]} {['good', 'bad'][i % 2]}" for i in range(24)]
KINDS = ["a", "b"] * 12
QUICK: dict[str, Any] = {"units": (4,), "epochs": 1, "batch_size": 8}
OF_TEXTS: dict[str, Any] = {**QUICK, "embedding": 4, "tokenizer": {"min_count": 1}}

# each with an answer for the sequences of X, and one for a sequence of any length
ESTIMATORS: dict[str, tuple[Any, list[Any], Any]] = {
    "Classifier": (sw.Classifier, KINDS, lambda steps: "a"),
    "Regressor": (sw.Regressor, list(range(24)), lambda steps: 1.0),
    "Tagger": (sw.Tagger, [[kind] * len(x) for kind, x in zip(KINDS, X, strict=True)], lambda steps: ["a"] * steps),
}


FAULTS = {
    "an empty sequence": (
        np.zeros((0, 2)),
        "Sequence 3 is empty: its shape is (0, 2). A sequence has at least one step and one feature; leave it out, "
        "with its label.",
    ),
    "another number of features": (
        np.zeros((4, 3)),
        f"Sequence 3 has 3 features (shape (4, 3)), but sequence 0 has 2 (shape {X[0].shape}). All sequences need the "
        "same features; only their lengths may differ.",
    ),
    "NaN": (
        np.array([[0.0, 1.0], [2.0, np.nan]]),
        "Sequence 3 is NaN at step 1, feature 1 (1 such value(s) in all). Fill it, for example with the step before, "
        "or leave the step out.",
    ),
}


@pytest.fixture(scope="module", params=list(ESTIMATORS))
def fitted(request):
    estimator, y, answer = ESTIMATORS[request.param]
    return estimator(**QUICK).fit(X, y), y, answer


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_sequence_is_named(fault, fitted):
    trained, y, answer = fitted
    faulty, said = FAULTS[fault]
    mixed = [*X[:3], faulty, *X[4:]]
    with pytest.raises(DataError, match="^" + re.escape(said) + "$"):
        type(trained)(**QUICK).fit(mixed, [*y[:3], answer(len(faulty)), *y[4:]])
    with pytest.raises(DataError, match="^" + re.escape(said) + "$"):
        trained.predict(mixed)


def test_no_sequence_at_all(fitted):
    trained, _, _ = fitted
    for ask in (lambda: type(trained)(**QUICK).fit([], []), lambda: trained.predict([])):
        with pytest.raises(DataError, match=r"^The list of sequences is empty\. Pass at least one array of shape"):
            ask()


def test_other_features_than_the_training_had(fitted):
    with pytest.raises(DataError, match=r"^The sequences have 3 feature\(s\), but the model was trained on 2\.$"):
        fitted[0].predict([np.zeros((4, 3))])


def test_one_sequence_of_100_000_steps_among_short_ones(fitted):
    """It is a batch of its own, and the short ones keep their outputs."""
    trained, y, answer = fitted
    long = RNG.normal(size=(100_000, 2)).astype(np.float32)
    estimator = type(trained)(**QUICK).fit([*X, long], [*y, answer(len(long))])
    ask = getattr(estimator, "predict_proba", estimator.predict)
    both, alone = ask([X[0], long]), ask([X[0]])
    np.testing.assert_allclose(both[0], alone[0], rtol=1e-4, atol=1e-6)
    assert np.isfinite(both[1]).all()
    summary, _ = type(trained)(**QUICK).shapes([*X, long], [*y, answer(len(long))])
    assert summary.buckets[-1] == 100_000
    assert summary.buckets[-2] <= 8
    assert summary.padding[0] < 0.01


@pytest.mark.parametrize("name", ["Classifier", "Regressor"])
def test_texts_without_words(name):
    """An empty text, and one of unknown words alone, is read as one unknown word, or several; a note counts them."""
    estimator, y, _ = ESTIMATORS[name]
    trained = estimator(**OF_TEXTS, validation=0).fit(["", "  ", *TEXTS[2:]], y)
    assert "2 text(s) are empty, first text 0: each counts as one unknown word." in trained.notes_
    ask = getattr(trained, "predict_proba", trained.predict)
    empty, spaces, unknown = ask(["", " ", "zzz"])
    np.testing.assert_array_equal(empty, spaces)
    np.testing.assert_array_equal(empty, unknown)


LONG_TEXTS: dict[str, tuple[Any, Any, list[Any], Any]] = {
    "Classifier": (" ".join, sw.Classifier, KINDS, "a"),
    "Regressor": (" ".join, sw.Regressor, list(range(24)), 1.0),
    "Tagger": (list, sw.Tagger, [[kind] * len(text.split()) for kind, text in zip(KINDS, TEXTS, strict=True)], None),
}


@pytest.mark.parametrize("name", LONG_TEXTS)
def test_a_text_of_100_000_words_among_short_ones(name):
    """It is a batch of its own, and the short ones keep their outputs."""
    text_of, estimator, y, answer = LONG_TEXTS[name]
    texts = [text_of(text.split()) for text in TEXTS]
    long = text_of(["good"] * 100_000)
    trained = estimator(**OF_TEXTS).fit([*texts, long], [*y, ["a"] * 100_000 if answer is None else answer])
    ask = getattr(trained, "predict_proba", trained.predict)
    both, alone = ask([texts[0], long]), ask(texts[:1])
    np.testing.assert_allclose(both[0], alone[0], rtol=1e-4, atol=1e-6)
    assert len(both[1]) == 100_000 if name == "Tagger" else np.isfinite(both[1]).all()


@pytest.mark.parametrize("read", [np.array, tuple, iter])
def test_texts_in_other_hands(read):
    trained = sw.Classifier(**OF_TEXTS).fit(read(TEXTS), KINDS)
    np.testing.assert_array_equal(
        trained.predict_proba(read(TEXTS)), sw.Classifier(**OF_TEXTS).fit(TEXTS, KINDS).predict_proba(TEXTS)
    )


TEXT_FAULTS = {
    "bytes": ([text.encode() for text in TEXTS], "Text 0 is bytes, not text: b'so good'. Decode it: "),
    "None": ([None, *TEXTS[1:]], "Text 0 is missing (None). Write '' for an empty text, or leave it out"),
    "a number": ([*TEXTS[:-1], 7], "Text 23 is int, '7'; expected a str. Convert it: str(…)."),
}


@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_what_is_no_text(fault):
    faulty, said = TEXT_FAULTS[fault]
    trained = sw.Classifier(**OF_TEXTS).fit(TEXTS, KINDS)
    for ask in (lambda: sw.Classifier(**OF_TEXTS).fit(faulty, KINDS), lambda: trained.predict(faulty)):
        with pytest.raises(DataError, match="^" + re.escape(said)):
            ask()
    with pytest.raises(DataError, match=r"^The list of texts is empty. Pass at least one\.$"):
        trained.predict([])


VECTORS = {
    "a value too few": ("good 1 2 3\nbad 1 2\n", "vectors.txt, line 2 has 2 value(s), expected 3 as in line 1"),
    "no number": ("very 1 2 3\nbad 1 x 3\n", "vectors.txt, line 2: value 2 of 'bad' is 'x', not a number."),
    "other words": ("zzz 1 2 3\n", "vectors.txt has none of the vocabulary's 5 words."),
}


@pytest.mark.parametrize("fault", VECTORS)
def test_a_faulty_file_of_vectors(fault, tmp_path):
    content, said = VECTORS[fault]
    (tmp_path / "vectors.txt").write_text(content)
    settings = {**OF_TEXTS, "vectors": str(tmp_path / "vectors.txt"), "validation": 0}
    tokens = [text.split() for text in TEXTS]
    tags = [["how", "what"]] * 24
    asked: list[Any] = [(sw.Classifier, TEXTS, KINDS), (sw.Regressor, TEXTS, range(24)), (sw.Tagger, tokens, tags)]
    for estimator, read, y in asked:
        with pytest.raises(DataError, match="^" + re.escape(said)):
            estimator(**settings).fit(read, y)
