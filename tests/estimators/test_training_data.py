"""What an estimator says that it would train on, beside what it trains on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fitted import KINDS, SERIES
from sklearn import base

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.estimators.training_data import MOST_SAMPLES

clone: Any = base.clone  # scikit-learn annotates it as a union of containers

OUTPUT = {"two classes": (1,), "label sets": (3,)}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_fit_trains_on(kind):
    estimator, data = KINDS[kind]
    estimator = clone(estimator)
    before = estimator.training_data(*data)
    assert not [name for name in vars(estimator) if name.endswith("_")], "it does not change the estimator"
    after = estimator.fit(*data).training_data()
    assert before is not None and after is not None
    assert after.model is estimator.model_
    assert (before.samples, before.validation_samples) == (after.samples, after.validation_samples)
    for name in before.x:
        np.testing.assert_array_equal(before.x[name], after.x[name])
    assert str(before.summary) == str(after.summary)
    assert before.feature_names == after.feature_names
    if kind in OUTPUT:
        assert next(iter(after.y.values())).shape[1:] == OUTPUT[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_keras_trains_the_model_on_it_as_it_stands(kind):
    """By Keras's own `fit`, with names, shapes, loss and validation as they are."""
    estimator, data = KINDS[kind]
    drawn = clone(estimator).training_data(*data)
    assert drawn is not None and drawn.validation is not None
    keras = import_keras()
    drawn.model.compile(keras.optimizers.Adam(0.01), drawn.loss)
    assert list(drawn.x) == [tensor.name for tensor in drawn.model.inputs]
    assert list(drawn.y) == drawn.model.output_names
    (target,) = drawn.y.values()
    history = drawn.model.fit(
        drawn.x, target, validation_data=(drawn.validation[0], *drawn.validation[1].values()), epochs=2, verbose=0
    ).history
    assert np.isfinite(history["loss"] + history["val_loss"]).all()
    for inputs in (drawn.x, drawn.validation[0]):
        assert len({len(array) for array in inputs.values()}) == 1
    names = drawn.feature_names
    assert all(len(names[name]) == drawn.x[name].shape[-1] for name in names)


def test_of_many_samples_evenly_drawn_ones_are_returned():
    rows = 5_000
    drawn = sw.Forecaster(12, 3, log=False).training_data(np.arange(rows) + np.random.default_rng(0).normal(size=rows))
    assert drawn is not None
    assert drawn.samples > MOST_SAMPLES == len(drawn.x["window"]) == len(drawn.y["forecast"])
    first = drawn.x["window"][:, 0, 0]
    steps = np.diff(first)
    assert steps.min() > -0.01 and steps.max() < 0.05, "in the order of the series, without large holes"


def test_a_loaded_run_has_none_and_an_unfitted_estimator_says_so(tmp_path):
    forecaster = sw.Forecaster(12, 3, units=(4,), epochs=1).fit(SERIES)
    assert sw.load(forecaster.save(tmp_path / "run")).training_data() is None
    with pytest.raises(sw.NotFittedError):
        sw.Forecaster().training_data()


def test_mistakes_are_those_of_fit():
    with pytest.raises(sw.SettingError, match="window=0"):
        sw.Forecaster(window=0).training_data(SERIES)
    with pytest.raises(sw.DataError, match="too short for one window"):
        sw.Forecaster(24, 12).training_data(SERIES[:10])
