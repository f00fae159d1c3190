"""One model of many series: their windows, their scales, short ones, unseen ones, and what comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import seqwise as sw
from seqwise.data import panels
from seqwise.data.panels import panel_from_arrays
from seqwise.estimators.forecasting.panel_data import PanelData, PanelInput, PanelTarget, plan_panel
from seqwise.estimators.forecasting.panel_scaling import PanelScaler

WINDOW, HORIZON = 8, 3
LENGTHS = {"a": 40, "b": 30, "tiny": 2, "short": 9, "c": 60}
SMALL: dict[str, Any] = {
    "window": WINDOW,
    "horizon": HORIZON,
    "units": (4,),
    "epochs": 2,
    "patience": None,
    "season": 1,
}


def changed(**settings: Any) -> dict[str, Any]:
    return SMALL | settings


def arrays():
    rng = np.random.default_rng(0)
    return {
        name: 10.0**i * (5 + np.sin(np.arange(rows)) + rng.normal(size=rows) / 10)
        for i, (name, rows) in enumerate(LENGTHS.items())
    }


def long(data):
    start = np.datetime64("2024-01-01")
    return pl.concat(
        pl.DataFrame({"unique_id": name, "ds": (start + np.arange(len(y))).astype("M8[us]"), "y": y})
        for name, y in data.items()
    )


@pytest.fixture(scope="module")
def fitted():
    return sw.Forecaster(**SMALL, validation=3, test=5).fit(long(arrays()))


def test_windows_are_those_of_each_series_alone():
    """Every window is cut from one series; none is lost, none reaches into another part."""
    data = arrays()
    plan = plan_panel(panel_from_arrays(data), window=WINDOW, horizon=HORIZON, validation=3, test=5)
    inputs = PanelInput(WINDOW, True, "none")
    inputs.fit(plan)
    prepared = PanelData(plan, inputs, PanelTarget("y", HORIZON))
    for part in ("train", "validation", "test", "refit"):
        expected = []
        for y in data.values():
            held = 8 if len(y) - 8 > HORIZON else 0
            bounds = {"train": (0, len(y) - held), "validation": (len(y) - held, len(y) - held + (3 if held else 0))}
            bounds |= {"test": (bounds["validation"][1], len(y)), "refit": (0, bounds["validation"][1])}
            first, last = bounds[part]
            for origin in range(max(first, 1), last - HORIZON + 1):
                pad = WINDOW - origin
                if pad > 0 and not (held == 0 and len(y) == LENGTHS["short"]):
                    continue  # a long series has whole windows only
                before = np.concatenate([np.full(max(pad, 0), y[0]), y[max(-pad, 0) : origin]])
                visible = np.arange(WINDOW) >= pad
                expected.append((before, visible, y[origin : origin + HORIZON]))
        batches = prepared.batches(part)
        inside = batches.select(batches.arrays, batches.indices) if len(batches) else None
        if part in ("train", "refit"):  # the short series begins with one whole window of padding and rows
            expected = [e for e in expected if e[1].any()]
        count = 0 if inside is None else len(inside.targets)
        if inside is None:
            assert not expected
            continue
        window, seen = inside.inputs
        found = {
            (tuple(w[:, 0]), tuple(v), tuple(t[:, 0])) for w, v, t in zip(window, seen, inside.targets, strict=True)
        }
        wanted = {(tuple(b.astype("f4")), tuple(v), tuple(t.astype("f4"))) for b, v, t in expected}
        assert found <= wanted
        whole = {one for one in wanted if all(one[1])}
        assert whole <= found
        assert count == len(found)


@pytest.mark.parametrize("block", [1, 50, panels.BLOCK])
def test_each_series_has_its_own_scale(block, monkeypatch):
    monkeypatch.setattr(panels, "BLOCK", block)
    panel = panel_from_arrays(arrays())
    rows = np.minimum(panel.lengths, 20)
    scaled = PanelScaler().fit(panel, rows).transform(panel)
    for s in range(len(panel)):
        own = scaled[panel.starts[s] : panel.starts[s] + rows[s], 0]
        np.testing.assert_allclose([own.mean(), own.std()], [0, 1], atol=1e-5)
    logs = PanelScaler(log=True).fit(panel, rows)
    np.testing.assert_allclose(
        logs.inverse(logs.transform(panel)[panel.starts[:-1]], panel, np.arange(len(panel)))[:, 0],
        panel.values[panel.starts[:-1], 0], rtol=1e-5,
    )  # fmt: skip
    steps = np.diff(np.log(panel.values[:40, 0]))
    np.testing.assert_allclose(np.diff(logs.transform(panel)[:40, 0]) * logs.common_, steps, atol=1e-5)
    ranges = PanelScaler("minmax").fit(panel, panel.lengths).transform(panel)
    for one in np.split(ranges[:, 0], panel.starts[1:-1]):
        assert (one.min(), one.max()) == pytest.approx((0, 1), abs=1e-6)
    counts = PanelScaler(counts=True).fit(panel, rows)
    first = np.concatenate([panel.one(s).values[: rows[s], 0] for s in range(len(panel))])
    np.testing.assert_allclose(counts.transform(panel), panel.values / (1 + first.mean()), rtol=1e-6)


def test_forecasts_come_as_a_long_table_of_the_same_kind(fitted):
    forecast = fitted.predict()
    assert isinstance(forecast, pl.DataFrame)
    assert forecast.columns == ["unique_id", "ds", "y"]
    assert forecast["unique_id"].to_list() == [name for name in LENGTHS for _ in range(HORIZON)]
    ends = {name: np.datetime64("2024-01-01") + rows for name, rows in LENGTHS.items()}
    assert forecast["ds"].to_list()[0] == ends["a"].astype("M8[us]").item()
    again = fitted.predict(long(arrays()).to_pandas())
    assert isinstance(again, pd.DataFrame)
    np.testing.assert_allclose(again["y"], forecast["y"])
    assert any("1 series are no longer than the horizon" in note for note in fitted.notes_)


def test_a_series_is_forecast_alike_alone_or_among_others_and_unseen(fitted):
    whole = fitted.predict().filter(pl.col("unique_id") == "c")["y"].to_numpy()
    only = long({"c": arrays()["c"][-WINDOW:]})
    np.testing.assert_allclose(fitted.predict(only)["y"], whole, rtol=1e-5)
    unseen = fitted.predict(long({"new": arrays()["c"]}))["y"].to_numpy()
    np.testing.assert_allclose(unseen, whole, rtol=0.05)


def test_scores_are_those_of_each_window(fitted):
    found, data = fitted.evaluate(), arrays()
    expected = {(n, o) for n, rows in LENGTHS.items() if rows > 11 for o in range(rows - 5, rows - HORIZON + 1)}
    rows = {(n, round(float((t - np.datetime64("2024-01-01")) / np.timedelta64(1, "D"))))
            for n, t in zip(found.series, found.times[:, 0], strict=True)}  # fmt: skip
    assert rows == expected
    errors, scaled = [], []
    for name, origin in sorted(expected):
        y = data[name]
        errors.append(np.abs(y[origin : origin + HORIZON] - y[origin - 1]))
        scaled.append(errors[-1] / np.abs(np.diff(y[: len(y) - 5])).mean())
    assert found.baselines["naive"]["mae"] == pytest.approx(np.mean(errors))
    assert found.baselines["naive"]["mase"] == pytest.approx(np.mean(scaled))


def test_a_run_brings_all_of_it_back(fitted, tmp_path):
    fitted.save(tmp_path / "run")
    loaded = sw.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict()["y"], fitted.predict()["y"])
    assert loaded.evaluate(long(arrays())).scores == fitted.evaluate().scores
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "5 series" in page
    with pytest.raises(sw.BundleError, match="many series predicts with Keras"):
        sw.load(tmp_path / "run", backend="numpy")


def test_a_dict_gives_a_dict():
    data = {name: y for name, y in arrays().items() if len(y) > 20}
    forecast = sw.Forecaster(**changed(epochs=1)).fit(data).predict()
    assert list(forecast) == list(data)
    assert all(values.shape == (HORIZON,) for values in forecast.values())
