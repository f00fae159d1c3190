"""Forecasts of a distribution: its loss, its quantiles, and what a run keeps of it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_pinball_loss

import seqwise as sw
from seqwise.artifact.schema import PARAMETERS
from seqwise.estimators.forecasting.distributions import DISTRIBUTIONS, SHARES, check_counts, distribution_of
from seqwise.estimators.forecasting.interval_columns import levels_of, named_bounds

RNG = np.random.default_rng(0)
RAW = RNG.normal(size=(50, 3, 2, 9))  # samples, steps, targets, parameters of a distribution at most
TRUTH = RNG.normal(size=(50, 3, 2)).astype(np.float32)


def test_the_schema_of_runs_knows_all_of_them():
    assert {None: 1} | {name: one.parameters for name, one in DISTRIBUTIONS.items()} == PARAMETERS


def outputs(kind):
    count = DISTRIBUTIONS[kind].parameters
    return RAW[..., :count].reshape(50, 3, 2 * count).astype(np.float32)


def softplus(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize("kind", ["gaussian", "student-t"])
def test_likelihood_and_quantiles_are_scipys(kind):
    distribution = DISTRIBUTIONS[kind]
    mean, scale = RAW[..., 0], 1e-3 + softplus(RAW[..., 1])
    known: Any = stats.norm(mean, scale) if kind == "gaussian" else stats.t(2 + softplus(RAW[..., 2]), mean, scale)
    loss = np.asarray(distribution.loss()(TRUTH, outputs(kind)))
    np.testing.assert_allclose(loss, -known.logpdf(TRUTH).mean(), rtol=1e-5)
    for share in (0.025, 0.3, 0.5, 0.9):
        np.testing.assert_allclose(distribution.quantile(outputs(kind), share), known.ppf(share), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scaling", [(), ((3.0, -1.0), (2.0, 5.0))])
def test_the_likelihood_and_quantiles_of_counts_are_scipys(scaling):
    distribution = distribution_of("negative-binomial", scaling)
    assert distribution is not None
    offset, scale = (np.array(numbers) for numbers in scaling) if scaling else (0, 1)
    raw = RAW[..., :2] * [4, 1]
    counts = RNG.integers(0, 30, size=(50, 3, 2))
    x = raw[..., 0] * scale + offset
    mean, shape = (x + np.hypot(x, 0.1)) / 2, 1 / (1e-3 + softplus(raw[..., 1]))
    assert (mean > 0).all() and np.abs(mean - np.maximum(x, 0)).max() <= 0.05 + 1e-9
    known = stats.nbinom(shape, shape / (shape + mean))
    np.testing.assert_allclose(known.var(), mean + mean**2 / shape, rtol=1e-6)  # DeepAR's two parameters
    given, truth = raw.reshape(50, 3, 4).astype(np.float32), ((counts - offset) / scale).astype(np.float32)
    np.testing.assert_allclose(np.asarray(distribution.loss()(truth, given)), -known.logpmf(counts).mean(), rtol=1e-4)
    np.testing.assert_allclose(distribution.forecast(given) * scale + offset, mean, rtol=1e-3)
    for share in (0.1, 0.5, 0.975):
        found = distribution.quantile(given, share) * scale + offset
        np.testing.assert_allclose(found, np.round(found), atol=1e-9)
        assert (np.abs(found - known.ppf(share)) <= 1e-6).mean() > 0.99  # float32 moves a step rarely


def test_quantiles_never_cross_and_the_loss_is_their_mean_pinball_loss():
    distribution = DISTRIBUTIONS["quantile"]
    shares = [*(1 - share for share in reversed(SHARES)), 0.5, *SHARES]
    quantiles = [distribution.quantile(outputs("quantile"), share) for share in shares]
    np.testing.assert_allclose(quantiles[4], RAW[..., 0], rtol=1e-6)
    np.testing.assert_allclose(quantiles[5], RAW[..., 0] + softplus(RAW[..., 1]), rtol=1e-5)
    np.testing.assert_allclose(quantiles[3], RAW[..., 0] - softplus(RAW[..., 5]), rtol=1e-5)
    assert (np.diff(quantiles, axis=0) > 0).all()
    expected = np.mean(
        [mean_pinball_loss(TRUTH.ravel(), q.ravel(), alpha=s) for q, s in zip(quantiles, shares, strict=True)]
    )
    np.testing.assert_allclose(np.asarray(distribution.loss()(TRUTH, outputs("quantile"))), expected, rtol=1e-5)
    between = distribution.quantile(outputs("quantile"), 0.6)
    np.testing.assert_allclose(between, 0.6 * quantiles[4] + 0.4 * quantiles[5], rtol=1e-5)


SMALL = {"window": 12, "horizon": 2, "units": (4,), "patience": None, "season": 1}


@pytest.fixture(scope="module")
def fitted():
    values = 10 + np.random.default_rng(1).gamma(2.0, size=400)  # no symmetric noise
    return sw.Forecaster(**SMALL, loss="quantile", epochs=15, learning_rate=0.03, recipe="skip").fit(values)


def test_quantiles_of_skewed_noise(fitted):
    """The truth is known: independent draws of a gamma distribution above 10."""
    found = fitted.predict(level=[80, 95], quantiles=[0.1, 0.5, 0.9])
    forecast, *bounds, low, middle, high = found.T
    np.testing.assert_array_equal(middle, forecast)
    np.testing.assert_array_equal([low, high], [bounds[1], bounds[2]])
    assert (np.diff([bounds[0], bounds[1], forecast, bounds[2], bounds[3]], axis=0) > 0).all()
    np.testing.assert_allclose(low, 10 + stats.gamma(2).ppf(0.1), atol=0.6)
    np.testing.assert_allclose(high, 10 + stats.gamma(2).ppf(0.9), atol=1.2)
    assert (high - middle > 1.3 * (middle - low)).all()
    assert 65 < fitted.evaluate().intervals["coverage"]["80"] < 95


def test_a_run_keeps_its_distribution(fitted, tmp_path):
    expected = fitted.predict(level=80)
    run = fitted.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(run).predict(level=80), expected)
    np.testing.assert_allclose(sw.load(run, backend="numpy").predict(), expected[:, :1], rtol=1e-5)
    (tmp_path / "pickle").write_bytes(pickle.dumps(fitted))
    code = (  # a process that knows none of our losses yet
        "import pickle, pathlib, seqwise as sw\n"
        f"a = sw.load({str(run)!r}).predict(level=80)\n"
        f"b = pickle.loads(pathlib.Path({str(tmp_path / 'pickle')!r}).read_bytes()).predict(level=80)\n"
        "print((a == b).all())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr[-500:]


def test_several_targets_and_many_series_have_distributions():
    values = RNG.normal(size=(90, 2)) * [1, 100] + [0, 1000]
    several = sw.Forecaster(**SMALL, loss="gaussian", epochs=1, recipe="segments").fit(values, target=[0, 1])
    forecast = several.predict(level=80)
    assert forecast.shape == (2, 6)
    assert (forecast[:, 2] < forecast[:, 0]).all() and (forecast[:, 4] < forecast[:, 1]).all()
    assert 500 < forecast[:, 1].mean() < 1500
    many = sw.Forecaster(**SMALL, loss="student-t", epochs=1)
    table = many.fit({"a": values[:, 0], "b": values[:60, 1]}).predict(quantiles=[0.1, 0.5, 0.99])
    assert table.columns == ["series", "step", "y", "y-q-0.1", "y-q-0.5", "y-q-0.99"]
    assert (table["y-q-0.1"] < table["y-q-0.5"]).all() and (table["y-q-0.5"] < table["y-q-0.99"]).all()
    assert table["y"].to_list() == table["y-q-0.5"].to_list()


def test_counts_of_one_series_and_of_many(tmp_path):
    """The mean and quantiles of independent Poisson counts are known."""
    counts = np.random.default_rng(4).poisson(1.0, size=400).astype(float)
    settings: dict[str, Any] = SMALL | {"loss": "negative-binomial", "recipe": "skip", "learning_rate": 0.03}
    fitted = sw.Forecaster(**settings, epochs=10, residual=False, linear_skip=False).fit(counts)
    found = fitted.predict(level=[80], quantiles=[0.5])
    np.testing.assert_allclose(found[:, 0], 1, atol=0.4)
    np.testing.assert_allclose(found[:, 1:], np.tile([0, 2, 1], (2, 1)), atol=1 + 1e-6)
    np.testing.assert_allclose(found[:, 1:], np.round(found[:, 1:]), atol=1e-6)
    paths = fitted.sample(num_samples=200)
    np.testing.assert_allclose(paths, np.round(paths), atol=1e-6)
    assert paths.min() == 0 and paths.mean() == pytest.approx(1, abs=0.4)
    run = fitted.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(run).predict(level=[80], quantiles=[0.5]), found)
    with pytest.raises(sw.BundleError, match="forecasts counts predicts with Keras"):
        sw.load(run, backend="numpy")
    many = sw.Forecaster(**settings, epochs=2).fit({"a": counts, "b": 1 + counts[:200]})
    assert (many.input_.scaler.offset_ == 0).all() and len(set(many.input_.scaler.scale_.ravel())) == 1
    table = many.predict(level=80)
    assert (table["y"] > 0).all() and (table["y-hi-80"] == table["y-hi-80"].round()).all()
    many.save(tmp_path / "many")
    assert sw.load(tmp_path / "many").predict(level=80).equals(table)
    with pytest.raises(sw.DataError, match=r"'y' is 0\.5 in row 3, but loss='negative-binomial' forecasts counts"):
        check_counts(np.array([[1.0], [np.nan], [0.5]]), ["y"], "the table")
    with pytest.raises(sw.SettingError, match="leave log out"):
        sw.Forecaster(loss="negative-binomial", log=True).fit(counts)


def test_quantiles_are_bounds_of_intervals():
    bounds = [np.array([value]) for value in (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)]  # of 95, 80 and 50 percent
    found = named_bounds("y", [80], levels_of([0.25, 0.5, 0.975]), np.array([0.0]), bounds)
    assert {name: float(value[0]) for name, value in found.items()} == {
        "y-lo-80": -2, "y-hi-80": 2, "y-q-0.25": -1, "y-q-0.5": 0, "y-q-0.975": 3
    }  # fmt: skip
    with pytest.raises(sw.SettingError, match="quantiles=90: expected shares between 0 and 1"):
        levels_of([90])
