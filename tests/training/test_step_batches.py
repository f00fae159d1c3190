"""Batches of token ids, and of targets at every step: the numbers of a plain Keras loop on what Keras itself padded."""

from __future__ import annotations

import numpy as np
import pytest

from seqwise.backend import import_keras
from seqwise.data import Sequences, make_sequences
from seqwise.layers import accelerate
from seqwise.training import (
    SequenceBatches,
    StepBatches,
    buckets,
    jax_steps,
    predict_sequences,
    predict_steps,
    predictions,
)
from seqwise.training.jax_steps import JaxSteps
from seqwise.training.keras_steps import KerasSteps
from seqwise.training.token_loss import TokenCrossentropy

keras = import_keras()
WORDS, TAGS, FEATURES, BATCH = 12, 4, 3, 8
LENGTHS = np.random.default_rng(2).choice([1, 2, 3, 4, 9, 10, 30], 41)
LONGEST = int(LENGTHS.max())


def sequences(tokens):
    rng = np.random.default_rng(1)
    steps = int(LENGTHS.sum())
    if tokens:
        return Sequences(rng.integers(1, WORDS, (steps, 1)).astype(np.int32), LENGTHS, ["token"])
    return make_sequences(np.split(rng.normal(size=(steps, FEATURES)).astype(np.float32), np.cumsum(LENGTHS)[:-1]))


def make_model(tokens, every_step, loss):
    inputs = keras.Input((None,), dtype="int32") if tokens else keras.Input((None, FEATURES))
    mask = None if tokens else keras.Input((None,), dtype="bool")
    steps = keras.layers.Embedding(WORDS, 5, mask_zero=True)(inputs) if tokens else inputs
    lstm = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=every_step))
    hidden = lstm(steps) if mask is None else lstm(steps, mask=mask)
    model = keras.Model(inputs if mask is None else [inputs, mask], keras.layers.Dense(TAGS)(hidden))
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype("float32") / 2 for w in model.get_weights()])
    model.compile(keras.optimizers.Adam(), loss, weighted_metrics=["sparse_categorical_accuracy"])
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def many_buckets(monkeypatch):
    monkeypatch.setattr(buckets, "LEAST_STEPS", 10)
    monkeypatch.setattr(buckets, "MOST_BUCKETS", 3)
    monkeypatch.setattr(jax_steps, "STEPS_PER_CALL", 3)


def keras_batches(batches, order, every_step):
    """Each batch padded by Keras to the longest of all, whatever its bucket; what the padding weighs is 0."""
    for row, real, _ in zip(*batches.cut(order, BATCH), strict=True):
        chosen = [int(i) for i in row[:real]]
        some = [batches.sequences[i] for i in chosen]
        values = keras.utils.pad_sequences(some, maxlen=LONGEST, dtype=some[0].dtype, padding="post")
        mask = np.array([[t < len(s) for t in range(LONGEST)] for s in some])
        inputs = values[..., 0] if values.dtype == np.int32 else [values, mask]
        if not every_step:
            yield len(chosen), inputs, batches.targets[chosen], np.ones(len(chosen), np.float32)
            continue
        answers = [batches.targets[i][:, 0] for i in chosen]
        yield len(chosen), inputs, keras.utils.pad_sequences(answers, maxlen=LONGEST, padding="post"), mask * 1.0


@pytest.mark.parametrize("Steps", [JaxSteps, KerasSteps])
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("every_step", [False, True])
def test_steps_equal_a_plain_keras_loop(tokens, every_step, Steps, many_buckets):
    if not tokens and not every_step:
        pytest.skip("held by test_sequence_batches")
    rng = np.random.default_rng(3)
    if every_step:
        answers = rng.integers(0, TAGS, (int(LENGTHS.sum()), 1)).astype(np.int32)
        batches = StepBatches(sequences(tokens), Sequences(answers, LENGTHS, ["tag"]))
    else:
        batches = SequenceBatches(sequences(tokens), rng.integers(0, TAGS, len(LENGTHS)).astype(np.int32))
    assert len(batches.lengths) > 2
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    ours = accelerate(make_model(tokens, every_step, TokenCrossentropy() if every_step else plain), verbose=False)
    theirs = make_model(tokens, every_step, plain)
    held = batches.subset(np.arange(0, 41, 4))
    steps = Steps(ours, batches, BATCH)
    for _ in range(2):
        order = rng.permutation(batches.indices)
        (*_, (_, logs)) = steps.train(order)
        total = 0.0
        for count, *arrays in keras_batches(batches, order, every_step):
            total += float(theirs.train_on_batch(*arrays)[0]) * count
            theirs.reset_metrics()
        np.testing.assert_allclose(logs["loss"], total / 41, rtol=5e-6)
        for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-4, atol=5e-6)
    losses, right, weight = 0.0, 0.0, 0.0
    for count, *arrays in keras_batches(held, held.indices, every_step):
        loss, accuracy = theirs.test_on_batch(*arrays)
        theirs.reset_metrics()
        losses, weight = losses + float(loss) * count, weight + np.sum(arrays[-1])
        right += float(accuracy) * np.sum(arrays[-1])
    logs = steps.validate(held.indices)
    np.testing.assert_allclose(logs["loss"], losses / len(held), rtol=1e-4)
    if Steps is JaxSteps:  # in the others Keras's own metric is a mean over the batches
        np.testing.assert_allclose(logs["sparse_categorical_accuracy"], right / weight, rtol=1e-6)


@pytest.mark.parametrize("tokens", [False, True])
def test_predictions_at_each_step_stand_without_padding(tokens, monkeypatch):
    monkeypatch.setattr(predictions, "PREDICT_STEPS", 64)
    read = sequences(tokens)
    for every_step, predicted in ((True, predict_steps), (False, predict_sequences)):
        model = accelerate(make_model(tokens, every_step, "mse"), verbose=False)
        alone = []
        for s in read:
            inputs = s[None, :, 0] if tokens else [s[None], np.ones((1, len(s)), bool)]
            alone.append(np.asarray(model(inputs))[0])
        expected = np.concatenate(alone) if every_step else np.stack(alone)
        np.testing.assert_allclose(predicted(model, read), expected, rtol=2e-5, atol=1e-6)
