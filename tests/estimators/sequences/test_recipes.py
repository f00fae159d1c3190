"""Convolutions beside the LSTM: padding changes nothing, patterns are found, and a run comes back everywhere."""

from typing import Any

import keras
import numpy as np
import pytest

import seqwise as sw
from seqwise.estimators.sequences.network import build_sequence_network
from seqwise.estimators.sequences.recipes import choose_recipe
from seqwise.estimators.sequences.text_network import build_text_network

RNG = np.random.default_rng(0)
SMALL = {"units": (3,), "epochs": 12, "recipe": "lstm-fcn", "learning_rate": 0.01, "bucketing": False}


def shuffled(model):
    """Give every weight a random value, that of the moving variances above 0."""
    model.set_weights(
        [RNG.uniform(0.1, 1, w.shape).astype("float32") - 0.4 * (w.ndim > 1) for w in model.get_weights()]
    )
    return model


@pytest.mark.parametrize("features", [1, 2])
def test_steps_of_padding_change_no_answer(features):
    model = shuffled(build_sequence_network(features=features, outputs=2, units=(3,), filters=(4, 6, 4)))
    x = RNG.normal(size=(2, 11, features)).astype("float32")
    padded = np.concatenate([x, np.zeros((2, 9, features), "float32")], axis=1)
    mask = np.arange(20) < np.array([11, 11])[:, None]
    alone = model.predict_on_batch([x, mask[:, :11]])
    np.testing.assert_allclose(model.predict_on_batch([padded, mask]), alone, atol=1e-5)
    assert ("gate_1" in [layer.name for layer in model.layers]) == (features > 1)


def test_padding_changes_no_phrase():
    model = shuffled(build_text_network(tokens=9, outputs=2, embedding=4, units=(3,), filters=5))
    ids = RNG.integers(1, 9, (2, 7)).astype("int32")
    padded = np.pad(ids, ((0, 0), (0, 6)))
    np.testing.assert_allclose(model.predict_on_batch(padded), model.predict_on_batch(ids), atol=1e-5)


@pytest.mark.parametrize("spellings", [0, 6])
def test_each_word_is_read_with_those_beside_it(spellings):
    settings: dict[str, Any] = {"tokens": 9, "outputs": 2, "embedding": 4, "units": (3,), "pooling": ()}
    model = shuffled(build_text_network(**settings, filters=5, spellings=spellings))
    ids = RNG.integers(1, 9, (2, 7)).astype("int32")
    parts = [RNG.integers(0, 6, (2, 7, 8)).astype("int32")] if spellings else []
    padded = [np.pad(x, [(0, 0), (0, 6)] + [(0, 0)] * (x.ndim - 2)) for x in (ids, *parts)]
    tagged = model.predict_on_batch([ids, *parts])
    np.testing.assert_allclose(model.predict_on_batch(padded)[:, :7], tagged, atol=1e-5)

    words = np.asarray(model.get_layer("embedding")(ids))
    for table in parts:
        vectors = np.asarray(model.get_layer("spelling_embedding")(table))
        words = np.concatenate([words, vectors.reshape(2, 7, -1)], axis=2)
    kernel, bias = model.get_layer("neighbours").get_weights()
    beside = np.pad(words, ((0, 0), (1, 1), (0, 0)))
    near = np.maximum(sum(beside[:, k : k + 7] @ kernel[k] for k in range(3)) + bias, 0)
    states = np.asarray(model.get_layer("both_lstm_1")(words))
    last = model.layers[-1]
    expected = np.asarray(last(np.concatenate([states, near], axis=2)))
    np.testing.assert_allclose(tagged, expected, atol=1e-4)


def test_moving_statistics_count_no_padding():
    model = build_sequence_network(features=1, outputs=1, units=(2,), filters=(2, 2, 2))
    x = RNG.normal(size=(4, 16, 1)).astype("float32")
    mask = np.arange(16) < np.array([16, 5, 9, 12])[:, None]
    x[~mask] = 0
    first = model.get_layer("normalised_1")
    convolved = np.asarray(model.get_layer("convolution_1")(x))[mask]
    model([x, mask], training=True)
    np.testing.assert_allclose(np.asarray(first.moving_mean), 0.1 * convolved.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.asarray(first.moving_variance), 0.9 + 0.1 * convolved.var(axis=0), atol=1e-5)


def test_auto_says_what_it_took():
    assert choose_recipe(np.array([7, 7, 30]), True) == (
        "lstm",
        "The LSTM reads alone (recipe='lstm'): half of the sequences have 7 steps or fewer.",
    )
    assert choose_recipe(np.full(10, 1_000_000), True)[0] == "lstm"
    assert choose_recipe(np.full(300, 10_000), True)[0] == "lstm-fcn"
    assert choose_recipe(np.array([8, 20, 10_001]), True)[0] == "lstm-fcn"
    for classifies, expected in ((False, "lstm-fcn"), (True, "lstm-kernels")):
        name, why = choose_recipe(np.array([8, 20, 20]), classifies)
        assert name == expected
        assert f"recipe='{expected}'" in why
    with pytest.raises(
        sw.SettingError, match=r"^recipe='cnn': expected 'auto', 'lstm', 'lstm-fcn', 'lstm-kernels' or 'lstm-pairs'\.$"
    ):
        sw.Classifier(recipe="cnn").fit([np.eye(3)] * 4, [0, 1, 0, 1])


def test_a_run_with_convolutions_comes_back_and_on_numpy(tmp_path):
    """Short zigzags in noise, at any place."""
    y = np.arange(48) % 2
    X = [RNG.normal(size=(n, 1)) / 3 for n in RNG.integers(12, 16, 48)]
    for x, zigzag in zip(X, y, strict=True):
        at = RNG.integers(0, len(x) - 6)
        x[at : at + 6, 0] += [3, -3, 3, -3, 3, -3] if zigzag else [3, 3, 3, -3, -3, -3]
    fitted = sw.Classifier(**SMALL).fit(X, y)
    assert fitted.score(X, y) > 0.9
    run = fitted.save(tmp_path / "run")
    probabilities = fitted.predict_proba(X)
    np.testing.assert_array_equal(sw.load(run).predict_proba(X), probabilities)
    np.testing.assert_allclose(sw.load(run, backend="numpy").predict_proba(X), probabilities, atol=1e-5)
    saved: Any = keras.saving.load_model(run / "model.keras")
    assert type(saved.get_layer("convolution_1")) is keras.layers.Conv1D
