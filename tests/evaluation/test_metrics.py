"""The metrics against hand-written formulas and worked examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqwise.evaluation.comparison import format_scores
from seqwise.evaluation.forecast_names import NAMES
from seqwise.evaluation.forecasts import COLUMNS
from seqwise.evaluation.metrics import METRICS, error_by_step, naive_scale, score


def column(*values):
    """Shape (1 sample, horizon, 1 target)."""
    return np.array(values, dtype=float)[None, :, None]


def plain_scores(truth, forecast, scale):
    """One target, loops only."""
    pairs = [
        (y, f) for ys, fs in zip(truth, forecast, strict=True) for y, f in zip(ys, fs, strict=True) if not math.isnan(y)
    ]
    mae = sum(abs(y - f) for y, f in pairs) / len(pairs)
    return {
        "mae": mae,
        "rmse": math.sqrt(sum((y - f) ** 2 for y, f in pairs) / len(pairs)),
        "mase": mae / scale,
        "smape": 100 * sum(2 * abs(y - f) / (abs(y) + abs(f)) for y, f in pairs) / len(pairs),
    }


def test_by_hand():
    # errors 1, 2, 3, 0: MAE 6/4, RMSE sqrt(14/4); training 1 3 2 6: steps 2 1 4, their mean 7/3
    truth, forecast = column(10, 20, 30, 40), column(11, 18, 33, 40)
    scale = naive_scale(np.array([[1.0], [3], [2], [6]]), 1)
    found = score(truth, forecast, scale)
    assert scale == pytest.approx(7 / 3)
    assert found["mae"] == pytest.approx(1.5)
    assert found["rmse"] == pytest.approx(math.sqrt(3.5))
    assert found["mase"] == pytest.approx(1.5 * 3 / 7)
    assert found["smape"] == pytest.approx(200 / 4 * (1 / 21 + 2 / 38 + 3 / 63))
    assert (found["mse"], found["pooled_rmse"]) == pytest.approx((3.5, math.sqrt(3.5)))
    assert tuple(found) == (*METRICS, "mse", "pooled_rmse")


def test_smape_is_the_m4_competitions():
    # sMAPE runs from 0 to 200 and treats a forecast of half and of double alike in |error| / sum
    assert score(column(100), column(0), np.ones(1))["smape"] == pytest.approx(200)
    assert score(column(100), column(100), np.ones(1))["smape"] == 0
    assert score(column(100), column(50), np.ones(1))["smape"] == pytest.approx(200 / 3)
    assert score(column(50), column(100), np.ones(1))["smape"] == pytest.approx(200 / 3)
    assert score(column(0, 1), column(0, 1), np.ones(1))["smape"] == 0  # 0 / 0 counts as no error


def test_mase_of_the_seasonal_naive_forecast_in_its_training_rows_is_one():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 2)).cumsum(axis=0) * [1, 50]
    scale = naive_scale(values, 7)
    truth, forecast = values[7:][None], values[:-7][None]
    assert score(truth, forecast, scale)["mase"] == pytest.approx(1)


def test_scale_skips_what_is_missing_and_never_divides_by_zero():
    training = np.array([[1.0, 5], [np.nan, 5], [4, 5], [6, 5]])
    np.testing.assert_allclose(naive_scale(training, 1), [2, 1])
    np.testing.assert_allclose(naive_scale(training, 2), [3, 1])


@pytest.mark.parametrize("rows", [1, 5, 12])
def test_scale_of_rows_shorter_than_a_season_is_that_of_the_last_value(rows):
    training = np.arange(rows, dtype=float)[:, None] * 3
    np.testing.assert_allclose(naive_scale(training, 12), 3 if rows > 1 else 1)


def test_several_targets_and_missing_values_against_loops():
    rng = np.random.default_rng(2)
    truth, forecast = rng.normal(5, 2, (9, 4, 3)), rng.normal(5, 2, (9, 4, 3))
    truth[rng.random(truth.shape) < 0.3] = np.nan
    scale = np.array([1.0, 2.0, 0.5])
    plain = [plain_scores(truth[..., j].tolist(), forecast[..., j].tolist(), float(scale[j])) for j in range(3)]
    found = score(truth, forecast, scale)
    for name in METRICS:
        assert found[name] == pytest.approx(sum(p[name] for p in plain) / 3), name
    assert found["mse"] == pytest.approx(sum(p["rmse"] ** 2 for p in plain) / 3)
    assert found["pooled_rmse"] == pytest.approx(math.sqrt(np.nanmean((truth - forecast) ** 2)))


def test_error_by_step():
    truth = np.array([[[1.0], [2]], [[3], [np.nan]], [[5], [6]]])
    forecast = np.array([[[2.0], [2]], [[3], [9]], [[7], [10]]])
    np.testing.assert_allclose(error_by_step(truth, forecast), [1, 2])


def test_the_table_shows_the_model_first_and_each_number():
    values = {"model": 0.125, "naive": 1.25, "ets": 3.5}
    scores = {name: {str(m): value for m in METRICS} for name, value in values.items()}
    head, first, *rest = format_scores(scores, NAMES, COLUMNS).splitlines()
    assert head.split() == ["MAE", "RMSE", "MASE", "sMAPE", "%"]
    assert first.split() == ["this", "model"] + ["0.1250"] * 4
    assert {line.split("  ")[0] for line in rest} == {"last value", "exponential smoothing"}
