"""`network=build`: a network of one's own on Seqwise's windows, sequences and texts."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from fitted import ENGLISH, FRENCH, KINDS, SERIES
from sklearn import base

import seqwise as sw
from seqwise.backend import import_keras

clone: Any = base.clone  # scikit-learn annotates it as a union of containers

SEEN: list[Any] = []


def forecast(inputs, target):
    """A plain dense layer on the window."""
    SEEN.append((inputs, target))
    layers = import_keras().layers
    tensors = inputs.keras_inputs()
    horizon, targets = target.output.shape
    flat = layers.Dense(horizon * targets, name="own")(layers.Flatten()(tensors["window"]))
    return import_keras().Model(list(tensors.values()), layers.Reshape((horizon, targets), name="forecast")(flat))


def sequential(inputs, target):
    keras = import_keras()
    horizon, targets = target.output.shape
    return keras.Sequential(
        [keras.layers.LSTM(3), keras.layers.Dense(horizon * targets), keras.layers.Reshape((horizon, targets))]
    )


def of_sequences(inputs, target):
    """A GRU: of values under a mask, or of token ids, with an output for each sequence or each step."""
    keras = import_keras()
    tensors = inputs.keras_inputs()
    if inputs.tokens:
        ids = tensors["tokens"]
        embedding = keras.layers.Embedding(inputs.tokens["tokens"], 3, mask_zero=True)
        steps, mask = embedding(ids), embedding.compute_mask(ids)
    else:
        steps, mask = tensors["values"], tensors["mask"]
    states = keras.layers.GRU(3, return_sequences="timesteps" in target.output.axes, name="own")(steps, mask=mask)
    return keras.Model(list(tensors.values()), keras.layers.Dense(target.output.shape[-1])(states))


def of_pairs(inputs, target):
    keras = import_keras()
    tensors = inputs.keras_inputs()
    source = keras.layers.Embedding(inputs.tokens["source"], 8, mask_zero=True)(tensors["source"])
    context = keras.layers.LSTM(16, name="own")(source)
    embedded = keras.layers.Embedding(inputs.tokens["decoder_input"], 8, mask_zero=True)(tensors["decoder_input"])
    states = keras.layers.LSTM(16, return_sequences=True)(embedded, initial_state=[context, context])
    return keras.Model(list(tensors.values()), keras.layers.Dense(target.output.shape[-1])(states))


def small(**settings) -> sw.Forecaster:
    return sw.Forecaster(12, 3, epochs=2, season=6, seed=1, **settings)


@pytest.mark.parametrize("build", [forecast, sequential])
def test_a_forecaster_trains_it_everywhere(build, tmp_path):
    forecaster = clone(small(network=build)).fit(SERIES)
    assert forecaster.network is build
    assert "linear_skip" not in [layer.name for layer in forecaster.model_.layers]
    assert np.isfinite(forecaster.evaluate().metrics["mae"])
    assert len(forecaster.backtest(folds=2).folds) == 2
    run = forecaster.save(tmp_path / "run")
    loaded = sw.load(run)
    np.testing.assert_array_equal(loaded.predict(), forecaster.predict())
    assert loaded.evaluate(SERIES).scores == forecaster.evaluate(SERIES).scores
    with pytest.raises(sw.SettingError, match=rf"a network of your own, .*{build.__name__}\. .*set_params"):
        loaded.fit(SERIES)
    assert np.isfinite(loaded.set_params(network=build).fit(SERIES).predict()).all()
    again = sw.load(sw.load(run).save(tmp_path / "again"))
    assert again.network.name == f"{build.__module__}.{build.__name__}"


@pytest.mark.parametrize("build", [forecast, sequential])
def test_the_same_seed_gives_the_same_weights(build):
    """Whatever Keras's, Python's and NumPy's own seeds are, which go on as if nothing had been built."""

    def trained(own_seed, **settings):
        import_keras().utils.set_random_seed(own_seed)
        model = small(network=build).set_params(**settings).fit(SERIES).model_
        return model.get_weights(), random.random(), np.random.random()

    one, *after = trained(1)
    other, *others_after = trained(2)
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert any((ours != theirs).any() for ours, theirs in zip(one, trained(1, seed=7)[0], strict=True))
    for own_seed, drawn in ((1, after), (2, others_after)):
        import_keras().utils.set_random_seed(own_seed)
        assert drawn == [random.random(), np.random.random()]


def test_what_it_is_told():
    SEEN.clear()
    small(network=forecast).fit(SERIES)
    ((inputs, target),) = SEEN
    assert [str(tensor) for tensor in inputs.tensors] == ["window (samples=any, timesteps=12, features=1) float32"]
    assert str(target.output) == "forecast (samples=any, horizon=3, targets=1) float32"
    assert inputs.features == target.names == ("0",)


@pytest.mark.parametrize("kind", ["classes", "two classes", "label sets", "texts", "Regressor", "Tagger", "tokens"])
def test_estimators_of_sequences_train_it(kind, tmp_path):
    estimator, data = KINDS[kind]
    estimator = clone(estimator).set_params(network=of_sequences).fit(*data)
    assert "own" in [layer.name for layer in estimator.model_.layers]
    assert np.isfinite(list(estimator.evaluate().metrics.values())).any()
    loaded = sw.load(estimator.save(tmp_path / "run"))
    for ours, theirs in zip(loaded.predict(data[0][:3]), estimator.predict(data[0][:3]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_translator_translates_with_it(tmp_path):
    translator = sw.Translator(
        epochs=150, tokens="words", min_count=1, beam=2, learning_rate=0.02, validation=0, test=0, network=of_pairs
    ).fit(ENGLISH, FRENCH)
    said = translator.predict(ENGLISH)
    assert np.mean([text == right for text, right in zip(said, FRENCH, strict=True)]) > 0.8, said
    assert translator.predict(ENGLISH, beam=1)[0] == translator.predict(ENGLISH[:1], beam=1)[0]
    run = translator.save(tmp_path / "run")
    assert not (run / "encoder.keras").exists()
    assert sw.load(run).predict(ENGLISH[:3]) == said[:3]


def wrong_output(inputs, target):
    keras = import_keras()
    return keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(3)])


def no_mask(inputs, target):
    keras = import_keras()
    values = inputs.keras_inputs()["values"]
    return keras.Model(values, keras.layers.Dense(3)(keras.layers.LSTM(3)(values)))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("lstm", r"network='lstm': expected a function"),
        (lambda inputs, target: None, r"network=<lambda> returned NoneType; expected a Keras model\."),
        (wrong_output, r"returned a model that gives \(None, 3\); expected forecast \(samples=any, "
            r"horizon=3, targets=1\) float32\."),
    ],
)  # fmt: skip
def test_a_network_that_does_not_fit_is_refused(network, said):
    with pytest.raises(sw.SettingError, match=said):
        small(network=network).fit(SERIES)


def test_a_network_that_leaves_out_the_mask_is_refused():
    estimator, data = KINDS["classes"]
    with pytest.raises(sw.SettingError, match=r"returned a model that reads \(None, None, 2\); expected "
                                              r"values .*, mask .*, in this order\."):  # fmt: skip
        clone(estimator).set_params(network=no_mask).fit(*data)
