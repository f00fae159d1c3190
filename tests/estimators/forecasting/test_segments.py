"""The recipe of segments: its arithmetic, its sharing among targets, and the training on all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import seqwise as sw
from seqwise.data import Windows, make_series
from seqwise.estimators.forecasting.per_target import network_of_all, target_batches
from seqwise.estimators.forecasting.recipes import RECIPES
from seqwise.estimators.forecasting.segments import build_segment_network
from seqwise.ops import reference
from seqwise.ops.arguments import Inputs

SMALL: dict[str, Any] = {"recipe": "segments", "units": (5,), "epochs": 2, "patience": None, "season": 1}


def changed(**settings: Any) -> dict[str, Any]:
    return SMALL | settings


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("window", "horizon", "features"), [(14, 7, 1), (12, 3, 2)])
def test_a_forecast_by_hand(window, horizon, features):
    """The network beside its own definition on NumPy, with the reference LSTM."""
    model = build_segment_network(
        window=window, features=features, horizon=horizon, units=(5,), dropout=0.5, masked=False, seed=1
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape).astype("f4") / 2 for w in model.get_weights()])
    x = rng.normal(size=(3, window, features)).astype("f4")
    parts = {layer.name: [np.asarray(w) for w in layer.get_weights()] for layer in model.layers}

    def dense(name, value):
        kernel, bias = parts[name]
        return value @ kernel + bias

    last = x[:, -1:, :1]
    rows = window // 4
    steps = np.concatenate([x[:, :, :1] - last, x[:, :, 1:]], axis=2)[:, window % rows :]
    segments = steps.reshape(3, -1, rows * features)
    _, states, _ = reference.lstm(Inputs(np.maximum(dense("projection", segments), 0), *parts["lstm_1"]))
    ahead = -(-horizon // rows)
    codes = dense("code", states).reshape(3, ahead, -1)
    decoder = np.concatenate([np.repeat(states[:, None], ahead, axis=1), codes], axis=2)
    gated = sigmoid(dense("gate", decoder)) * np.tanh(dense("candidate", decoder))
    change = dense("head", gated).reshape(3, -1, 1)[:, :horizon]
    np.testing.assert_allclose(np.asarray(model(x)), change + last, rtol=2e-5, atol=2e-5)


def test_hidden_steps_count_for_nothing():
    model = build_segment_network(window=12, features=1, horizon=3, units=(4,), dropout=0, masked=True, seed=0)
    rng = np.random.default_rng(0)
    x, visible = rng.normal(size=(2, 12, 1)).astype("f4"), np.arange(12)[None] >= [[0], [5]]
    wild = x.copy()
    wild[1, :5] = 100
    found = np.asarray(model([x, visible]))
    np.testing.assert_array_equal(found, np.asarray(model([wild, visible])))
    wild[0, :5] = 100
    assert not np.allclose(found[0], np.asarray(model([wild, visible]))[0])


def test_one_network_forecasts_each_target_by_itself():
    network = build_segment_network(window=8, features=2, horizon=3, units=(4,), dropout=0, masked=False, seed=0)
    model = network_of_all(network, 3)
    x = np.random.default_rng(0).normal(size=(2, 8, 4)).astype("f4")
    found = np.asarray(model(x))
    assert found.shape == (2, 3, 3)
    for j in range(3):
        np.testing.assert_allclose(found[:, :, j], np.asarray(network(x[:, :, [j, 3]]))[:, :, 0], rtol=1e-5, atol=1e-6)


def test_batches_of_each_target():
    values = np.arange(60.0).reshape(20, 3)
    values[7, 1] = np.nan
    series = make_series(values, target=[0, 1], features=[2])
    windows = Windows(series.values, 4, 2, 2, 3, 18)
    batches = target_batches(series, series.values.astype("f4"), windows)
    assert len(batches) == 2 * len(windows)
    batch = batches.select(batches.arrays, batches.indices)
    inputs, targets = windows.batch(np.arange(len(windows)))
    for j, half in enumerate(np.split(np.arange(len(batches)), 2)):
        np.testing.assert_array_equal(batch.inputs[half], inputs[:, :, [j, 2]])
        np.testing.assert_array_equal(batch.targets[half], targets[:, :, [j]])
    rows = np.asarray(windows.origins)[:, None] + np.arange(2)
    np.testing.assert_array_equal(batch.weights, np.concatenate([np.ones(rows.shape), rows != 7]))


def test_several_targets_are_forecast_saved_and_run_on_numpy(tmp_path):
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(size=(120, 2)), axis=0)
    forecaster = sw.Forecaster(12, 4, **SMALL, refit=True).fit(values, target=[0, 1])
    assert forecaster.model_.input_shape == (None, 12, 2)
    assert forecaster.training_.refit_epochs >= 1
    forecaster.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(tmp_path / "run").predict(), forecaster.predict())
    np.testing.assert_allclose(
        sw.load(tmp_path / "run", backend="numpy").predict(), forecaster.predict(), rtol=1e-5, atol=1e-5
    )
    assert "a second training" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_auto_takes_segments_for_several_targets_with_long_windows():
    values = np.sin(np.arange(3000).reshape(-1, 2) / 5)
    both: dict[str, Any] = {"target": [0, 1]}
    assert sw.Forecaster(48, 4)._prepare(values, **both).recipe == "segments"
    assert sw.Forecaster(24, 4)._prepare(values, **both).recipe == "skip"
    assert sw.Forecaster(48, 4)._prepare(values[:900], **both).recipe == "skip"
    assert sw.Forecaster(48, 4)._prepare(values, target=0).recipe == "skip"
    assert sw.Forecaster(48, 4, bidirectional=True)._prepare(values, **both).recipe == "skip"
    with pytest.raises(sw.SettingError, match="recipe='segments' has no bidirectional=True"):
        sw.Forecaster(48, 4, recipe="segments", bidirectional=True).fit(values, **both)


def test_refit_learns_from_the_validation_rows_and_nothing_later():
    y = np.sin(np.arange(160) / 4)
    settings = changed(validation=16, test=16, refit=True)
    first = sw.Forecaster(12, 4, **settings).fit(y).model_.get_weights()
    later = y.copy()
    later[-16:] += 5  # the test set
    np.testing.assert_array_equal(first[0], sw.Forecaster(12, 4, **settings).fit(later).model_.get_weights()[0])
    held = y.copy()
    held[-24:-16] += 0.5  # the validation set
    assert not np.array_equal(first[0], sw.Forecaster(12, 4, **settings).fit(held).model_.get_weights()[0])
    assert sw.Forecaster(12, 4, **changed(validation=16, test=16, refit=False)).fit(y).training_.refit_epochs == 0
    assert (
        sw.Forecaster(12, 4, **changed(validation=16, test=16, refit="auto")).fit(y).training_.refit_epochs == 0
    )  # few windows


@pytest.mark.parametrize("recipe", RECIPES)
def test_validation_data_of_ones_own_choose_the_epoch_and_are_not_trained_on(recipe):
    rng = np.random.default_rng(0)
    y, own = np.sin(np.arange(240).reshape(-1, 2) / 4), rng.normal(size=(40, 2)) * 3
    settings = changed(recipe=recipe, test=0, refit=False)
    found = sw.Forecaster(12, 4, **settings).fit(y, target=[0, 1], validation_data=own)
    plain = sw.Forecaster(12, 4, **settings, validation=0).fit(y, target=[0, 1])
    scaled = found.scaler_.transform(own)
    windows = Windows(scaled, 12, 4, 2)
    inputs, targets = windows.batch(np.arange(len(windows)))
    best = found.training_.best_epoch
    loss = ((np.asarray(found.model_(inputs)) - targets) ** 2).mean()
    assert found.training_.history["val_loss"][best - 1] == pytest.approx(loss, rel=1e-4)
    assert found.training_.history["loss"] == pytest.approx(plain.training_.history["loss"], rel=1e-5)
    assert found.training_.refit_epochs == 0
    with pytest.raises(sw.DataError, match="validation_data has 10 rows; one window and its horizon take 16"):
        sw.Forecaster(12, 4, **settings).fit(y, target=[0, 1], validation_data=own[:10])
