"""From many series to everything a training needs: each series split by time, scaled, and cut into windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact import write_json
from seqwise.artifact.reading import RESTORE, read_arrays, read_json
from seqwise.axes import format_shape
from seqwise.data import Windows
from seqwise.data.panels import Panel, blocks
from seqwise.data.scaling import swings_grow_with_level
from seqwise.data.seasonality import seasonal_period
from seqwise.data.time_split import part_rows
from seqwise.errors import BundleError, DataError
from seqwise.estimators.forecasting.choosing import Choice
from seqwise.estimators.forecasting.panel_scaling import PanelScaler
from seqwise.estimators.forecasting.shared_parts import ForecastInput, ForecastTarget
from seqwise.estimators.parts import TargetDescription, Tensor
from seqwise.training import WindowBatches

SCALING, NAMES = "scaling.safetensors", "series.json"
LOOKED_AT = 200  # series that decide on the logarithm and the season


@dataclass(frozen=True)
class PanelPlan:
    """Many series, each cut into parts by time, before scaling.

    Attributes:
        train, validation: int64, shape (series,): rows of each series before its validation and its test set.
        pad: int64, shape (series,): steps to put before a series that is too short.
    """

    panel: Panel
    window: int
    horizon: int
    train: np.ndarray
    validation: np.ndarray
    pad: np.ndarray

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each series begins once all are padded, int64, shape (series + 1,)."""
        return np.concatenate([[0], np.cumsum(self.panel.lengths + self.pad)])

    def bounds(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Return each series' first and last row (not included) of a part, counted from the padded beginning."""
        none, end = np.zeros_like(self.train), self.panel.lengths
        first, last = {
            "train": (none, self.train),
            "validation": (self.train, self.validation),
            "refit": (none, self.validation),
            "test": (self.validation, end),
        }[part]
        return first + self.pad, last + self.pad

    def origins(self, part: str) -> np.ndarray:
        """Return the rows of the padded panel at which forecasts start, ascending, int32 or int64, shape (windows,)."""
        first, last = self.bounds(part)
        start = np.maximum(first, self.window)
        stop = np.maximum(last - self.horizon + 1, start)
        counts = stop - start
        ends = np.cumsum(counts)
        origins = np.empty(int(ends[-1]), np.int32 if self.starts[-1] < 2**31 else np.int64)
        begin = self.starts[:-1] + start - (ends - counts)  # of each series, less the windows before it
        for some, rows in blocks(np.concatenate([[0], ends])):
            origins[rows] = np.arange(rows.start, rows.stop) + np.repeat(begin[some], counts[some])
        return origins

    def padded(self, values: np.ndarray) -> np.ndarray:
        """Return values of the panel's rows, shape (rows, …), each series' first row repeated before it."""
        if not self.pad.any():
            return values
        lengths, pad = self.panel.lengths, self.pad
        source = np.arange(int(self.starts[-1])) - np.repeat(np.cumsum(pad), lengths + pad)
        return values[np.maximum(source, np.repeat(self.panel.starts[:-1], lengths + pad))]

    @cached_property
    def real(self) -> np.ndarray:
        """Return the rows of the padded panel that are not padding, bool, shape (rows,)."""
        real = np.ones(int(self.starts[-1]), bool)
        if self.pad.any():
            rows = np.arange(len(real)) - np.repeat(self.starts[:-1], np.diff(self.starts))
            real = rows >= np.repeat(self.pad, np.diff(self.starts))
        return real


def plan_panel(panel: Panel, *, window: int, horizon: int, validation: float, test: float) -> PanelPlan:
    """Split each series by time: its latest rows are for the test, those before for validation.

    A series that is too short for that keeps all of its rows for training.

    Raises:
        DataError: no series has more rows than a horizon.
    """
    lengths = panel.lengths
    test_rows = _part_rows(test, lengths, horizon, "test")
    validation_rows = _part_rows(validation, lengths, horizon, "validation")
    enough = lengths - test_rows - validation_rows > horizon
    test_rows, validation_rows = test_rows * enough, validation_rows * enough
    if not (lengths > horizon).any():
        raise DataError(
            f"{panel.label}: the longest of {len(panel):,} series has {int(lengths.max())} rows; one that is learned "
            f"from needs more than the horizon of {horizon}. Shorten it, or bring longer series."
        )
    if not enough.all():
        panel.warnings.append(
            f"{int((~enough).sum()):,} of {len(panel):,} series are too short to hold rows back: they are for training "
            "alone."
        )
    train = lengths - test_rows - validation_rows
    useless = int((train <= horizon).sum())
    pad = np.maximum(window + horizon - train, 0) * (train > horizon)
    if pad.any():
        panel.warnings.append(
            f"{int((pad > 0).sum()):,} series are shorter than one window of {window} and its horizon of {horizon}: "
            "what is missing at their beginning is masked."
        )
    if useless:
        panel.warnings.append(f"{useless:,} series are no longer than the horizon of {horizon}: not learned from.")
    return PanelPlan(panel, window, horizon, train, lengths - test_rows, pad)


def plan_forecasts(panel: Panel, *, window: int, horizon: int) -> PanelPlan:
    """Plan forecasts after the end of each series; those shorter than a window are padded."""
    lengths = panel.lengths
    return PanelPlan(panel, window, horizon, lengths, lengths, np.maximum(window - lengths, 0))


def _part_rows(size: float, lengths: np.ndarray, horizon: int, name: str) -> np.ndarray:
    if size >= 1 or size == 0:
        return np.full(len(lengths), part_rows(size, int(lengths.max()), horizon, name), np.int64)
    part_rows(size, int(lengths.max()), horizon, name)  # checks the share
    return np.maximum((lengths * size).astype(np.int64) // horizon, 1) * horizon


class PanelInput(ForecastInput):
    """Windows of many series.

    Attributes:
        scaler: of the training rows.
    """

    kind = "panel"

    def __init__(
        self, window: int, masked: bool, scaling: str = "standard", log: str | bool = False, counts: bool = False
    ) -> None:
        super().__init__(window, masked)
        self.scaling, self.log, self.counts = scaling, log, counts

    def fit(self, raw: PanelPlan, train: Any = None) -> list[str]:
        panel = raw.panel
        log = bool(self.log) if self.log != "auto" else logarithm_helps(raw)
        self.columns = list(panel.columns)
        self.horizon, self.known = raw.horizon, panel.covariates.known
        self.scaler = PanelScaler(self.scaling, log, self.counts).fit(panel, np.maximum(raw.train, 1))
        return []

    def prepare(self, raw: Panel) -> np.ndarray:
        """Return the values scaled, float32, shape (rows, features)."""
        return self.scaler.transform(raw)

    def save(self, folder: Path) -> dict[str, Any]:
        scaler = self.scaler
        save_file({"offset": scaler.offset_, "scale": scaler.scale_}, folder / SCALING)
        write_json(folder / NAMES, scaler.names_.tolist())
        return {
            "kind": self.kind, "window": self.window, "masked": self.masked, "columns": self.columns,
            "scaling": scaler.kind, "log": scaler.log, "common": scaler.common_, "horizon": self.horizon,
            "known": self.known, "counts": scaler.counts,
        }  # fmt: skip

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> PanelInput:
        loaded = cls(int(saved["window"]), bool(saved["masked"]), str(saved["scaling"]), bool(saved["log"]))
        loaded.horizon, loaded.known = int(saved.get("horizon", 0)), int(saved.get("known", 0))
        names, loaded.columns = read_json(folder / NAMES), list(saved["columns"])
        if not isinstance(names, list) or not cast(list[Any], names):
            raise BundleError(f"{folder / NAMES} holds no names of series. {RESTORE}")
        shape = (len(cast(list[Any], names)), len(loaded.columns))
        arrays = read_arrays(folder / SCALING, {"offset": shape, "scale": shape})
        loaded.counts = bool(saved.get("counts", False))
        scaler = loaded.scaler = PanelScaler(loaded.scaling, bool(loaded.log), loaded.counts)
        scaler.common_, scaler.offset_, scaler.scale_ = float(saved["common"]), arrays["offset"], arrays["scale"]
        scaler.names_ = np.array(cast(list[Any], names))
        return loaded

    @staticmethod
    def files() -> tuple[str, ...]:
        return SCALING, NAMES


class PanelTarget(ForecastTarget):
    """The target of many series."""

    def __init__(self, name: str, horizon: int, loss: Any = None, scale: float = 1.0) -> None:
        super().__init__([name], horizon, loss, ((0.0,), (scale,)))

    def describe(self) -> TargetDescription:
        axes = {"horizon": self.horizon, "targets": self.outputs}
        return TargetDescription(Tensor("forecast", axes), tuple(self.names))

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return the outputs scaled as they are, float64: the scaler, which knows the series, brings them back."""
        return (outputs if self.distribution is None else self.distribution.forecast(outputs)).astype(np.float64)

    def save(self) -> dict[str, Any]:
        return {
            "kind": "panel", "names": self.names, "horizon": self.horizon,
            "distribution": self.distribution and self.distribution.kind, "outputs": self.outputs,
        }  # fmt: skip

    @classmethod
    def load(cls, saved: dict[str, Any], inputs: Any) -> PanelTarget:
        return cls(saved["names"][0], saved["horizon"], saved.get("distribution"), inputs.scaler.common_)


@dataclass(frozen=True)
class PanelSummary:
    """The shapes of many series' windows; `str()` says them in words."""

    plan: PanelPlan

    def __str__(self) -> str:
        plan, panel = self.plan, self.plan.panel
        counts = {part: len(plan.origins(part)) for part in ("train", "validation", "test")}
        lengths = panel.lengths
        size = format_shape(samples=counts["train"], timesteps=plan.window, features=len(panel.columns))
        lines = [
            f"{len(panel):,} series of {lengths.min():,} to {lengths.max():,} rows, {panel.time_index.frequency} apart",
            f"input  x  {size}",
            *(f"          feature {i}: {name}" for i, name in enumerate(panel.columns)),
            f"output y  {format_shape(samples=counts['train'], horizon=plan.horizon, targets=1)}",
            f"          the {plan.horizon} row(s) after the window: {panel.target}",
            *(f"{part}: {count:,} windows" for part, count in counts.items() if count),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class PanelData:
    """Many series split and scaled: what a Forecaster of a panel trains on; attributes as in `SeriesData`."""

    plan: PanelPlan
    input: PanelInput
    target: PanelTarget
    recipe: str = "segments"
    candidates: tuple[str, ...] = ()
    choice: Choice | None = None
    trial: bool = False
    path: str | None = None

    @property
    def notes(self) -> list[str]:
        return self.plan.panel.warnings + ([] if self.choice is None else [str(self.choice)])

    def with_recipe(self, recipe: str, *, trial: bool = False) -> PanelData:
        """Return the same data for the network of another recipe, or for a trial of it."""
        return replace(self, recipe=recipe, candidates=(), trial=trial)

    @cached_property
    def scaled(self) -> np.ndarray:
        """All rows, padded and scaled, float32, shape (rows, features)."""
        return self.plan.padded(self.input.prepare(self.plan.panel))

    def batches(self, part: str) -> WindowBatches:
        """Return the windows of a part of all series."""
        plan, panel = self.plan, self.plan.panel
        windows = Windows(self.scaled, plan.window, plan.horizon, 1, chosen=plan.origins(part))
        observed = None if panel.observed is None else plan.padded(panel.observed[:, 0])
        visible = None
        if self.input.masked:
            seen = plan.real if observed is None or panel.gaps != "mask" else plan.real & observed
            visible = seen
        real = observed if not plan.pad.any() else plan.real if observed is None else observed & plan.real
        weights = None if real is None else real.astype(np.float32)
        return WindowBatches(windows, visible, weights, self.input.known)

    def summary(self) -> PanelSummary:
        return PanelSummary(self.plan)


def _longest(plan: PanelPlan) -> list[int]:
    return np.argsort(-plan.train, kind="stable")[:LOOKED_AT].tolist()


def logarithm_helps(plan: PanelPlan) -> bool:
    """Tell whether the swings of most series grow with their level, or those of the panel from series to series."""
    panel = plan.panel
    if (panel.values[:, 0] <= 0).any():
        return False
    chosen = _longest(plan)
    parts = [panel.values[panel.starts[s] : panel.starts[s] + plan.train[s], 0] for s in chosen]
    within = np.mean([swings_grow_with_level(part, plan.window) for part in parts])
    level, swing = np.array([p.mean() for p in parts]), np.array([np.abs(np.diff(p)).mean() for p in parts])
    between = False
    if len(parts) > 3 and level.max() > 2 * level.min() and (swing > 0).all():
        x, y = np.log(level), np.log(swing)
        between = bool(np.polyfit(x, y, 1)[0] > 0.5 and np.corrcoef(x, y)[0, 1] > 0.5)
    return between or bool(within > 0.5)


def find_panel_season(plan: PanelPlan, season: int | str) -> int:
    """Return the seasonal period in rows: as given, or the one that is found in most of the longest series."""
    if season != "auto":
        return int(season)
    panel, candidates = plan.panel, plan.panel.time_index.seasons()
    votes = [
        seasonal_period(panel.values[panel.starts[s] : panel.starts[s] + plan.train[s], 0], candidates)
        for s in _longest(plan)[:50]
    ]
    periods, counts = np.unique(votes, return_counts=True)
    most = int(counts.argmax())
    return int(periods[most]) if counts[most] > len(votes) / 2 else 1
