"""The last window of the series that a Forecaster was trained on, in its run folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact.reading import read_arrays
from seqwise.data.covariates import Covariates
from seqwise.data.series import TimeSeries
from seqwise.data.time_index import TimeIndex

CONTEXT = "context.safetensors"


def save_last_window(folder: Path, series: TimeSeries, window: int, beside: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Write the last window of a series, with other arrays `beside` it; returns the rest of it as JSON."""
    arrays = {"values": series.values[-window:].copy()}
    if series.observed is not None:
        arrays["observed"] = series.observed[-window:].astype(np.uint8)
    save_file(arrays | dict(beside), folder / CONTEXT)
    return {
        "kind": series.kind,
        "label": series.label,
        "columns": series.columns,
        "targets": series.targets,
        "time": series.time,
        "time_index": series.time_index.__dict__,
        "rows": len(series),  # from the time index's start
        "notes": series.warnings,
        "covariates": series.covariates.to_dict(),
    }


def load_last_window(folder: Path, data: dict[str, Any], window: int, gaps: str) -> TimeSeries:
    """Undo `save_last_window`.

    Args:
        data: the JSON. gaps: the setting of the Forecaster.

    Raises:
        BundleError: the file is missing or damaged, or holds another window.
    """
    shape = (window, len(data["columns"]))
    arrays = read_arrays(folder / CONTEXT, {"values": shape, "observed": shape})
    values = arrays["values"]
    observed = arrays["observed"].astype(bool) if "observed" in arrays else None
    index = TimeIndex(**data["time_index"])
    start = index.at(np.array([data["rows"] - len(values)]))[0]
    covariates = Covariates.from_dict(data.get("covariates"), data["columns"][data["targets"] :])
    return TimeSeries(
        values, data["columns"], data["targets"], index.starting_at(start), data["time"], observed, gaps, data["notes"],
        data["kind"], data["label"], covariates,
    )  # fmt: skip
