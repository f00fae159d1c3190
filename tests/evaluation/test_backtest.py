"""The backtest's folds: where they lie, what they see, what is said when there are too few rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from seqwise.data import make_series
from seqwise.errors import DataError, SettingError
from seqwise.evaluation import backtest, compare_forecasts
from seqwise.evaluation.metrics import METRICS


def make(rows=60):
    values = np.random.default_rng(0).normal(size=rows).cumsum() + 50
    days = np.datetime64("2020-01-01") + np.arange(rows)
    return make_series(pl.DataFrame({"day": days, "y": values}), time="day", target="y")


def naive_fold(calls):
    def train_and_score(part, start):
        calls.append((part.values.copy(), start))
        origins = np.arange(start, len(part) - 1)
        forecast = np.repeat(part.values[origins - 1][:, None], 2, axis=1) + len(calls)
        return compare_forecasts(part, origins, forecast, season=1, fit_rows=start)

    return train_and_score


def test_folds_are_the_last_blocks_and_see_nothing_later():
    series, calls = make(), []
    result = backtest(series, folds=3, fold_rows=6, least_rows=20, train_and_score=naive_fold(calls))
    assert [start for _, start in calls] == [42, 48, 54]
    for values, start in calls:
        np.testing.assert_array_equal(values, series.values[: start + 6])
    for fold, (_, start) in zip(result.folds, calls, strict=True):
        assert fold.origins.tolist() == [start, start + 1, start + 2, start + 3, start + 4]
        assert fold.times[0, 0] == series.times[start]
        assert fold.times[-1, -1] == series.times[start + 5]


def test_scores_are_the_mean_over_folds():
    result = backtest(make(), folds=2, fold_rows=6, least_rows=20, train_and_score=naive_fold([]))
    one, two = result.folds
    for name in ("model", "naive", "ets"):  # without a season there is no last one
        for metric in METRICS:
            assert result.scores[name][metric] == pytest.approx(
                (one.scores[name][metric] + two.scores[name][metric]) / 2
            )
    assert result.metrics == result.scores["model"]
    saved = result.to_dict()
    assert saved["test"] == result.metrics
    assert set(saved["baselines"]) == {"naive", "ets"}
    assert [fold["from"][:10] for fold in saved["folds"]] == ["2020-02-18", "2020-02-24"]
    assert [fold["to"][:10] for fold in saved["folds"]] == ["2020-02-23", "2020-02-29"]
    assert str(result).startswith("mean of 2 folds")


@pytest.mark.parametrize("folds", [0, -1, 2.0, True, "3"])
def test_folds_must_be_a_whole_number(folds):
    with pytest.raises(SettingError, match="expected a whole number, at least 1"):
        backtest(make(), folds=folds, fold_rows=6, least_rows=20, train_and_score=naive_fold([]))


def test_too_many_folds_say_how_many_there_could_be():
    calls = []
    with pytest.raises(DataError, match=r"Use folds=6\."):
        backtest(make(), folds=7, fold_rows=6, least_rows=20, train_and_score=naive_fold(calls))
    assert not calls
    assert len(backtest(make(), folds=6, fold_rows=6, least_rows=20, train_and_score=naive_fold([])).folds) == 6
    with pytest.raises(DataError, match="Shorten the window"):
        backtest(make(), folds=1, fold_rows=50, least_rows=20, train_and_score=naive_fold([]))
