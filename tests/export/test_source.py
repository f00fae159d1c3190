"""What can be exported: a model, its file, an estimator, a run folder; and what is said of anything else."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import seqwise as sw
from seqwise.errors import BundleError, NotFittedError
from seqwise.export.source import read_source


def small_model():
    return keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3), keras.layers.Dense(1)])


def test_a_model_and_its_file_give_the_same_network(tmp_path):
    model = small_model()
    model.save(tmp_path / "m.keras")
    one, other = (read_source(source).parts["model"].network for source in (model, tmp_path / "m.keras"))
    assert one.weights.keys() == other.weights.keys()
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, other.weights[name])


def test_an_estimator_and_its_run_give_the_same_network(tmp_path):
    forecaster = sw.Forecaster(6, 2, units=(3,), epochs=1).fit(np.sin(np.arange(60.0)))
    run = forecaster.save(tmp_path / "run")
    one, other = read_source(forecaster), read_source(run)
    assert one.estimator is forecaster
    assert isinstance(other.estimator, sw.Forecaster)
    assert one.parts["model"].network.layers == other.parts["model"].network.layers


def test_a_translator_has_two_parts():
    pairs = [("one two", "un deux"), ("two one", "deux un"), ("two two", "deux deux"), ("one one", "un un")] * 4
    translator = sw.Translator((3,), embedding=4, tokens="words", epochs=1, validation=0.0, test=0.0)
    translator.fit(*map(list, zip(*pairs, strict=True)))
    assert list(read_source(translator).parts) == ["encoder", "decoder_step"]


def test_anything_else_is_refused(tmp_path):
    with pytest.raises(BundleError, match="ndarray cannot be exported: give a Keras model, a trained estimator"):
        read_source(np.zeros(3))
    with pytest.raises(BundleError, match=r"There is no model '.*nothing\.keras'"):
        read_source(tmp_path / "nothing.keras")
    (tmp_path / "text.keras").write_text("no archive")
    with pytest.raises(BundleError, match=r"text\.keras is not a Keras model: it is not a zip archive"):
        read_source(tmp_path / "text.keras")
    with pytest.raises(NotFittedError, match=r"This Forecaster is not trained yet"):
        read_source(sw.Forecaster(6, 2))
