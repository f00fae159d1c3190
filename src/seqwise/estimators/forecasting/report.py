"""The report on a forecaster, and its forecast as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
from polars import selectors

from seqwise.data import TimeSeries
from seqwise.data.tables import to_kind
from seqwise.data.time_zones import zone_of_datetimes
from seqwise.evaluation import ForecastComparison
from seqwise.evaluation import forecast_plots as plots
from seqwise.evaluation.figures import percent, readable
from seqwise.evaluation.report import Picture, Row, Section, count, number, picture

MOST_TARGETS = 6  # that get pictures
MOST_ROWS = 12  # of the forecast's table


def write_forecast(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Write a forecast, or the rows to fill in for one, as CSV: times without a time of day where all are at midnight,
    an empty cell for a value that is missing."""
    frame = cast(pl.DataFrame, to_kind({name: _texts_of(values) for name, values in columns.items()}, "polars"))
    frame = frame.with_columns(selectors.float().fill_nan(None))
    days = [times.name for times in frame.select(selectors.datetime()) if (times.dt.truncate("1d") == times).all()]
    frame.with_columns(pl.col(days).cast(pl.Date)).write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def _texts_of(values: np.ndarray) -> np.ndarray:
    """Return datetimes of a zone as texts with their offset, dates alone where all are at midnight; others as are."""
    if zone_of_datetimes(values) is None:
        return values
    midnight = all((time.hour, time.minute, time.second, time.microsecond) == (0, 0, 0, 0) for time in values)
    return np.array([time.date().isoformat() if midnight else time.isoformat(sep=" ") for time in values])


def report_content(
    series: TimeSeries, future: tuple[np.ndarray, np.ndarray] | None, comparison: ForecastComparison | None
) -> dict[str, Any]:
    """Return what `seqwise.evaluation.report.render_report` takes of the series and its forecast.

    Args:
        series: the whole series, whose rows the comparison's origins count.
        future: times, shape (horizon,), and forecast, shape (horizon, targets), of what follows the series; None
            where that needs columns that are known in advance.
        comparison: of the test set; None where none was held back.
    """
    shown = range(min(series.targets, MOST_TARGETS))
    rest = f" The first {MOST_TARGETS} of {series.targets} targets are drawn." if series.targets > MOST_TARGETS else ""
    after = [] if future is None else [_future(series, *future, shown, rest)]
    content: dict[str, Any] = {
        "title": f"Forecast of {', '.join(series.target_names)}",
        "data": _data(series),
        "after": after,
    }
    if comparison is None:
        return content
    return content | {
        "legend": _legend(comparison),
        "remarks": _remarks(comparison),
        "sections": [_forecasts(comparison, series, shown, rest), _steps(comparison)],
    }


def _legend(comparison: ForecastComparison) -> str:
    single = len(comparison.targets) == 1
    units = f"the units of {comparison.targets[0]}" if single else "each target's own units, then averaged"
    seasonal = comparison.season > 1
    return (
        "Smaller is better in every column; the smallest is underlined. MAE (the mean size of the error) and RMSE "
        f"(which weighs large errors more) are in {units}. MASE is the MAE divided by that of "
        f"{'the last season’s' if seasonal else 'the last value’s'} repetition within the training rows: below 1 is "
        "better than that. sMAPE is the error relative to the size of truth and forecast, in percent, from 0 to 200. "
        + (
            f"One season is {comparison.season:,} rows."
            if seasonal
            else "No season was found, so the last season is no baseline here."
        )
    )


def _remarks(comparison: ForecastComparison) -> list[str]:
    samples, horizon, targets = comparison.truth.shape
    first, last = _when(np.array([comparison.times[0, 0], comparison.times[-1, -1]]))
    seen = np.isfinite(comparison.truth).mean()
    remarks = [
        f"Measured on {count(samples, 'forecast')} of {count(horizon, 'step')} ({first} to {last}), the same for the "
        "model and for each baseline."
        + (f" {percent(float(seen))} % of the values were observed; only these count." if seen < 1 else "")
    ]
    remarks += comparison.about_intervals()
    if samples == 1:
        remarks.append("One forecast is a small test; a backtest over several folds says more.")
    if targets > 1:
        remarks.append(
            f"With {targets} targets the figure is the mean over them, so targets of large values weigh most; "
            "MASE has no unit and weighs them alike."
        )
    return remarks


