"""The recipe of attention: its numbers in plain NumPy, what each step may depend on, and what it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.estimators.forecasting.attention import build_attention_network, decoder_weights
from seqwise.estimators.memory import lstm_weights
from seqwise.layers import accelerate
from seqwise.ops import reference
from seqwise.ops.arguments import Inputs

WINDOW, HORIZON, SAMPLES, KNOWN = 7, 3, 4, 2
BASE: dict[str, Any] = {"window": WINDOW, "features": 3, "targets": 2, "horizon": HORIZON, "units": (4,)}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(SAMPLES, WINDOW, 3)).astype("f4")
FUTURE = RNG.normal(size=(SAMPLES, HORIZON, KNOWN)).astype("f4")
VISIBLE = np.ones((SAMPLES, WINDOW), bool)
VISIBLE[0, :5] = VISIBLE[1, [0, 2, 3]] = VISIBLE[2, 4] = False


def make(*, random=True, **options):
    """A network, and its weights by the names of the layers."""
    model = build_attention_network(**BASE | options)
    if random:
        rng = np.random.default_rng(9)
        model.set_weights([rng.normal(size=w.shape).astype("f4") for w in model.get_weights()])
    return model, {layer.name: [np.asarray(w, "f8") for w in layer.get_weights()] for layer in model.layers}


def outputs(model, *inputs):
    return np.asarray(model.predict_on_batch(inputs[0] if len(inputs) == 1 else list(inputs)))


@pytest.mark.parametrize("residual", [True, False])
def test_a_forecast_by_hand(residual):
    """The network beside its own definition on NumPy, with the reference LSTM."""
    model, weights = make(units=(4, 5), masked=True, known=KNOWN, outputs=2, residual=residual)

    def dense(name, value):
        kernel, *bias = weights[name]
        return value @ kernel + sum(bias)

    window, visible = X.astype("f8"), VISIBLE.copy()
    visible[3, -2:] = False  # the last state is that of the last step that is seen
    last = window[:, -1:, :2].copy() if residual else np.zeros((SAMPLES, 1, 2))
    window[..., :2] -= last
    hidden, *_ = reference.lstm(Inputs(window, *weights["encoder_1"], mask=visible))
    hidden, state, _ = reference.lstm(Inputs(hidden, *weights["encoder_2"], mask=visible))
    steps = np.concatenate([dense("code", state).reshape(SAMPLES, HORIZON, -1), FUTURE], axis=2)
    steps, *_ = reference.lstm(Inputs(steps, *weights["decoder"], h0=state, c0=dense("cell", state)))
    scores = np.einsum("sqw,skw->sqk", steps, dense("keys", hidden))
    shares = softmax(np.where(visible[:, None], scores, -np.inf), axis=2)
    context = np.einsum("sqk,skw->sqw", shares, hidden)
    expected = dense("head", np.tanh(dense("attended", np.concatenate([context, steps], axis=2))))
    linear = np.einsum("swt,wh->sht", window[..., :2] * visible[..., None], weights["linear_skip"][0])
    expected[..., ::2] += linear + last  # the first number of each target's
    found = outputs(model, X, visible, FUTURE)
    assert found.shape == (SAMPLES, HORIZON, 4)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("more", [{}, {"residual": False}, {"units": (4, 3)}, {"linear_skip": False}], ids=str)
def test_hidden_steps_count_for_nothing(more):
    model, _ = make(**more, masked=True)
    visible = VISIBLE.copy()
    visible[3] = [False] * 3 + [True] * 4
    wild = np.where(visible[..., None], X, 100).astype("f4")
    found = outputs(model, X, visible)
    np.testing.assert_array_equal(outputs(model, wild, visible), found)
    assert (np.abs(outputs(model, wild, VISIBLE) - outputs(model, X, VISIBLE))[3] > 1e-6).any()
    assert (np.abs(outputs(model, X, np.ones_like(visible)) - found) > 1e-6).any(axis=(1, 2)).all()


def test_padding_at_the_beginning_changes_nothing():
    settings: dict[str, Any] = {"linear_skip": False, "known": KNOWN}
    alone, _ = make(**settings)
    longer, _ = make(**settings, window=WINDOW + 5, masked=True)
    padded = np.concatenate([np.full((SAMPLES, 5, 3), 7, "f4"), X], axis=1)
    visible = np.broadcast_to(np.arange(WINDOW + 5) >= 5, (SAMPLES, WINDOW + 5))
    np.testing.assert_allclose(
        outputs(longer, padded, visible, FUTURE), outputs(alone, X, FUTURE), rtol=1e-5, atol=1e-6
    )


def test_a_step_reads_what_is_known_up_to_it_and_the_untrained_network_repeats_the_last_value():
    model, _ = make(known=KNOWN)
    found = outputs(model, X, FUTURE)
    for step in range(HORIZON):
        other = FUTURE.copy()
        other[:, step] += 1
        changed = (outputs(model, X, other) != found).any(axis=2)
        assert (changed == (np.arange(HORIZON) >= step)).all()
    for options in ({}, {"outputs": 3}, {"window": 1, "horizon": 1}):
        model, _ = make(random=False, **options)
        x = X[:, -model.input_shape[1] :]
        first = outputs(model, x)[..., :: options.get("outputs", 1)]
        np.testing.assert_array_equal(first, np.repeat(x[:, -1:, :2], first.shape[1], axis=1))
        assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)


def test_every_part_has_a_seed_of_its_own():
    one, two, other = (make(random=False, seed=seed)[0].get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    drawn = [w for w in one if w.std() > 0.05 and w.ndim == 2]
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True) if a.std() > 0.05 and a.ndim == 2)
    assert len({w.tobytes() for w in drawn}) == len(drawn)


def test_its_weights_are_counted():
    model, _ = make(units=(4, 5), known=KNOWN, linear_skip=False)
    head = (5 + 1) * 2
    assert model.count_params() == lstm_weights(3, (4, 5), False) + decoder_weights((4, 5), HORIZON, KNOWN) + head


SMALL: dict[str, Any] = {"recipe": "attention", "units": (4,), "epochs": 2, "patience": None, "season": 1}


def test_several_targets_with_gaps_are_forecast_saved_and_run_on_numpy(tmp_path):
    values = np.cumsum(np.random.default_rng(0).normal(size=(120, 3)), axis=0)
    values[[20, 50, 117], 0] = np.nan
    settings: dict[str, Any] = SMALL | {"units": (4, 3), "gaps": "mask", "dropout": 0.2, "refit": True}
    forecaster = sw.Forecaster(12, 4, **settings)
    forecaster.fit(values, target=[0, 1], features="all")
    assert forecaster.training_.refit_epochs >= 1
    forecast = forecaster.predict()
    assert forecast.shape == (4, 2)
    forecaster.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(tmp_path / "run").predict(), forecast)
    np.testing.assert_allclose(sw.load(tmp_path / "run", backend="numpy").predict(), forecast, rtol=1e-5, atol=1e-5)
    assert forecaster.predict(level=80).shape == (4, 6)


def test_settings_that_it_does_not_have():
    for name in ("return_sequences", "bidirectional"):
        settings: dict[str, Any] = {name: True, "recipe": "attention"}
        with pytest.raises(sw.SettingError, match=f"recipe='attention' has no {name}=True: leave it out, or choose"):
            sw.Forecaster(**settings).fit(np.arange(60.0))


def draw_questions(samples, rng):
    """Windows of four values, each with a key of its own; the steps to come ask for three keys: their values come."""
    values, keys = rng.normal(size=(samples, 4, 1)), rng.permuted(np.tile(np.arange(4), (samples, 1)), axis=1)
    asked = rng.integers(0, 4, (samples, 3))
    answers = np.take_along_axis(values[..., 0], np.argsort(keys, axis=1), 1)  # by key
    windows = np.concatenate([values, np.eye(4)[keys]], axis=2)
    targets = np.take_along_axis(answers, asked, 1)[..., None]
    return [windows.astype("f4"), np.eye(4, dtype="f4")[asked]], targets.astype("f4")


def test_it_learns_to_look_up_what_the_steps_to_come_ask_for():
    """What is known in advance says which past step matters: no other recipe has a way to look it up."""
    rng = np.random.default_rng(0)
    settings: dict[str, Any] = {
        "window": 4, "features": 5, "targets": 1, "horizon": 3, "units": (16,), "residual": False, "linear_skip": False,
    }  # fmt: skip
    model = accelerate(build_attention_network(**settings, known=4), verbose=False)
    keras = import_keras()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(*draw_questions(4000, rng), batch_size=64, epochs=5, verbose=0)
    inputs, answers = draw_questions(500, rng)
    assert np.mean((outputs(model, *inputs) - answers) ** 2) < 0.02 * answers.var()
    attended = model.get_layer("attended")
    kernel, bias = attended.get_weights()
    kernel[:16] = 0  # of the context
    attended.set_weights([kernel, bias])
    assert np.mean((outputs(model, *inputs) - answers) ** 2) > answers.var()
