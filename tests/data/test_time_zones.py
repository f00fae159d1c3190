"""A series keeps its time zone to the end, across changes of the clocks; zones that are mixed are refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import seqwise as sw
from seqwise.data.panels import panel_from_table
from seqwise.data.plain_tables import read_plain_table
from seqwise.data.series import series_from_table
from seqwise.data.tables import read_table, to_kind
from seqwise.data.time_zones import zone_name
from seqwise.estimators.forecasting.report import write_forecast

BERLIN = "Europe/Berlin"


def expected(freq, rows, zone=BERLIN, start="2024-03-20"):
    """What pandas, which has its own calendar of zones, says of the rows and of five more."""
    times = pd.date_range(start, periods=rows + 5, freq=freq, tz=zone)
    return times[:rows], times[rows:]


def read(times, *, plain=False, **names):
    values = [float(i) for i in range(len(times))]
    if plain:
        rows = [{"t": time.to_pydatetime(), "y": y} for time, y in zip(times, values, strict=True)]
        return series_from_table(read_plain_table(rows), target="y", time="t", **names)
    return series_from_table(read_table(pd.DataFrame({"t": times, "y": values})), target="y", time="t", **names)


def after(series, count=5):
    return series.time_index.with_zone(series.time_index.at(np.arange(len(series), len(series) + count)))


@pytest.mark.parametrize("freq", ["D", "h", "15min", "B", "W", "MS", "ME", "YS"])
@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"])
def test_the_rows_to_come_are_those_of_pandas(freq, zone):
    known, future = expected(freq, 40, zone, start="2024-03-01" if freq != "15min" else "2024-03-31")
    for plain in (False, True):
        series = read(known, plain=plain)
        assert len(series) == 40, "a change of the clocks left a row over"
        assert series.warnings == []
        assert after(series).tolist() == future.to_pydatetime().tolist()
        assert {time.utcoffset() for time in after(series)} == {time.utcoffset() for time in future}


def test_the_table_that_comes_back_has_the_zone():
    times, future = expected("D", 12)
    series = read(times)
    columns = {"t": after(series), "y": np.arange(5.0)}
    of_pandas: Any = to_kind(columns, "pandas")
    assert (pd.DatetimeIndex(of_pandas["t"]) == future).all()
    assert str(of_pandas["t"].dt.tz) == BERLIN
    of_polars: Any = to_kind(columns, "polars")
    assert of_polars.schema["t"] == pl.Datetime("us", BERLIN)
    assert of_polars["t"].to_list() == future.to_pydatetime().tolist()


@pytest.mark.parametrize(("hours", "zone"), [(2, "Etc/GMT-2"), (-7, "Etc/GMT+7"), (5.5, "UTC")])
def test_an_offset_is_a_zone(hours, zone):
    fixed = timezone(timedelta(hours=hours))
    texts = [(datetime(2024, 3, 1, tzinfo=fixed) + timedelta(days=i)).isoformat() for i in range(8)]
    series = series_from_table(read_table(pl.DataFrame({"t": texts, "y": range(8)})), target="y", time="t")
    future = [datetime(2024, 3, 9, tzinfo=fixed), datetime(2024, 3, 10, tzinfo=fixed)]
    assert after(series, 2).tolist() == future
    table: Any = to_kind({"t": after(series, 2)}, "polars")
    column = table["t"]
    assert column.dtype == pl.Datetime("us", zone)
    assert column.to_list() == future


def test_the_summer_and_winter_time_of_one_clock_are_read_as_utc():
    times, future = expected("h", 60, start="2024-03-30")
    series = series_from_table(
        read_table(pl.DataFrame({"t": [time.isoformat() for time in times], "y": range(60)})), target="y", time="t"
    )
    assert after(series).tolist() == future.to_pydatetime().tolist()
    assert {time.tzinfo for time in after(series)} == {UTC}


@pytest.mark.parametrize("written", ["+02", "+0200", "+02:00", "Z", "z", "-00"])
def test_an_offset_written_in_any_way_is_a_zone(written):
    words = [f"2024-03-{day:02d}T12:00:00{written}" for day in range(1, 13)]
    zone = zone_name(written)
    for table in (read_table(pl.DataFrame({"t": words})), read_plain_table([{"t": word} for word in words])):
        assert table.time_zone("t") == zone
        assert str(table.times("t")[0]) == f"2024-03-01T{10 if zone == '+02:00' else 12}:00:00.000000"


def test_zones_that_there_are_not():
    mean_time = timezone(timedelta(minutes=53, seconds=28))
    moments = [datetime(2024, 3, day, tzinfo=mean_time) for day in range(1, 13)]
    for table in (read_table(pd.DataFrame({"t": moments})), read_plain_table([{"t": moment} for moment in moments])):
        with pytest.raises(sw.DataError, match=r"a zone that is not known: there is no time zone '\+005328'"):
            table.time_zone("t")
    words = [{"t": f"2024-03-{day:02d}T12:00:00+99:99"} for day in range(1, 13)]
    with pytest.raises(sw.DataError, match=r"holds '2024-03-01T12:00:00\+99:99' on row 0, which is not a date"):
        read_plain_table(words).times("t")


def test_mixed_zones_are_refused():
    texts = [f"2024-03-{i + 1:02d}T00:00:00+0{1 + i % 3}:00" for i in range(6)]
    aware = [datetime(2024, 3, i + 1, tzinfo=ZoneInfo(("UTC", BERLIN)[i % 2])) for i in range(6)]
    naive = ["2024-03-01T00:00:00+01:00", "2024-03-02T00:00:00+01:00", "2024-03-03T00:00:00"]
    for times, said in (
        (texts, r"mixes time zones: the zone \+01:00 on row 0, the zone \+02:00 on row 1"),
        (aware, "mixes time zones: the zone UTC on row 0, the zone Europe/Berlin on row 1"),
        (naive, r"mixes time zones: the zone \+01:00 on row 0, no time zone on row 2"),
    ):
        table = read_plain_table([{"t": time, "y": float(i)} for i, time in enumerate(times)])
        with pytest.raises(sw.DataError, match=said):
            series_from_table(table, target="y", time="t")
    with pytest.raises(sw.DataError, match=r"' on row 0 has a time zone, '2024-03-03T00:00:00' on row 2 none"):
        read_table(pl.DataFrame({"t": naive})).times("t")


def test_new_data_are_put_on_the_trainings_clock():
    index = read(expected("D", 20)[0]).time_index
    later, future = expected("D", 20, start="2024-10-20")
    for zone in (BERLIN, "UTC", "Asia/Tokyo"):
        series = read(later.tz_convert(zone), time_index=index)
        assert after(series).tolist() == future.to_pydatetime().tolist()
        assert after(series)[0].tzinfo == ZoneInfo(BERLIN)
    with pytest.raises(sw.DataError, match="no time zone, and those of the training data have the zone Europe/Berlin"):
        read(later.tz_localize(None), time_index=index)
    naive = read(later.tz_localize(None)).time_index
    with pytest.raises(sw.DataError, match="have the zone Europe/Berlin, and those of the training data have no time"):
        read(later, time_index=naive)
    assert after(read(later.tz_localize(None).tz_localize("UTC"), time_index=naive)).dtype == "M8[us]"


def test_many_series_keep_it_too():
    times, future = expected("D", 20)
    frame = pd.DataFrame({"s": ["a"] * 20 + ["b"] * 15, "t": [*times, *times[5:]], "y": np.arange(35.0)})
    panel = panel_from_table(read_table(frame), series="s", target="y", time="t")
    shown = panel.time_index.with_zone(panel.times(np.array([0, 1]), panel.lengths))
    assert shown.tolist() == [future[0].to_pydatetime()] * 2


def test_a_run_keeps_it(tmp_path):
    times, future = expected("D", 40)
    frame = pd.DataFrame({"t": times, "y": np.sin(np.arange(40.0))})
    forecaster = sw.Forecaster(6, 5, (2,), epochs=1, season=1, test=0).fit(frame, time="t", target="y")
    forecaster.save(tmp_path)
    for told in (forecaster, sw.load(tmp_path)):
        assert (pd.DatetimeIndex(told.predict()["t"]) == future).all()
        assert str(told.predict(frame)["t"].dt.tz) == BERLIN
    rows = sw.load(tmp_path, backend="numpy").predict()
    assert [row["t"] for row in rows] == future.to_pydatetime().tolist()
    dates = (tmp_path / "forecast.csv").read_text().split()[1:]
    assert [line.split(",")[0] for line in dates] == future.strftime("%Y-%m-%d").tolist()
    hours = pd.date_range("2024-03-31 01:00", periods=2, freq="h", tz=BERLIN)
    write_forecast(tmp_path / "hours.csv", {"t": np.array(hours.to_pydatetime(), dtype=object), "y": np.arange(2.0)})
    assert (tmp_path / "hours.csv").read_text() == "t,y\n2024-03-31 01:00:00+01:00,0.0\n2024-03-31 03:00:00+02:00,1.0\n"


@pytest.mark.parametrize("freq", ["h", "D", "15min"])
def test_a_calendar_reads_the_clocks(freq):
    start = "2024-03-29" if freq == "D" else "2024-03-30 20:00"
    times, _ = expected(freq, 60, "America/New_York" if freq == "15min" else BERLIN, start=start)
    series = read(times, calendar=["hour", "weekday", "month"])
    frame = pd.DataFrame({"s": "a", "t": times, "y": np.arange(60.0)})
    panel = panel_from_table(read_table(frame), series="s", target="y", time="t", calendar=["hour", "weekday", "month"])
    hours = 2 * np.pi * (times.hour + times.minute / 60) / 24
    years = 2 * np.pi * np.array([(time - pd.Timestamp(f"{time.year}-01-01")) / pd.Timedelta("366D")
                                  for time in times.tz_localize(None)])  # fmt: skip
    for values in (series.values, panel.values):
        np.testing.assert_allclose(values[:, 1], np.sin(hours), atol=1e-9)
        np.testing.assert_allclose(values[:, 2], np.cos(hours), atol=1e-9)
        np.testing.assert_array_equal(values[:, 3:10].argmax(axis=1), times.day_of_week)
        np.testing.assert_allclose(values[:, 10], np.sin(years), atol=1e-9)
