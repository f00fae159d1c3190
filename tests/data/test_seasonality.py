"""The seasonal period that is found in a series."""

import warnings

import numpy as np
import pytest
from statsmodels.datasets import sunspots

from seqwise.data import make_series, read_table, seasonal_period

ROWS = np.arange(400)


def wave(period: int, noise: float = 0.1, seed: int = 0) -> np.ndarray:
    return np.sin(2 * np.pi * ROWS / period) + noise * np.random.default_rng(seed).normal(size=len(ROWS))


@pytest.mark.parametrize("period", [7, 12, 24, 52])
@pytest.mark.parametrize("seed", range(3))
def test_a_cycle_is_found_among_the_candidates_under_noise(period, seed):
    assert seasonal_period(wave(period, seed=seed), [period - 3, period, period + 4]) == period


@pytest.mark.parametrize("period", [5, 12, 31])
def test_without_candidates_a_clean_cycle_is_found_by_search(period):
    pattern = np.random.default_rng(period).normal(size=period)
    assert seasonal_period(np.resize(pattern, 400), []) == period


def test_without_candidates_noise_trends_and_random_walks_have_no_season():
    found = [
        seasonal_period(values, [])
        for seed in range(30)
        for noise in [np.random.default_rng(seed).normal(size=400)]
        for values in (noise, np.cumsum(noise), ROWS + noise)
    ]
    assert found == [1] * 90
    assert seasonal_period(2.0 * ROWS, []) == seasonal_period(np.ones(400), []) == seasonal_period(ROWS[:4], []) == 1


def test_sunspots_come_and_go_in_about_eleven_years():
    years = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    assert seasonal_period(years, []) == 11
    rng = np.random.default_rng(0)  # months as noisy as real ones, between the years' means
    months = np.interp(np.arange(12 * len(years)) / 12, np.arange(len(years)), years)
    months = np.maximum(months * (1 + rng.normal(size=len(months)) / 4) + 5 * rng.normal(size=len(months)), 0)
    assert seasonal_period(months, [12]) == 1
    assert 120 <= seasonal_period(months, []) <= 138


def test_a_cycle_on_a_trend_is_still_found():
    assert seasonal_period(wave(12) + 0.02 * ROWS, [12]) == 12


@pytest.mark.parametrize("candidates", [[12], [7, 365], [24, 168]])
def test_a_trend_and_random_walks_have_no_season(candidates):
    assert seasonal_period(ROWS * 1.0, candidates) == 1
    walks = [np.cumsum(np.random.default_rng(seed).normal(size=8000)) for seed in range(10)]
    assert [seasonal_period(walk, candidates) for walk in walks] == [1] * 10


def test_two_whole_cycles_must_be_there():
    assert seasonal_period(wave(12)[:23], [12]) == 1
    assert seasonal_period(wave(12)[:25], [12]) == 12


@pytest.mark.parametrize("hidden", [slice(3, 40), slice(None, None, 5), slice(None, None, 2)])
def test_missing_values_neither_hide_the_season_nor_warn(hidden):
    values = wave(12)
    values[hidden] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seasonal_period(values, [4, 12]) == 12
        assert seasonal_period(values, [7]) == 1  # with every second row missing nothing is 7 rows apart


def test_airline_passengers_repeat_each_year(shared_data):
    table = read_table(shared_data / "airline-passengers.csv")
    series = make_series(table, target="Passengers", time="Month")
    assert seasonal_period(series.truth()[:, 0], series.time_index.seasons()) == 12
