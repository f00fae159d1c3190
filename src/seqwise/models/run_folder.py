"""Writing a trained Forecaster to its run folder, and bringing it back."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file

from seqwise import __version__
from seqwise.bundle import is_run, read_manifest, replaced_folder, write_json, write_manifest
from seqwise.data import Clock, Scaler, TimeSeries
from seqwise.errors import BundleError, DataError
from seqwise.models.forecaster import Forecaster
from seqwise.models.recipe import Plan, tell_shapes
from seqwise.ops.backend import import_keras
from seqwise.training import Training

MODEL, CONTEXT, METRICS, FORECAST, REPORT = (
    "model.keras", "context.safetensors", "metrics.json", "forecast.csv", "report.html",
)  # fmt: skip
OURS = {MODEL, CONTEXT, METRICS, FORECAST, REPORT, "manifest.json"}


def check_destination(path: Path) -> None:
    """Raise `BundleError` where saving to `path` would destroy something that is no Seqwise run."""
    for part in (path, *path.parents):
        if part.is_file():
            raise BundleError(f"{str(part)!r} is a file. Name a folder for the run.")
    if Path.cwd().is_relative_to(path.resolve()):
        raise BundleError(
            f"{str(path)!r} is the folder you are in. Name one inside it, for example {str(path / 'run')!r}."
        )
    if path.is_dir() and any(path.iterdir()) and not is_run(path):
        raise BundleError(
            f"{str(path)!r} is not empty and no Seqwise run; nothing in it was touched. Name a new folder."
        )


def save_forecaster(forecaster: Forecaster, path: Path) -> Path:
    """Write the run folder; an earlier run at `path` is replaced in one step, its foreign files are kept.

    Raises:
        BundleError: `path` holds something that is no Seqwise run.
    """
    from seqwise.layers import stock_layers  # imports Keras

    check_destination(path)
    series = forecaster.series_
    keep = tuple(p for p in path.iterdir() if p.name not in OURS) if path.is_dir() else ()
    with replaced_folder(path, keep) as folder:
        with stock_layers(forecaster.model_):
            forecaster.model_.save(folder / MODEL)
        context = {"values": series.values[-forecaster.window :].copy()}
        if series.observed is not None:
            context["observed"] = series.observed[-forecaster.window :].astype(np.uint8)
        save_file(context, folder / CONTEXT)
        if forecaster.plan_ is not None:
            _write_results(forecaster, forecaster.plan_, folder)
        else:  # a loaded run, saved again: its results are those of its training
            for name, text in forecaster.results_.items():
                (folder / name).write_text(text, encoding="utf-8")
        write_manifest(folder, "Forecaster", _content(forecaster))
    return path


def _write_results(forecaster: Forecaster, plan: Plan, folder: Path) -> None:
    from seqwise.evaluation.report import write_report

    series, training = forecaster.series_, forecaster.training_
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
        notes=series.notes,
        settings=_settings(forecaster)
        | {"residual used": forecaster.residual_, "log taken of": forecaster.scaler_.log},
        evaluation=evaluation,
        series=series,
        history=training.history,
        best_epoch=training.best_epoch,
        seconds=training.seconds,
        future=(times, forecast),
    )


def write_forecast(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Write a forecast as CSV, times without a clock where all are at midnight."""
    frame = pl.DataFrame(columns)
    name = frame.columns[0]
    if frame.schema[name] == pl.Datetime and (frame[name].dt.truncate("1d") == frame[name]).all():
        frame = frame.with_columns(pl.col(name).cast(pl.Date))
    frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def _settings(forecaster: Forecaster) -> dict[str, Any]:
    """The constructor's arguments as JSON; Keras objects as their configuration."""
    settings = forecaster.get_params(deep=False)
    for name in ("optimizer", "loss"):
        if not isinstance(settings[name], str):
            saving = import_keras().saving
            given, settings[name] = settings[name], saving.serialize_keras_object(settings[name])
            try:
                saving.deserialize_keras_object(settings[name])
            except (TypeError, ValueError):
                raise BundleError(
                    f"{name}={getattr(given, '__name__', given)!r} is your own and could not be loaded again. Put "
                    "@keras.saving.register_keras_serializable() on the line above its definition."
                ) from None
    return json.loads(json.dumps(settings, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    raise BundleError(f"A setting of type {type(value).__name__} cannot be saved as JSON: {value!r}.")


def _content(forecaster: Forecaster) -> dict[str, Any]:
    series, training = forecaster.series_, forecaster.training_
    return {
        "seqwise": __version__,
        "keras": import_keras().__version__,
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "settings": _settings(forecaster),
        "data": {
            "path": forecaster.data_,
            "kind": series.kind,
            "label": series.label,
            "columns": series.columns,
            "targets": series.targets,
            "time": series.time,
            "clock": series.clock.__dict__,
            "rows": len(series),  # from the clock's start
            "notes": series.notes,
        },
        "test_start": None if forecaster.test_start_ is None else str(forecaster.test_start_),
        "season": forecaster.season_,
        "residual": forecaster.residual_,
        "scaler": forecaster.scaler_.to_dict(),
        "training": training.__dict__,
    }


def load(path: str | Path) -> Forecaster:
    """Bring back a saved run: `predict` works at once, `evaluate` and `backtest` on the data they are given.

    Raises:
        BundleError: the folder is missing, damaged, foreign, or from a newer Seqwise; the message says which.
    """
    from seqwise.layers import accelerate  # imports Keras

    folder = Path(path)
    saved = read_manifest(folder, (MODEL, CONTEXT))
    keras = import_keras()
    try:
        settings, data = saved["settings"], saved["data"]
        for name in ("optimizer", "loss"):
            if not isinstance(settings[name], str):
                settings[name] = keras.saving.deserialize_keras_object(settings[name])
        forecaster = Forecaster(**settings | {"units": tuple(settings["units"])})
        forecaster.model_ = accelerate(keras.models.load_model(folder / MODEL), verbose=False)
        forecaster.scaler_ = Scaler.from_dict(saved["scaler"])
        forecaster.season_, forecaster.residual_ = saved["season"], saved["residual"]
        forecaster.training_ = Training(**saved["training"])
        forecaster.data_ = data["path"]
        forecaster.series_ = _context(folder, data, settings["gaps"])
        start = saved["test_start"]
        if start is not None:
            start = int(start) if data["clock"]["unit"] == "i" else np.datetime64(start, "us")
        forecaster.test_start_ = start
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{str(folder)!r} cannot be read ({type(error).__name__}: {str(error).splitlines()[0]}). It was written by "
            f"Seqwise {saved.get('seqwise')} and Keras {saved.get('keras')}; train again, or use those versions."
        ) from error
    forecaster.results_ = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in (METRICS, FORECAST, REPORT)
        if (folder / name).exists()
    }
    forecaster.plan_ = forecaster.evaluation_ = None
    return forecaster


def _context(folder: Path, data: dict[str, Any], gaps: str) -> TimeSeries:
    arrays = load_file(folder / CONTEXT)
    values = arrays["values"]
    observed = arrays["observed"].astype(bool) if "observed" in arrays else None
    clock = Clock(**data["clock"])
    start = clock.at(np.array([data["rows"] - len(values)]))[0]
    clock = Clock(int(start) if clock.unit == "i" else str(start), clock.step, clock.unit, clock.month_end)
    return TimeSeries(
        values, data["columns"], data["targets"], clock, data["time"], observed, gaps, data["notes"], data["kind"],
        data["label"],
    )  # fmt: skip
