"""A sequence's output is its own: alone, in any batch, with any padding; and one giant among many does no harm."""

import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqwise as sw

KINDS = {
    "last": {"pooling": "last"},
    "all, stacked": {"pooling": "last+mean+max", "units": (5, 4)},
    "one direction": {"pooling": "last+mean", "bidirectional": False},
}  # fmt: skip
SMALL: dict[str, Any] = {"units": (5,), "epochs": 3, "learning_rate": 0.05}
MOST = 8  # sequences of a batch
NEAR: dict[str, Any] = {"rtol": 0, "atol": 5e-6}  # of a probability: some steps of float32 at each of some operations


@cache
def trained(kind):
    """A model trained in batches of similar length, of several buckets, and the sequences it was trained on."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 3)) + i % 3 for i, n in enumerate(np.tile([1, 2, 3, 7, 30, 90], 30))]
    model = sw.Classifier(**SMALL | KINDS[kind]).fit(X, np.arange(len(X)) % 3)
    return model, X


def test_it_is_trained_in_several_buckets():
    model, X = trained("last")
    from seqwise.training.buckets import bucket_lengths

    assert len(bucket_lengths(np.array([len(x) for x in X]))) > 2
    assert "batches   of similar length" in model.summary_


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_alone_in_any_batch_and_with_any_padding(kind, data):
    model, X = trained(kind)
    chosen = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=MOST))
    alone = np.concatenate([model.predict_proba([X[i]]) for i in chosen])
    np.testing.assert_allclose(model.predict_proba([X[i] for i in chosen]), alone, **NEAR)

    # the Keras model itself, with padding on both sides, of any length, and with anything in it
    filler = data.draw(st.sampled_from([0.0, 7.0, -1e3]))
    values = np.full((MOST, 100, 3), filler, np.float32)
    mask = np.zeros(values.shape[:2], bool)
    mask[len(chosen) :, 0] = True  # the batch is filled up: every shape is compiled
    for row, i in enumerate(chosen):
        before = data.draw(st.integers(0, 100 - len(X[i])))
        steps = slice(before, before + len(X[i]))
        values[row, steps], mask[row, steps] = model.input_.scaler.transform(X[i]), True
    found = np.asarray(model.model_.predict_on_batch([values, mask]))[: len(chosen)]
    np.testing.assert_allclose(found, alone, **NEAR)


WORDS = [f"word{i}" for i in range(40)]


@cache
def trained_on_texts(pooling):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, size=n)) for n in np.tile([1, 2, 3, 7, 30, 90], 30)]
    return sw.Classifier(**SMALL, embedding=4, pooling=pooling).fit(texts, np.arange(len(texts)) % 3), texts


@pytest.mark.parametrize("pooling", ["last+max"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_texts_alone_in_any_batch_and_with_any_padding(pooling, data):
    """`Embedding(mask_zero=True)` tells where a text is, and `Bidirectional` reads it alone."""
    model, texts = trained_on_texts(pooling)
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=MOST))
    alone = np.concatenate([model.predict_proba([texts[i]]) for i in chosen])
    np.testing.assert_allclose(model.predict_proba([texts[i] for i in chosen]), alone, **NEAR)

    ids = np.zeros((MOST, 100), np.int32)
    ids[:, 0] = 1  # the batch is filled up: every shape is compiled
    for row, i in enumerate(chosen):
        text = model.input_.tokenizer.encode([texts[i]]).values[:, 0]
        before = data.draw(st.integers(0, 100 - len(text)))
        ids[row] = np.pad(text, (before, 100 - before - len(text)))
    found = np.asarray(model.model_.predict_on_batch(ids))[: len(chosen)]
    np.testing.assert_allclose(found, alone, **NEAR)


def test_the_same_with_and_without_buckets_where_nothing_is_dropped_and_the_batch_is_everything():
    """One batch of all samples has the same gradient however it is padded."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in rng.integers(1, 9, 24)]
    y = np.arange(24) % 2
    given: dict[str, Any] = {"dropout": 0.0, "batch_size": 24, "epochs": 4, "validation": 0, "units": (4,)}
    one, other = (sw.Classifier(**given, bucketing=bucketing).fit(X, y) for bucketing in (True, False))
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-5)


OUTLIER = """
import resource
import numpy as np
import seqwise as sw

def peak(giant):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) + i % 2 for i, n in enumerate([*rng.integers(5, 30, 63), giant])]
    model = sw.Classifier(units=(64,), epochs=1, validation=0).fit(X, np.arange(64) % 2)
    found = model.predict_proba(X)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:3], model.predict_proba(X[:3]), atol=5e-6)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = peak(30)
print(peak(100_000) - before)
"""


def test_a_sequence_of_100_000_steps_among_short_ones_trains_in_the_memory_of_its_own():
    """Padded to its length, a batch of 16 would take 16 × 100,000 × 2 × 64 × 4 bytes for the states alone: 3.3 GB."""
    done = subprocess.run([sys.executable, "-c", OUTLIER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    more = float(done.stdout.splitlines()[-1])
    assert more < 1500, f"{more:.0f} MB more than without it"
