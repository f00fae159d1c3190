"""Pairs in batches: what the decoder reads and learns, every pair once, the numbers of a plain Keras loop."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqwise.backend import import_keras
from seqwise.data import make_sequences
from seqwise.estimators.translation.network import build_translator
from seqwise.layers import accelerate
from seqwise.training import PairBatches, buckets, jax_steps
from seqwise.training.jax_steps import JaxSteps
from seqwise.training.keras_steps import KerasSteps
from seqwise.training.token_loss import TokenCrossentropy

keras = import_keras()
START, END, TOKENS, BATCH = 2, 3, 9, 8


def make_pairs(source_lengths, target_lengths, seed=0, **options):
    """Pairs whose targets have so many tokens between start and end."""
    rng = np.random.default_rng(seed)
    sources = [rng.integers(4, TOKENS, n).astype(np.int32) for n in source_lengths]
    targets = [np.array([START, *rng.integers(4, TOKENS, n), END], np.int32) for n in target_lengths]
    return PairBatches(make_sequences(sources), make_sequences(targets), **options)


def select(batches, chosen, bucket=0):
    return batches.select(batches.arrays, chosen, bucket)


def ragged(count=45, seed=2):
    rng = np.random.default_rng(seed)
    return rng.choice([2, 3, 4, 9, 10, 30], count), rng.choice([1, 2, 5, 11, 20], count)


@pytest.fixture
def many_buckets(monkeypatch):
    monkeypatch.setattr(buckets, "LEAST_STEPS", 10)
    monkeypatch.setattr(buckets, "MOST_BUCKETS", 3)
    monkeypatch.setattr(jax_steps, "STEPS_PER_CALL", 3)


def test_the_decoder_reads_the_target_up_to_the_step_before():
    sources = make_sequences([np.array([4, 5, 6], np.int32), np.array([7], np.int32)])
    targets = make_sequences([np.array([START, 8, END], np.int32), np.array([START, 5, 6, 7, END], np.int32)])
    (source, decoder_input), learned, weights = select(PairBatches(sources, targets), np.array([0, 1]))
    assert weights is not None
    assert source.tolist() == [[4, 5, 6], [7, 0, 0]]
    assert decoder_input.tolist() == [[START, 8, 0, 0], [START, 5, 6, 7]]
    assert learned.tolist() == [[8, END, 0, 0], [5, 6, 7, END]]
    assert weights.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]


def test_a_batch_taken_on_the_device_is_the_same(many_buckets):
    batches = make_pairs(*ragged())
    on_device = jax.tree.map(jnp.asarray, batches.arrays)
    assert len(batches.lengths) > 1
    for row, real, bucket in zip(*batches.cut(batches.indices, BATCH), strict=True):
        compiled = jax.jit(lambda arrays, chosen, b=int(bucket): batches.select(arrays, chosen, b))
        ours, theirs = select(batches, row[:real], bucket), compiled(on_device, row[:real])
        jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_every_pair_comes_once_and_fits_its_batch_on_both_sides(many_buckets):
    source, target = ragged()
    batches = make_pairs(source, target)
    rows, real, bucket = batches.cut(np.random.default_rng(0).permutation(batches.indices), BATCH)
    assert sorted(np.concatenate([r[:n] for r, n in zip(rows, real, strict=True)]).tolist()) == list(range(45))
    for b in np.unique(bucket):
        mine = np.concatenate([r[:n] for r, n, k in zip(rows, real, bucket, strict=True) if k == b])
        assert batches.sides[b] == (source[mine].max(), target[mine].max() + 1)


@pytest.mark.parametrize("side", [0, 1])
def test_an_outlier_on_either_side_is_a_batch_of_its_own(side):
    source, target = ragged(200)
    (source, target)[side][7] = 20_000
    batches = make_pairs(source, target)
    assert batches.sizes(BATCH)[-1] == 1
    assert max(max(sides) for sides in batches.sides[:-1]) <= 30


def plain_batches(batches, order):
    """Each batch padded by Keras, on both sides to the longest of all."""
    for row, real, _ in zip(*batches.cut(order, BATCH), strict=True):
        chosen = row[:real]
        source = [batches.sources[int(i)].ravel() for i in chosen]
        target = [batches.targets[int(i)].ravel() for i in chosen]
        pad = keras.utils.pad_sequences
        decoder_input = pad([t[:-1] for t in target], maxlen=21, padding="post")
        learned = pad([t[1:] for t in target], maxlen=21, padding="post")
        yield real, [pad(source, maxlen=30, padding="post"), decoder_input], learned, (learned != 0).astype(float)


@pytest.mark.parametrize("Steps", [JaxSteps, KerasSteps])
def test_steps_equal_a_plain_keras_loop(Steps, many_buckets):
    batches = make_pairs(*ragged())
    sizes = {"source_tokens": TOKENS, "target_tokens": TOKENS, "embedding": 3, "units": (4,)}
    ours, theirs = accelerate(build_translator(**sizes), verbose=False), build_translator(**sizes)
    rng = np.random.default_rng(5)
    theirs.set_weights([rng.normal(size=w.shape) / 2 for w in ours.get_weights()])
    ours.set_weights(theirs.get_weights())
    ours.compile("adam", TokenCrossentropy())
    kind = keras.losses.SparseCategoricalCrossentropy
    theirs.compile("adam", kind(from_logits=True, reduction="mean_with_sample_weight"))
    ours.optimizer.build(ours.trainable_variables)
    steps = Steps(ours, batches, BATCH)
    for _ in range(2):
        order = rng.permutation(batches.indices)
        (*_, (_, logs)) = steps.train(order)
        total = 0.0
        for count, *arrays in plain_batches(batches, order):
            total += float(theirs.train_on_batch(*arrays)) * count
            theirs.reset_metrics()
        np.testing.assert_allclose(logs["loss"], total / 45, rtol=5e-6)
        for mine, plain in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, plain, rtol=1e-4, atol=1e-5)
    assert np.isfinite(steps.validate(np.arange(10))["loss"])


def test_smoothed_labels_are_those_of_keras():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(3, 4, TOKENS)).astype("float32"), rng.integers(0, TOKENS, (3, 4))
    weights = rng.random((3, 4)).astype("float32")
    whole = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.1, reduction="mean_with_sample_weight"
    )
    expected = whole(np.eye(TOKENS, dtype="float32")[targets], logits, sample_weight=weights)
    found: Any = TokenCrossentropy(0.1)(targets, logits, sample_weight=weights)
    np.testing.assert_allclose(float(found), float(expected), rtol=1e-5)
