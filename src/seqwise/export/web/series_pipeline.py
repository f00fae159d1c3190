"""What surrounds a Forecaster's network, as JSON: how rows become windows, and its outputs forecasts and intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.data.calendar import HOLIDAYS, holiday_dates
from seqwise.data.panels import Panel
from seqwise.estimators.forecasting.distributions import SHARES
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.forecasting.intervals import Intervals
from seqwise.estimators.forecasting.panel_data import PanelInput

LEVELS = (50.0, 80.0, 90.0, 95.0, 99.0)  # of intervals from past errors, in percent
YEARS = 20  # before and after the data's end whose holidays go along


def describe_forecaster(forecaster: Forecaster) -> dict[str, Any]:
    """Describe the input, the target and the series of a Forecaster, and its intervals."""
    known: TimeSeries | Panel = forecaster.panel_ if forecaster.panel_ is not None else forecaster.series_
    index = known.time_index
    inputs = forecaster.input_
    panel = isinstance(known, Panel)
    return {
        "input": {
            "kind": inputs.kind, "columns": inputs.columns, "window": forecaster.window,
            "scaler": _panel_scaler(inputs, known) if isinstance(known, Panel) else inputs.scaler.to_dict(),
        },
        "target": {
            "names": list(forecaster.target_.names), "horizon": forecaster.horizon,
            "distribution": _distribution(forecaster),
        },
        "series": {
            "column": known.series if panel else None,
            "time": known.time,
            "time_index": dict(index.__dict__),
            "frequency": index.frequency,
            "gaps": forecaster.gaps,
            "covariates": known.covariates.to_dict(),
            "holidays": _holidays(known),
            "context": _panel_context(known, forecaster.window) if isinstance(known, Panel)
            else [_context(known, forecaster.window)],
        },
        "intervals": None if forecaster.target_.distribution is not None else _intervals(forecaster, panel),
    }  # fmt: skip


def _panel_scaler(inputs: PanelInput, panel: Panel) -> dict[str, Any]:
    scaler, covariates = inputs.scaler, panel.covariates
    one_scale = {*covariates.unscaled, *covariates.expanded(covariates.static)}
    return {
        "kind": scaler.kind, "columns": inputs.columns, "log": scaler.log, "counts": scaler.counts,
        "common": scaler.common_, "shared": [j for j, name in enumerate(inputs.columns) if name in one_scale],
        "names": scaler.names_.tolist(), "offset": scaler.offset_.tolist(), "scale": scaler.scale_.tolist(),
    }  # fmt: skip


def _context(series: TimeSeries, window: int) -> dict[str, Any]:
    """The last window of a series; `first` is the place of its first row on the time index."""
    observed = None if series.observed is None else series.observed[-window:].tolist()
    values = series.values[-window:].tolist()
    return {"name": None, "first": len(series) - len(values), "values": values, "observed": observed}


def _panel_context(panel: Panel, window: int) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = []
    for s, name in enumerate(panel.names.tolist()):
        context = _context(panel.one(s), window)
        described.append(context | {"name": name, "first": float(panel.first[s]) + context["first"]})
    return described


def _holidays(known: TimeSeries | Panel) -> dict[str, Any]:
    """The holidays of each country that the calendar names, of the years about the data's end."""
    names = [name for name in known.covariates.calendar if name.startswith(HOLIDAYS)]
    if not names:
        return {}
    if isinstance(known, Panel):
        every = np.arange(len(known))
        end = known.times(every, known.lengths - 1).max()
    else:
        end = known.times[-1]
    year = int(end.astype("M8[Y]").astype(np.int64)) + 1970
    years = range(year - YEARS, year + YEARS + 1)
    return {
        name: {"first": years[0], "last": years[-1], "days": holiday_dates(name, years).astype(str).tolist()}
        for name in names
    }


def _distribution(forecaster: Forecaster) -> dict[str, Any] | None:
    from seqwise.training.distribution_loss import BEND, SMALLEST  # imports Keras

    distribution = forecaster.target_.distribution
    if distribution is None:
        return None
    targets = len(forecaster.target_.names)
    offset, scale = distribution.scaling or ((0.0,) * targets, (1.0,) * targets)
    return {
        "kind": distribution.kind, "parameters": distribution.parameters, "shares": list(SHARES),
        "offset": list(offset), "scale": list(scale), "smallest": SMALLEST, "bend": BEND,
    }  # fmt: skip


def _intervals(forecaster: Forecaster, panel: bool) -> dict[str, Any] | None:
    """How wide intervals are, for windows that end with the training's data, and for later ones.

    Python's intervals of a window that ends before know the errors before it alone; these know all.
    """
    errors = forecaster.intervals_
    if not isinstance(errors, Intervals):
        return None
    states = [(0, 0)]  # the first row to forecast, from the data's end, and the row as of which errors are known
    if not panel and (state := int(errors.states(np.array([0]))[0])) < 0:
        states = [(0, state), (state + errors.spacing, 0)]
    level = errors.level(np.array([0]))[0]
    widths = [(first, level * errors.quantiles(LEVELS, state)) for first, state in states]
    return {
        "levels": list(LEVELS),
        "usual": errors.usual.tolist(),
        "states": [{"from": first, "widths": found.tolist()} for first, found in widths],
    }
