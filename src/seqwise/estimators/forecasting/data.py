"""From a series to everything a training needs: split, scaler, season, batches. No model in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.data import Scaler, Split, TimeSeries, Windows, seasonal_period, split_by_time, usable_origins
from seqwise.data.scaling import swings_grow_with_level
from seqwise.errors import DataError
from seqwise.estimators.forecasting.summary import Part, SeriesSummary
from seqwise.training import WindowBatches


@dataclass(frozen=True)
class Plan:
    """A series cut into parts, before scaling.

    Attributes:
        usable: rows at which a forecast may start; None for all.
    """

    series: TimeSeries
    split: Split
    window: int
    horizon: int
    every_step: bool
    usable: np.ndarray | None

    def windows(self, part: str, values: np.ndarray | None = None) -> Windows:
        """Return the windows whose targets all lie in `part`, on `values` or on the series itself."""
        first, last = self.split.bounds(part)
        return Windows(
            self.series.values if values is None else values,
            self.window,
            self.horizon,
            self.series.targets,
            first,
            last,
            self.usable,
            # a training target for each step; elsewhere the last step's forecast is the one that counts
            self.every_step and part == "train",
        )


def make_plan(
    series: TimeSeries, *, window: int, horizon: int, validation: float, test: float, every_step: bool = False
) -> Plan:
    """Split a series by time and find where forecasts may start.

    Raises:
        DataError: the series, or its training part, is shorter than one window and its horizon.
    """
    split = split_by_time(
        len(series), window=window, horizon=horizon, validation=validation, test=test, label=series.label
    )
    plan = Plan(series, split, window, horizon, every_step, usable_origins(series, window, horizon, every_step))
    if not len(plan.windows("train")):
        raise DataError(
            f"{series.label}: every training window ends in a missing value or has no observed target. Use "
            "gaps='mask', or a series with fewer gaps."
        )
    return plan


def fit_scaler(plan: Plan, kind: Any, log: str | bool) -> Scaler:
    """Fit the scaler on the observed training rows; decide the targets' logarithm where `log` is ``"auto"``."""
    series, rows = plan.series, plan.split.train
    values = series.values[:rows]
    if series.observed is not None:
        values = np.where(series.observed[:rows], values, np.nan)
    logged = [
        name
        for j, name in enumerate(series.target_names)
        if log is True
        or (
            log == "auto"
            # a value at or below 0 later on has no logarithm; knowing its sign is no leak of its size
            and (series.values[:, j] > 0).all()
            and swings_grow_with_level(values[:, j], plan.window)
        )
    ]
    return Scaler(kind, logged).fit(values, series.columns)


def change_is_easier(plan: Plan, values: np.ndarray) -> bool:
    """Tell whether the last value is a better forecast than the training mean, over the training windows.

    Args:
        values: scaled, shape (rows, features).
    """
    windows = plan.windows("train", values)
    origins = np.asarray(windows.origins)
    if len(origins) > 10_000:
        origins = origins[:: len(origins) // 10_000]
    targets = values[windows.target_rows(origins), : windows.targets]
    last = values[origins - 1, : windows.targets]
    last = last.reshape(len(last), *(1,) * (targets.ndim - 2), windows.targets)
    return bool(
        np.abs(targets - last).mean() < np.abs(targets - values[: plan.split.train, : windows.targets].mean(0)).mean()
    )


def find_season(plan: Plan, season: int | str) -> int:
    """Return the seasonal period in rows: as given, or found in the training rows of the first target."""
    if season != "auto":
        return int(season)
    return seasonal_period(plan.series.truth()[: plan.split.train, 0], plan.series.time_index.seasons())


def make_batches(plan: Plan, part: str, scaled: np.ndarray) -> WindowBatches:
    """Return the batches of a part: windows on `scaled`, what the LSTM may see, which targets count."""
    series = plan.series
    return WindowBatches(plan.windows(part, scaled), series.visible_steps(), series.target_weights())


def tell_shapes(plan: Plan, available: list[str]) -> SeriesSummary:
    """Return the story of the shapes that this plan leads to."""
    series = plan.series

    def time(row: int) -> str:
        # a date without its time of day where every row is at midnight
        return str(series.time_index.at(np.array([row]))[0]).replace("T00:00:00.000000", "").replace(".000000", "")

    def window(origin: int) -> str:
        return (
            f"reads {time(origin - plan.window)} to {time(origin - 1)}, forecasts {time(origin)} to "
            f"{time(origin + plan.horizon - 1)}"
        )

    parts = []
    for name in ("train", "validation", "test"):
        first, last = plan.split.bounds(name)
        if first == last:
            continue
        windows = plan.windows(name)
        ends = (window(int(windows.origins[0])), window(int(windows.origins[-1]))) if len(windows) else ("", "")
        parts.append(Part(name, last - first, time(first), time(last - 1), len(windows), *ends))
    return SeriesSummary(
        plan.window, plan.horizon, series.columns, series.target_names, plan.every_step, series.time_index.frequency,
        parts, 4 * series.values.size, available,
    )  # fmt: skip
