"""The network: its shapes, its start, what each output may depend on, and its numbers in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from seqwise.estimators.forecasting.network import build_network

WINDOW, HORIZON, SAMPLES = 7, 3, 5
BASE = {"window": WINDOW, "features": 1, "targets": 1, "horizon": HORIZON, "units": (4,)}
OPTIONS = {
    "level": {"residual": False},
    "level, no skip": {"residual": False, "linear_skip": False},
    "no skip, targets only": {"linear_skip": False, "features": 2, "targets": 2},
    "targets and features": {"features": 5, "targets": 2},
    "stacked": {"units": (4, 3), "features": 3, "targets": 2},
    "bidirectional": {"bidirectional": True, "features": 2},
    "stacked, bidirectional, dropout": {"units": (4, 3), "bidirectional": True, "dropout": 0.3},
    "masked": {"masked": True, "features": 3, "targets": 2},
    "masked, bidirectional": {"masked": True, "bidirectional": True},
    "every step": {"return_sequences": True, "features": 3, "targets": 2},
    "every step, level": {"return_sequences": True, "residual": False, "features": 3, "targets": 2},
    "every step, stacked, masked": {"return_sequences": True, "masked": True, "units": (4, 3), "dropout": 0.2},
    "one step, one row": {"window": 1, "horizon": 1},
    "every step, one row": {"window": 1, "return_sequences": True},
}


def make(name_or_options, *, random=False, seed=0):
    options = BASE | (OPTIONS[name_or_options] if isinstance(name_or_options, str) else name_or_options)
    model = build_network(**options, seed=seed)
    if random:
        rng = np.random.default_rng(9)
        model.set_weights([rng.normal(size=w.shape).astype("float32") / 2 for w in model.get_weights()])
    rng = np.random.default_rng(1)
    x = rng.normal(size=(SAMPLES, options["window"], options["features"])).astype(np.float32)
    return model, x, options


def outputs(model, x, visible=None):
    if len(model.inputs) == 2:
        return np.asarray(model.predict_on_batch([x, np.ones(x.shape[:2], bool) if visible is None else visible]))
    return np.asarray(model.predict_on_batch(x))


@pytest.mark.parametrize("name", OPTIONS)
def test_shapes_and_start(name):
    model, x, options = make(name)
    assert model.input_shape == (
        [(None, *x.shape[1:]), (None, x.shape[1])] if options.get("masked") else (None, *x.shape[1:])
    )
    found = outputs(model, x)
    one = (options["horizon"], options["targets"])
    every = options.get("return_sequences", False)
    assert found.shape == ((SAMPLES, options["window"], *one) if every else (SAMPLES, *one))
    assert model.output_shape == (None, *found.shape[1:])
    if options.get("residual", True):  # untrained, it repeats the last value that it knows, exactly
        last = x[:, :, None, : options["targets"]] if every else x[:, -1:, : options["targets"]]
        np.testing.assert_array_equal(found, np.broadcast_to(last, found.shape))
    else:
        assert np.isfinite(found).all()
        assert found.std() > 0
    recurrent = [layer for layer in model.layers if layer.name.startswith(("lstm_", "bidirectional_"))]
    assert len(recurrent) == len(options["units"])
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)


def test_the_same_seed_gives_the_same_start_and_another_another():
    name = "stacked, bidirectional, dropout"
    one, two, other = (make(name, seed=s)[0].get_weights() for s in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    different = [not np.array_equal(a, b) for a, b in zip(one, other, strict=True) if a.std() > 0.05]
    assert any(different)
    kernels = [w for w in one if w.ndim == 2 and w.shape == (4, 16)]
    assert len({w.tobytes() for w in kernels}) == len(kernels), "the two directions start alike"


@pytest.mark.parametrize("name", ["every step", "every step, level", "every step, stacked, masked"])
def test_an_output_for_every_step_sees_no_later_row(name):
    model, x, _ = make(name, random=True)
    whole = outputs(model, x)
    rng = np.random.default_rng(2)
    for t in range(WINDOW - 1):
        changed = x.copy()
        changed[:, t + 1 :] = rng.normal(size=changed[:, t + 1 :].shape) * 5
        found = outputs(model, changed)
        np.testing.assert_array_equal(found[:, : t + 1], whole[:, : t + 1])
        assert (found[:, t + 1 :] != whole[:, t + 1 :]).any(axis=(2, 3)).all()


@pytest.mark.parametrize("more", [{}, {"bidirectional": True}, {"units": (4, 3)}])
@pytest.mark.parametrize("residual", [True, False])
def test_a_masked_steps_value_has_no_influence_on_the_lstm(more, residual):
    options = {"masked": True, "linear_skip": False, "residual": residual, "features": 2} | more
    model, x, _ = make(options, random=True)
    visible = np.ones(x.shape[:2], bool)
    visible[:, [0, 2, 3]] = False
    before = outputs(model, x, visible)
    changed = x.copy()
    changed[:, [0, 2, 3]] += 100
    np.testing.assert_array_equal(outputs(model, changed, visible), before)
    assert (np.abs(outputs(model, changed) - outputs(model, x)) > 1e-6).any(axis=(1, 2)).all()
    # and the mask is no constant: hiding a step says something else than showing it
    assert (outputs(model, x) != before).any(axis=(1, 2)).all()


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def plain_lstm(x, kernel, recurrent, bias):
    """Keras's LSTM in plain NumPy, float64: gates i, f, c, o. Returns every hidden state."""
    units = recurrent.shape[0]
    h, c, states = np.zeros((len(x), units)), np.zeros((len(x), units)), []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1)


@pytest.mark.parametrize("residual", [True, False])
def test_the_numbers_are_those_of_plain_numpy(residual):
    model, x, options = make({"units": (4, 3), "features": 3, "targets": 2, "residual": residual}, random=True)
    targets = options["targets"]
    weights = {layer.name: [w.astype(np.float64) for w in layer.get_weights()] for layer in model.layers}
    read = x.astype(np.float64)
    anchor = read[:, -1:, :targets].copy() if residual else 0
    read[:, :, :targets] -= anchor
    hidden = plain_lstm(plain_lstm(read, *weights["lstm_1"]), *weights["lstm_2"])[:, -1]
    kernel, bias = weights["head"]
    expected = (hidden @ kernel + bias).reshape(SAMPLES, HORIZON, targets)
    for target in range(targets):
        for step in range(HORIZON):
            expected[:, step, target] += read[:, :, target] @ weights["linear_skip"][0][:, step]
    np.testing.assert_allclose(outputs(model, x), expected + anchor, rtol=1e-5, atol=1e-5)
