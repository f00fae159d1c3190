"""From a series to everything a training needs: split, scaler, season, batches. No model in here."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data import Scaler, Split, TimeSeries, Windows, seasonal_period, split_by_time, usable_origins
from seqwise.data.scaling import swings_grow_with_level
from seqwise.errors import DataError
from seqwise.estimators.forecasting.choosing import Choice
from seqwise.estimators.forecasting.per_target import network_of_all
from seqwise.estimators.forecasting.shared_parts import ForecastInput, ForecastTarget
from seqwise.estimators.forecasting.summary import Part, SeriesSummary
from seqwise.estimators.parts import TargetDescription, Tensor
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
            # what is trained and watched has a target for each step; in the test the last step's forecast counts
            self.every_step and part != "test",
        )


def make_plan(
    series: TimeSeries, *, window: int, horizon: int, validation: float, test: float, every_step: bool = False
) -> Plan:
    """Split a series by time and find where forecasts may start.

    Raises:
        DataError: the series, or its training set, is shorter than one window and its horizon.
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


class WindowInput(ForecastInput):
    """Windows of a series.

    Attributes:
        scaler: fitted on the training rows.
    """

    kind = "windows"

    def __init__(self, window: int, masked: bool, scaling: Any = "standard", log: str | bool = False) -> None:
        super().__init__(window, masked)
        self.scaling, self.log = scaling, log

    def fit(self, raw: Plan, train: Any = None) -> list[str]:
        """Fit the scaler on the observed training rows; decide the targets' logarithm where `log` is ``"auto"``."""
        series, rows = raw.series, raw.split.train
        values = series.values[:rows]
        if series.observed is not None:
            values = np.where(series.observed[:rows], values, np.nan)
        logged = [
            name
            for j, name in enumerate(series.target_names)
            if self.log is True
            or (
                self.log == "auto"
                # a value at or below 0 later on has no logarithm; knowing its sign leaks nothing of its size
                and (series.values[:, j] > 0).all()
                and swings_grow_with_level(values[:, j], raw.window)
            )
        ]
        self.columns = list(series.columns)
        self.horizon, self.known, unscaled = raw.horizon, series.covariates.known, series.covariates.unscaled
        scaling: Any = self.scaling
        if unscaled:
            kinds: Any = dict.fromkeys(series.columns, scaling) if isinstance(scaling, str) else scaling
            scaling = dict(kinds) | dict.fromkeys(unscaled, "none")
        self.scaler = Scaler(scaling, logged).fit(values, series.columns, constants=unscaled)
        return []

    def prepare(self, raw: TimeSeries) -> np.ndarray:
        """Return the series' values scaled, float32, shape (rows, features)."""
        return self.scaler.transform(raw.values)

    def save(self, folder: Path) -> dict[str, Any]:
        return {
            "kind": self.kind, "window": self.window, "masked": self.masked, "columns": self.columns,
            "scaler": self.scaler.to_dict(), "horizon": self.horizon, "known": self.known,
        }  # fmt: skip

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> WindowInput:
        loaded = cls(int(saved["window"]), bool(saved["masked"]))
        loaded.columns, loaded.scaler = list(saved["columns"]), Scaler.from_dict(saved["scaler"])
        loaded.horizon, loaded.known = int(saved.get("horizon", 0)), int(saved.get("known", 0))
        return loaded


class SeriesTarget(ForecastTarget):
    """The targets of a series.

    Attributes:
        timesteps: of the window, where there is a forecast at each of them; else None.
        scaler: of the series' columns, the targets' first.
        shared: one network forecasts each of several targets by itself.
    """

    shared = False

    def __init__(self, names: list[str], horizon: int, timesteps: int | None, scaler: Scaler, loss: Any = None) -> None:
        scaling = tuple(tuple(map(float, values[: len(names)])) for values in (scaler.offset_, scaler.scale_))
        super().__init__(names, horizon, loss, scaling)
        self.timesteps, self.scaler = timesteps, scaler

    def describe(self) -> TargetDescription:
        """Describe the forecast; with `timesteps`, one for each step of the window."""
        axes: dict[str, int | None] = {"horizon": self.horizon, "targets": len(self.names) * self.outputs}
        if self.timesteps is not None:
            axes = {"timesteps": self.timesteps} | axes
        return TargetDescription(Tensor("forecast", axes), tuple(self.names))

    def finished_model(self, network: Any) -> Any:
        return network_of_all(network, len(self.names)) if self.shared else network

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return forecasts in the data's own units, float64, shape (samples, horizon, targets)."""
        values = outputs if self.timesteps is None else outputs[:, -1]
        values = values if self.distribution is None else self.distribution.forecast(values)
        return self.scaler.inverse(values, len(self.names))

    def save(self) -> dict[str, Any]:
        return {
            "kind": "series", "names": self.names, "horizon": self.horizon, "timesteps": self.timesteps,
            "scaler": self.scaler.to_dict(), "distribution": self.distribution and self.distribution.kind,
            "outputs": self.outputs,
        }  # fmt: skip

    @classmethod
    def load(cls, saved: dict[str, Any], inputs: Any) -> SeriesTarget:
        scaler = Scaler.from_dict(saved["scaler"])
        return cls(list(saved["names"]), saved["horizon"], saved["timesteps"], scaler, saved.get("distribution"))


