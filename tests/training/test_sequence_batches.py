"""Batches of like lengths: the best buckets, every sample once, the numbers of a plain Keras loop."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.backend import import_keras
from seqwise.data import make_sequences
from seqwise.layers import accelerate
from seqwise.training import SequenceBatches, buckets, fit, jax_steps, predict_sequences, predictions
from seqwise.training.jax_steps import JaxSteps
from seqwise.training.keras_steps import KerasSteps

keras = import_keras()
FEATURES, CLASSES, BATCH = 3, 4, 8
CHUNKS = 3  # steps of a compiled call, so that an epoch takes several and ends in a short one


def make_batches(lengths, *, weighted=False, seed=0, **options):
    rng = np.random.default_rng(seed)
    sequences = make_sequences([rng.normal(size=(n, FEATURES)).astype(np.float32) for n in lengths])
    targets = rng.integers(0, CLASSES, len(lengths)).astype(np.int32)
    weights = rng.random(len(lengths)).astype(np.float32) + 0.5 if weighted else None
    return SequenceBatches(sequences, targets, weights, **options)


def make_model(dropout=0.0, learning_rate=0.001):
    values, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(4, dropout=dropout, seed=1))(values, mask=mask)
    model = keras.Model([values, mask], keras.layers.Dense(CLASSES, activation="softmax")(hidden))
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype("float32") / 2 for w in model.get_weights()])
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model


def ragged(count=45, seed=2):
    return np.random.default_rng(seed).choice([2, 3, 4, 9, 10, 11, 30], count)


@pytest.fixture
def many_buckets(monkeypatch):
    monkeypatch.setattr(buckets, "LEAST_STEPS", 10)
    monkeypatch.setattr(buckets, "MOST_BUCKETS", 3)
    monkeypatch.setattr(jax_steps, "STEPS_PER_CALL", CHUNKS)


def steps_of(lengths, tops):
    return int(np.asarray(tops)[np.searchsorted(tops, lengths)].sum())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_no_other_buckets_need_fewer_steps(lengths):
    lengths = np.array(lengths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "LEAST_STEPS", 1)
        patch.setattr(buckets, "LEAST_SAVED", 0.0)
        patch.setattr(buckets, "MOST_BUCKETS", 3)
        chosen = buckets.bucket_lengths(lengths)
    tops = np.unique(lengths)
    ways = [(*some, tops[-1]) for count in range(min(3, len(tops))) for some in combinations(tops[:-1].tolist(), count)]
    assert steps_of(lengths, chosen) == min(steps_of(lengths, way) for way in ways)
    assert chosen[-1] == tops[-1]


def test_equal_lengths_and_small_gains_make_one_bucket():
    assert buckets.bucket_lengths(np.full(1000, 7)).tolist() == [7]
    assert buckets.bucket_lengths(np.array([90, 100] * 20)).tolist() == [100]
    assert buckets.bucket_lengths(np.array([10, 100] * 50)).tolist() == [10, 100]


def test_lengths_from_10_to_1000_are_hardly_padded():
    lengths = np.random.default_rng(0).integers(10, 1001, 20_000)
    tops = buckets.bucket_lengths(lengths)
    assert len(tops) <= buckets.MOST_BUCKETS
    padded = steps_of(lengths, tops) / lengths.sum()
    assert padded < 1.15  # in one bucket it is 1.98
    assert steps_of(lengths, lengths.max(keepdims=True)) / lengths.sum() > 1.9


def test_an_outlier_is_a_batch_of_its_own():
    batches = make_batches([*ragged(40), 100_000])
    assert batches.lengths[-1] == 100_000
    assert batches.sizes(BATCH)[-1] == 1
    bucket = batches.cut(batches.indices, BATCH).buckets
    sizes = np.array(batches.sizes(BATCH))[bucket]
    assert (batches.lengths[bucket] * sizes).sum() < 105_000  # 41 × 100,000 in one bucket


def test_every_sample_comes_once_an_epoch_among_its_like(many_buckets):
    batches = make_batches(ragged())
    assert len(batches.lengths) > 2
    rng = np.random.default_rng(0)
    epochs = []
    for _ in range(3):
        rows, real, bucket = batches.cut(rng.permutation(batches.indices), BATCH)
        seen = [row[:n] for row, n in zip(rows, real, strict=True)]
        assert sorted(np.concatenate(seen).tolist()) == list(range(45))
        for samples, row, b in zip(seen, rows, bucket, strict=True):
            assert set(row) == set(samples)  # what fills a batch up is of its own
            lengths = batches.sequences.lengths[samples]
            assert lengths.max() <= batches.lengths[b]
            assert b == 0 or lengths.min() > batches.lengths[b - 1]
        epochs.append([samples.tolist() for samples in seen])
        assert not (np.diff(bucket) >= 0).all()  # the buckets come mixed
    assert epochs[0] != epochs[1] != epochs[2]
    again = np.random.default_rng(0)
    rows, real, _ = batches.cut(again.permutation(batches.indices), BATCH)
    assert [row[:n].tolist() for row, n in zip(rows, real, strict=True)] == epochs[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.sampled_from([4, 16, 32]))
def test_the_last_batch_is_as_large_as_the_others(count, size):
    cut = make_batches([5] * count).cut(np.random.default_rng(count).permutation(count), size)
    assert cut.real.sum() == count
    assert cut.real.max() <= size
    assert len(cut.real) == -(-count // size)  # no more batches than needed
    assert np.ptp(cut.real) <= 1
    assert sorted(np.concatenate([row[:n] for row, n in zip(cut.rows, cut.real, strict=True)])) == list(range(count))


def test_a_part_has_its_own_samples_and_the_same_buckets(many_buckets):
    batches = make_batches(ragged())
    part = batches.subset(np.array([44, 3, 7]))
    rows, real, _ = part.cut(part.indices, BATCH)
    assert sorted(np.concatenate([r[:n] for r, n in zip(rows, real, strict=True)]).tolist()) == [3, 7, 44]
    assert part.lengths.tolist() == batches.lengths.tolist()
    assert part.sizes(BATCH) == batches.sizes(BATCH)


def keras_epoch(batches, order):
    """The plain way: each batch padded by Keras, to the longest of all sequences, the mask from the lengths."""
    for row, real, _ in zip(*batches.cut(order, BATCH), strict=True):
        chosen = row[:real]
        some = [batches.sequences[int(i)] for i in chosen]
        values = keras.utils.pad_sequences(some, maxlen=30, dtype="float32", padding="post", value=9.0)
        mask = np.array([[t < len(s) for t in range(values.shape[1])] for s in some])
        weights = None if batches.weights is None else batches.weights[chosen]
        yield len(chosen), [values, mask], batches.targets[chosen], weights


@pytest.mark.parametrize(("Steps", "weighted"), [(JaxSteps, False), (JaxSteps, True), (KerasSteps, True)])
def test_steps_equal_a_plain_keras_loop(Steps, weighted, many_buckets):
    batches = make_batches(ragged(), weighted=weighted)
    ours, theirs = accelerate(make_model(), verbose=False), make_model()
    held = batches.subset(np.arange(0, 45, 4))
    steps = Steps(ours, batches, BATCH)
    rng = np.random.default_rng(3)
    for _ in range(2):
        order = rng.permutation(batches.indices)
        (*_, (done, logs)) = steps.train(order)
        total = 0.0
        for count, *arrays in keras_epoch(batches, order):
            total += float(theirs.train_on_batch(*arrays)) * count
            theirs.reset_metrics()
        assert done == len(batches.cut(order, BATCH).real)
        np.testing.assert_allclose(logs["loss"], total / 45, rtol=5e-6)
        for mine, plain in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, plain, rtol=1e-4, atol=5e-6)
    total = 0.0
    for count, *arrays in keras_epoch(held, held.indices):
        total += float(theirs.test_on_batch(*arrays)) * count
        theirs.reset_metrics()
    np.testing.assert_allclose(steps.validate(held.indices)["loss"], total / len(held), rtol=1e-4)


def test_fit_is_reproducible_and_learns(many_buckets):
    def trained(seed, **options):
        batches = make_batches(ragged(), **options)
        batches.targets[:] = batches.sequences.lengths > 5
        model = accelerate(make_model(dropout=0.2, learning_rate=0.02), verbose=False)
        part = batches.subset(np.arange(40))
        training = fit(
            model, part, batches.subset(np.arange(40, 45)), epochs=8, batch_size=BATCH, patience=None, seed=seed,
            verbose=False,
        )  # fmt: skip
        assert training.history["loss"][-1] < 0.8 * training.history["loss"][0]
        return np.concatenate([w.ravel() for w in model.get_weights()])

    first = trained(0)
    np.testing.assert_array_equal(first, trained(0))
    assert not np.allclose(first, trained(1), atol=1e-4)
    assert not np.allclose(first, trained(0, bucketing=False), atol=1e-4)


def test_without_bucketing_all_batches_are_as_long_as_the_longest(many_buckets):
    batches = make_batches(ragged(), bucketing=False)
    assert batches.lengths.tolist() == [30]
    (values, mask), _, _ = batches.select(batches.arrays, np.array([0, 1]))
    assert values.shape == (2, 30, FEATURES)
    assert mask.sum(axis=1).tolist() == ragged()[:2].tolist()


def test_predict_gives_each_sequence_its_own_output_whatever_is_beside_it(monkeypatch):
    monkeypatch.setattr(predictions, "PREDICT_STEPS", 64)
    model, sequences = accelerate(make_model(), verbose=False), make_batches(ragged()).sequences
    together = predict_sequences(model, sequences)
    alone = [np.asarray(model([s[None], np.ones((1, len(s)), bool)]))[0] for s in sequences]
    np.testing.assert_allclose(together, alone, rtol=2e-5, atol=1e-6)
    turned = np.arange(44, -1, -1)
    np.testing.assert_allclose(predict_sequences(model, sequences.take(turned)), together[turned], rtol=2e-5, atol=1e-6)
