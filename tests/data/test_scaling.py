"""Scalers beside scikit-learn's, missing values included."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from seqwise.data import Scaler
from seqwise.data.scaling import swings_grow_with_level
from seqwise.errors import DataError, SettingError

TWINS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}
NAMES = ["a", "b", "c"]


def table(rows=50, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, size=(rows, 3)) * [1.0, 40.0, 0.01] + [0.5, 300.0, 0.2]
    values[rng.random(values.shape) < missing] = np.nan
    return values


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("kind", list(TWINS))
def test_scaling_equals_scikit_learn(kind, missing):
    train, later = table(missing=missing), table(seed=1, missing=missing)
    ours, twin = Scaler(kind).fit(train, NAMES), TWINS[kind]().fit(train)
    scaled = ours.transform(later)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, twin.transform(later), rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(ours.inverse(scaled), twin.inverse_transform(scaled), rtol=1e-6)


@pytest.mark.parametrize("kind", list(TWINS))
@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-1000, 1000) | st.none(), min_size=3, max_size=40))
def test_any_column_of_numbers_equals_scikit_learn(kind, numbers):
    column = np.array([np.nan if n is None else n for n in numbers], dtype=float)[:, None]
    if len(set(column[~np.isnan(column)])) < 2:
        with pytest.raises(DataError, match=r"constant|no value"):
            Scaler(kind).fit(column, ["a"])
        return
    if kind == "robust" and np.subtract(*np.nanpercentile(column, [75, 25])) == 0:
        scale = np.nanmax(column) - np.nanmin(column)  # scikit-learn would divide by 1; we by the range
        assert Scaler(kind).fit(column, ["a"]).scale_[0] == scale
        return
    expected = TWINS[kind]().fit_transform(column)
    np.testing.assert_allclose(Scaler(kind).fit(column, ["a"]).transform(column), expected, rtol=1e-5, atol=1e-5)


def test_each_feature_may_have_its_own_kind_and_the_rest_are_standardised():
    train = table()
    mixed = Scaler({"c": "minmax", "a": "none"}).fit(train, NAMES).transform(train)
    np.testing.assert_allclose(mixed[:, 0], train[:, 0], rtol=1e-6)
    np.testing.assert_allclose(mixed[:, 1], StandardScaler().fit_transform(train)[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mixed[:, 2], MinMaxScaler().fit_transform(train)[:, 2], rtol=1e-5, atol=1e-6)


def test_the_logarithm_comes_before_the_scale_and_is_undone_after_it():
    train = table()
    scaler = Scaler("standard", log=["b"]).fit(train, NAMES)
    twin = train.copy()
    twin[:, 1] = np.log(twin[:, 1])
    scaled = scaler.transform(train)
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(twin), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scaler.inverse(scaled), train, rtol=1e-5)


@pytest.mark.parametrize("log", [(), ("a",), ("a", "b")])
@pytest.mark.parametrize("kind", ["standard", "minmax", "robust", "none"])
def test_targets_alone_are_undone_in_any_number_of_axes(kind, log):
    train = table(rows=24)
    scaler = Scaler(kind, log).fit(train, NAMES)
    forecast = scaler.transform(train)[:, :2].reshape(4, 6, 2)
    np.testing.assert_allclose(scaler.inverse(forecast, 2), train[:, :2].reshape(4, 6, 2), rtol=1e-5)


def test_a_wild_forecast_of_a_logarithm_stays_finite():
    scaler = Scaler("none", ["a"]).fit(np.array([[1.0], [2.0]]), ["a"])
    assert np.isfinite(scaler.inverse(np.array([[1e6], [-1e6]], np.float32))).all()


def test_transform_leaves_its_input_alone():
    values = table()
    before = values.copy()
    Scaler("standard", ["a"]).fit(values, NAMES).transform(values)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("kind", ["robust", {"a": "minmax", "b": "none"}])
def test_a_scaler_comes_back_from_json_bit_for_bit(kind):
    scaler = Scaler(kind, ["c"]).fit(table(), NAMES)
    again = Scaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    later = table(seed=5)
    np.testing.assert_array_equal(again.transform(later), scaler.transform(later))
    scaled = scaler.transform(later)[:, :2]
    np.testing.assert_array_equal(again.inverse(scaled, 2), scaler.inverse(scaled, 2))
    assert again.to_dict() == scaler.to_dict()


def test_missing_values_pass_through_a_logarithm():
    scaler = Scaler("standard", ["a"]).fit(np.array([[1.0], [np.nan], [4.0]]), ["a"])
    np.testing.assert_array_equal(np.isnan(scaler.transform(np.array([[np.nan], [2.0]]))), [[True], [False]])


@pytest.mark.parametrize("low", [0.0, -3.0])
@pytest.mark.parametrize("when", ["fit", "transform"])
def test_no_logarithm_at_or_below_zero(low, when):
    good, bad = np.array([[1.0], [2.0]]), np.array([[1.0], [low]])
    scaler = Scaler("none", ["price"])
    with pytest.raises(DataError, match=rf"column 'price' holds {low:g}, but its logarithm.*log=False"):
        (scaler.fit(bad, ["price"]) if when == "fit" else scaler.fit(good, ["price"]).transform(bad))


def test_unknown_kinds_and_names_are_refused():
    with pytest.raises(SettingError, match=r"scaler='zscore': expected 'standard', 'minmax', 'robust' or 'none'"):
        Scaler("zscore").fit(table(), NAMES)
    with pytest.raises(SettingError, match=r"scaler='zscore'"):
        Scaler({"a": "zscore"}).fit(table(), NAMES)
    with pytest.raises(SettingError, match=r"'temprature', which is not a feature. Did you mean 'temperature'\?"):
        Scaler({"temprature": "none"}).fit(table(), ["temperature", "b", "c"])


def airline_like(growth: bool, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = np.linspace(100, 500, 120)
    wave = 1 + 0.2 * np.sin(np.arange(120) * 2 * np.pi / 12)
    return (level * wave if growth else level + 40 * wave) + rng.normal(size=120)


@pytest.mark.parametrize("seed", range(5))
def test_a_logarithm_is_called_for_only_where_swings_grow(seed):
    assert swings_grow_with_level(airline_like(True, seed), 12)
    assert not swings_grow_with_level(airline_like(False, seed), 12)


def test_no_logarithm_for_negative_short_or_level_series():
    grown = airline_like(True, 0)
    assert not swings_grow_with_level(grown - 200, 12)
    assert not swings_grow_with_level(grown[:40], 12)
    assert not swings_grow_with_level(grown + 1000, 12)  # the level does not double
    assert not swings_grow_with_level(np.repeat([1.0, 2.0, 4.0, 8.0], 12), 12)  # no swings at all


def test_missing_values_do_not_change_the_call_for_a_logarithm():
    grown = airline_like(True, 1)
    grown[[5, 30, 31, 90]] = np.nan
    assert swings_grow_with_level(grown, 12)
