"""What a Forecaster's run folder holds beyond every run's: its last window, the forecast, the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file

from seqwise.artifact import write_json
from seqwise.data import Scaler, TimeIndex, TimeSeries
from seqwise.errors import DataError
from seqwise.estimators.forecasting.data import tell_shapes
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.runs import METRICS, MODEL, REPORT, load_model, plain_settings, save_model

CONTEXT, FORECAST = "context.safetensors", "forecast.csv"
RESULTS = (METRICS, FORECAST, REPORT)


def needed(saved: dict[str, Any]) -> tuple[str, ...]:
    return MODEL, CONTEXT


def write(forecaster: Forecaster, folder: Path) -> dict[str, Any]:
    series = forecaster.series_
    save_model(forecaster.model_, folder / MODEL)
    context = {"values": series.values[-forecaster.window :].copy()}
    if series.observed is not None:
        context["observed"] = series.observed[-forecaster.window :].astype(np.uint8)
    save_file(context, folder / CONTEXT)
    return {
        "data": {
            "path": forecaster.data_,
            "kind": series.kind,
            "label": series.label,
            "columns": series.columns,
            "targets": series.targets,
            "time": series.time,
            "time_index": series.time_index.__dict__,
            "rows": len(series),  # from the time index's start
            "notes": series.warnings,
        },
        "test_start": None if forecaster.test_start_ is None else str(forecaster.test_start_),
        "season": forecaster.season_,
        "residual": forecaster.residual_,
        "scaler": forecaster.scaler_.to_dict(),
    }


def restore(folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Forecaster:
    data = saved["data"]
    forecaster = Forecaster(**settings)
    forecaster.model_ = load_model(folder / MODEL)
    forecaster.scaler_ = Scaler.from_dict(saved["scaler"])
    forecaster.season_, forecaster.residual_ = saved["season"], saved["residual"]
    forecaster.data_ = data["path"]
    forecaster.series_ = _context(folder, data, forecaster.gaps)
    start = saved["test_start"]
    if start is not None:
        start = int(start) if data["time_index"]["unit"] == "i" else np.datetime64(start, "us")
    forecaster.test_start_ = start
    forecaster.plan_ = forecaster.evaluation_ = None
    return forecaster


def write_results(forecaster: Forecaster, folder: Path) -> None:
    from seqwise.evaluation.report import write_report

    series, training, plan = forecaster.series_, forecaster.training_, forecaster.plan_
    assert plan is not None
    try:
        evaluation = forecaster.evaluate()
    except DataError:  # no test part, or no observed value in it
        evaluation = None
    results = evaluation.to_dict() if evaluation else {"test": None, "baselines": {}}
    write_json(folder / METRICS, results | {"seconds": round(training.seconds, 3)})
    times, forecast = forecaster.forecast(series)
    write_forecast(folder / FORECAST, forecaster.forecast_columns(series, times, forecast))
    write_report(
        folder / REPORT,
        title=f"Forecast of {', '.join(series.target_names)}",
        story=str(tell_shapes(plan, [])),
        notes=series.warnings,
        settings=plain_settings(forecaster)
        | {"residual used": forecaster.residual_, "log taken of": forecaster.scaler_.log},
        evaluation=evaluation,
        series=series,
        history=training.history,
        best_epoch=training.best_epoch,
        seconds=training.seconds,
        future=(times, forecast),
    )


def write_forecast(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Write a forecast as CSV, times without a time of day where all are at midnight."""
    frame = pl.DataFrame(columns)
    name = frame.columns[0]
    if frame.schema[name] == pl.Datetime and (frame[name].dt.truncate("1d") == frame[name]).all():
        frame = frame.with_columns(pl.col(name).cast(pl.Date))
    frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def _context(folder: Path, data: dict[str, Any], gaps: str) -> TimeSeries:
    arrays = load_file(folder / CONTEXT)
    values = arrays["values"]
    observed = arrays["observed"].astype(bool) if "observed" in arrays else None
    time_index = TimeIndex(**data["time_index"])
    start = time_index.at(np.array([data["rows"] - len(values)]))[0]
    time_index = TimeIndex(
        int(start) if time_index.unit == "i" else str(start), time_index.step, time_index.unit, time_index.month_end
    )
    return TimeSeries(
        values, data["columns"], data["targets"], time_index, data["time"], observed, gaps, data["notes"], data["kind"],
        data["label"],
    )  # fmt: skip
