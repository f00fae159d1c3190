"""From what `Forecaster.fit` is given to the data of a training: one series or many, by a forecaster's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.data.panels import Panel
from seqwise.errors import SettingError
from seqwise.estimators.forecasting.choosing import FEWEST_EPOCHS
from seqwise.estimators.forecasting.data import Plan, SeriesData, SeriesTarget, WindowInput, make_plan
from seqwise.estimators.forecasting.distributions import check_counts, is_of_counts
from seqwise.estimators.forecasting.forecaster_settings import ForecasterSettings
from seqwise.estimators.forecasting.panel_data import PanelData, PanelInput, PanelTarget, plan_panel
from seqwise.estimators.forecasting.reading import ColumnRoles, check_validation_rows, read_again, read_data
from seqwise.estimators.forecasting.recipes import MANY
from seqwise.estimators.forecasting.segments import SEGMENTS


def prepare(
    settings: ForecasterSettings, data: Any, roles: ColumnRoles, validation_data: Any = None
) -> SeriesData | PanelData:
    """Read and split a table, and fit the scaler on its training rows; the arguments are those of `Forecaster.fit`.

    Raises:
        DataError, SettingError: each message says how to fix it.
    """
    path = str(data) if isinstance(data, (str, Path)) else None
    known, available = read_data(data, roles, settings.gaps, settings.calendar)
    if validation_data is None:
        return prepare_known(settings, known, available, path)
    if isinstance(known, Panel):
        raise SettingError("validation_data is for one series; with many, rows of each are held back: validation=13.")
    plan = split_series(settings, known, validation=0)
    own = read_again(validation_data, known, settings.gaps)
    check_validation_rows(own, settings.window + settings.horizon)
    return replace(_prepare_plan(settings, plan, available, path), own_validation=own)


def prepare_known(
    settings: ForecasterSettings, known: TimeSeries | Panel, available: tuple[str, ...] = (), path: str | None = None
) -> SeriesData | PanelData:
    """Split what is read already, and fit the scaler on its training rows.

    Args:
        available: numeric columns of the table that are not used. path: of the file that it was read from.
    """
    if isinstance(known, Panel):
        return _prepare_panel(settings, known, path)
    return _prepare_plan(settings, split_series(settings, known), available, path)


def split_series(settings: ForecasterSettings, series: TimeSeries, validation: float | None = None) -> Plan:
    """Split a series by time; `validation` in place of the setting."""
    return make_plan(
        series,
        window=settings.window,
        horizon=settings.horizon,
        validation=settings.validation if validation is None else validation,
        test=settings.test,
        every_step=settings.return_sequences,
    )


def _prepare_plan(settings: ForecasterSettings, plan: Plan, available: tuple[str, ...], path: str | None) -> SeriesData:
    if settings.return_sequences and plan.series.covariates.known:
        raise SettingError(
            "return_sequences=True reads nothing of the rows to come: leave future= and calendar= out, or "
            "return_sequences."
        )
    log = False if _checks_counts(settings, plan.series) else settings.log
    windows = WindowInput(settings.window, settings.gaps == "mask", settings.scaler, log)
    windows.fit(plan)
    timesteps = settings.window if settings.return_sequences else None
    target = SeriesTarget(plan.series.target_names, settings.horizon, timesteps, windows.scaler, settings.loss)
    large = plan.series.targets > 1 and settings.window >= 48 and len(plan.windows("train")) >= MANY
    recipe, *others = _recipes(settings, "segments" if large and settings.residual == "auto" else "skip", plan.series)
    target.shared = recipe == "segments" and settings.network is None and plan.series.targets > 1
    candidates = (recipe, *others) if others else ()
    return SeriesData(plan, windows, target, recipe, candidates, available=available, path=path)


def _recipes(settings: ForecasterSettings, by_size: str, known: TimeSeries | Panel) -> list[str]:
    """Return the recipe that is named, or those that have what is set and suit the data, `by_size` first."""
    if settings.recipe != "auto":
        return [settings.recipe]
    if settings.network is not None or settings.bidirectional or settings.return_sequences or not settings.linear_skip:
        return ["skip"]
    if settings.epochs != "auto" and settings.epochs < FEWEST_EPOCHS:
        return [by_size]
    others = ["skip"]
    if settings.residual == "auto" and settings.window >= 2 * SEGMENTS:
        others.append("segments")
    if known.covariates.future:  # what its decoder reads step after step
        others.append("attention")
    return [by_size, *(recipe for recipe in others if recipe != by_size)]


def _prepare_panel(settings: ForecasterSettings, panel: Panel, path: str | None) -> PanelData:
    if settings.return_sequences or isinstance(settings.scaler, Mapping) or settings.scaler == "robust":
        raise SettingError(
            "Many series are learned without return_sequences, and with scaler='standard', 'minmax' or 'none', "
            "which scales each by itself."
        )
    plan = plan_panel(
        panel, window=settings.window, horizon=settings.horizon, validation=settings.validation, test=settings.test
    )
    masked = settings.gaps == "mask" or bool(plan.pad.any())
    counts = _checks_counts(settings, panel)
    inputs = PanelInput(settings.window, masked, str(settings.scaler), False if counts else settings.log, counts)
    inputs.fit(plan)
    target = PanelTarget(panel.target, settings.horizon, settings.loss, inputs.scaler.common_)
    recipe, *others = _recipes(settings, "segments", panel)
    return PanelData(plan, inputs, target, recipe, (recipe, *others) if others else (), path=path)


def _checks_counts(settings: ForecasterSettings, known: TimeSeries | Panel) -> bool:
    """Return whether counts are forecast, whose logarithm is not taken; raise `DataError` where they are none."""
    if not is_of_counts(settings.loss):
        return False
    targets = 1 if isinstance(known, Panel) else known.targets
    values = known.values[:, :targets]
    seen = values if known.observed is None else np.where(known.observed[:, :targets], values, np.nan)
    check_counts(seen, known.columns[:targets], known.label)
    return True