@dataclass(frozen=True)
class SeriesData:
    """A series split and scaled: what a Forecaster trains on.

    Attributes:
        recipe: of its network.
        candidates: recipes to try before one is taken; empty where there is no choice.
        choice: what these trials said; None before, and without them.
        trial: whether they are for such a trial.
        available: numeric columns of the table that are not used.
        path: of the file that it was read from; None for data in memory.
        own_validation: a series that was given to find the best epoch on; None where rows were held back for it.
    """

    plan: Plan
    input: WindowInput
    target: SeriesTarget
    recipe: str = "skip"
    candidates: tuple[str, ...] = ()
    choice: Choice | None = None
    trial: bool = False
    available: tuple[str, ...] = ()
    path: str | None = None
    own_validation: TimeSeries | None = None

    @property
    def notes(self) -> list[str]:
        """What was found in the series and repaired, and why the recipe was taken, one sentence each."""
        return self.plan.series.warnings + ([] if self.choice is None else [str(self.choice)])

    def with_recipe(self, recipe: str, *, trial: bool = False) -> SeriesData:
        """Return the same data for the network of another recipe, or for a trial of it."""
        target = copy(self.target)
        target.shared = recipe == "segments" and len(target.names) > 1
        return replace(self, recipe=recipe, target=target, candidates=(), trial=trial)

    @cached_property
    def series(self) -> TimeSeries:
        """The series; a validation series of its own follows it."""
        series, own = self.plan.series, self.own_validation
        if own is None:
            return series
        observed = None
        if series.observed is not None or own.observed is not None:
            seen = [np.ones(s.values.shape, bool) if s.observed is None else s.observed for s in (series, own)]
            observed = np.concatenate(seen)
        return replace(series, values=np.concatenate([series.values, own.values]), observed=observed)

    @cached_property
    def scaled(self) -> np.ndarray:
        """All rows of `series`, scaled, float32, shape (rows, features)."""
        return self.input.prepare(self.series)

    def windows(self, part: str) -> Windows:
        """Return the windows of a part on the scaled rows."""
        plan, own = self.plan, self.own_validation
        if own is None:
            return plan.windows(part, self.scaled)
        usable = [
            np.ones(len(s), bool) if rows is None else rows
            for s, rows in ((plan.series, plan.usable), (own, usable_origins(own, plan.window, plan.horizon)))
        ]
        first, last = plan.split.bounds(part)
        if part == "validation":
            first, last = len(plan.series) + plan.window, len(self.series)
        return Windows(
            self.scaled, plan.window, plan.horizon, plan.series.targets, first, last, np.concatenate(usable),
            plan.every_step and part != "test",
        )  # fmt: skip

    def batches(self, part: str) -> WindowBatches:
        """Return the batches of a part: windows, what the LSTM may see, which targets count."""
        series = self.series
        return WindowBatches(
            self.windows(part), series.visible_steps(), series.target_weights(), series.covariates.known
        )

    def summary(self) -> SeriesSummary:
        """Return the shapes of all tensors."""
        return summarise(self.plan, list(self.available))

    def change_is_easier(self) -> bool:
        """Tell whether the last value is a better forecast than the training mean, over the training windows."""
        plan, values = self.plan, self.scaled
        windows = plan.windows("train", values)
        origins = np.asarray(windows.origins)
        if len(origins) > 10_000:
            origins = origins[:: len(origins) // 10_000]
        targets = values[windows.target_rows(origins), : windows.targets]
        last = values[origins - 1, : windows.targets]
        last = last.reshape(len(last), *(1,) * (targets.ndim - 2), windows.targets)
        mean = values[: plan.split.train, : windows.targets].mean(0)
        return bool(np.abs(targets - last).mean() < np.abs(targets - mean).mean())


def find_season(plan: Plan, season: int | str) -> int:
    """Return the seasonal period in rows: as given, or found in the training rows of the first target.

    Where the calendar's cycles do not show, a slower one is searched for: sunspots come and go in about eleven years.
    """
    if season != "auto":
        return int(season)
    values = plan.series.truth()[: plan.split.train, 0]
    usual = plan.series.time_index.seasons()
    period = seasonal_period(values, usual)
    if period > 1 or not usual:
        return period
    slow = seasonal_period(values, [])
    return slow if slow > max(usual) else 1


def summarise(plan: Plan, available: list[str]) -> SeriesSummary:
    """Return the shapes that a plan leads to."""
    series = plan.series

    def time(row: int) -> str:
        # a date without its time of day where every row is at midnight
        shown = series.time_index.on_clocks(series.time_index.at(np.array([row])))[0]
        return str(shown).replace("T00:00:00.000000", "").replace(".000000", "")

    def window(origin: int) -> str:
        return (
            f"reads {time(origin - plan.window)} to {time(origin - 1)}, forecasts {time(origin)} to "
            f"{time(origin + plan.horizon - 1)}"
        )

    parts: list[Part] = []
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