def _data(series: TimeSeries) -> str:
    first, last = _when(series.time_index.on_clocks(series.time_index.at(np.array([0, len(series) - 1]))))
    inputs = series.columns[series.targets :]
    kind = "target" if series.targets == 1 else "targets"
    return (
        f"{len(series):,} rows of {series.label}, one row every {series.time_index.frequency}, from {first} to {last}. "
        f"The {kind}: {', '.join(series.target_names)}. "
        + (
            f"Further inputs: {', '.join(inputs)}."
            if inputs
            else f"The model reads nothing but {'its' if series.targets == 1 else 'their'} own past."
        )
    ).replace("every 1 ", "every ")


def _forecasts(comparison: ForecastComparison, series: TimeSeries, shown: range, rest: str) -> Section:
    starts = (
        "Each is one step ahead of the last value that it knows."
        if comparison.truth.shape[1] == 1
        else "Each starts from what was known at its grey line and never sees the truth after it."
    )
    text = (
        f"The latest forecasts of the test set that do not overlap. {starts} Where nothing was observed, the black "
        f"line has a gap.{rest}"
    )
    drawn = [_forecast(comparison, target, series) for target in shown]
    return Section("forecasts", "Forecast and truth", text=text, pictures=drawn)


def _forecast(comparison: ForecastComparison, target: int, series: TimeSeries) -> Picture:
    truth = comparison.truth[:, :, target]
    seen = np.isfinite(truth)
    errors = [
        (comparison.names[key], float(np.abs(truth - f[:, :, target])[seen].mean()) if seen.any() else math.nan)
        for key, f in comparison.forecasts.items()
    ]
    name = comparison.targets[target]
    alt = f"Line chart of {name} over time: what was observed, the model’s forecast and a naive forecast."
    figure = plots.forecast_plot(comparison, target, series=series)
    caption = ""  # of a single target the table says it all
    if len(comparison.targets) > 1:
        caption = f"MAE over the whole test set: {_listed(errors)}" if seen.any() else "Nothing was observed here."
    return picture(figure, alt, caption, name)


def _steps(comparison: ForecastComparison) -> Section:
    figure = plots.error_by_horizon(comparison)
    if comparison.truth.shape[1] == 1:
        drawn = picture(figure, "Bar chart of the mean absolute error, one step ahead.")
    else:
        alt = "Line chart of the mean absolute error of each step ahead, for the model and the baselines."
        caption = "Forecasts far ahead are usually harder; a good model stays below the baselines all the way."
        drawn = picture(figure, alt, caption)
    return Section("steps", "Error by step ahead", pictures=[drawn])


def _future(series: TimeSeries, times: np.ndarray, forecast: np.ndarray, shown: range, rest: str) -> Section:
    stamps = _when(series.time_index.on_clocks(times))[:MOST_ROWS]
    digits = [_digits(forecast[:, j]) for j in range(series.targets)]
    rows = [
        Row(stamp, [number(v, f"{v:,.{digits[j]}f}") for j, v in enumerate(forecast[i].tolist())])
        for i, stamp in enumerate(stamps)
    ]
    many = len(times) > MOST_ROWS
    caption = f"The first {MOST_ROWS} of {len(times):,} steps after the data end." if many else "After the data end."
    drawn = [
        picture(
            plots.future_plot(series, forecast, times, target),
            f"Line chart of the last rows of {series.target_names[target]} and the forecast of what follows them.",
        )
        for target in shown
    ]
    time = series.time if isinstance(series.time, str) else "step" if series.time_index.unit == "i" else "time"
    head = [time, *series.target_names]
    return Section("future", "The forecast", head, rows, "future", caption, rest.strip(), drawn)


def _digits(values: np.ndarray) -> int:
    """Return how many decimals show four significant digits of the largest value."""
    largest = float(np.nanmax(np.abs(values), initial=0))
    if largest == 0 or not math.isfinite(largest):
        return 2
    return int(np.clip(3 - math.floor(math.log10(largest)), 0, 12))


def _listed(pairs: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {readable(value)}" for name, value in pairs) + "."


def _when(times: np.ndarray) -> list[str]:
    """Write times, shape (n,), no finer than they need to be: dates alone where all are at midnight."""
    if times.dtype.kind != "M":
        return [str(time) for time in times.tolist()]
    finest = next((u for u in ("D", "m", "s") if (times.astype(f"M8[{u}]") == times).all()), "us")
    return [text.replace("T", " ") for text in times.astype(f"M8[{finest}]").astype(str).tolist()]
