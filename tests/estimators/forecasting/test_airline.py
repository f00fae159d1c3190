"""The promise on real data: airline passengers, the last year held back."""

from __future__ import annotations

import statistics

import seqwise as sw


def test_default_settings_beat_the_baselines(shared_data):
    found = []
    for seed in range(5):
        forecaster = sw.Forecaster(window=24, horizon=12, test=12, seed=seed)
        forecaster.fit(shared_data / "airline-passengers.csv", time="Month", target="Passengers")
        found.append(forecaster.evaluate())
    mae = statistics.median(evaluation.metrics["mae"] for evaluation in found)
    assert len(found[0].origins) == 1
    assert round(found[0].baselines["seasonal_naive"]["mae"], 1) == 47.8  # published beside the data
    assert mae < 20
    assert mae < min(scores["mae"] for name, scores in found[0].baselines.items() if name != "ets")
