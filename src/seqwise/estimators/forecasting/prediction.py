"""What follows a series, or each of many: as many steps as a model was trained for, or more by recursion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqwise.data import TimeSeries, to_kind
from seqwise.data.panels import Panel
from seqwise.errors import DataError, SettingError
from seqwise.estimators.forecasting import panel_forecasts, series_forecasts
from seqwise.estimators.forecasting.ahead import times_ahead
from seqwise.estimators.forecasting.interval_columns import named_bounds
from seqwise.estimators.settings import is_whole

RECURSIVE = "recursive"  # the column that marks steps beyond the trained horizon
MOST_BLOCKS = 10_000  # times that a network is run on its own forecasts


@dataclass(frozen=True)
class Prediction:
    """What follows each series, in the data's own units.

    Attributes:
        times: shape (series, steps). values: float64, shape (series, steps, targets).
        bounds: each of the shape of `values`, as `Intervals.bounds` orders them.
        trained: how many of the steps are forecast from the series alone; the others from forecasts.
    """

    times: np.ndarray
    values: np.ndarray
    trained: int
    bounds: list[np.ndarray] = field(default_factory=list[np.ndarray])

    def columns(
        self, known: TimeSeries | Panel, levels: Sequence[float], quantiles: Mapping[float, float]
    ) -> dict[str, np.ndarray]:
        """Return the columns of a table; `levels` and `quantiles` as for `named_bounds`."""
        if isinstance(known, Panel):
            columns = panel_forecasts.long_columns(known, self.times, self.values[..., 0])
            named = named_bounds(known.target, levels, quantiles, self.values, self.bounds)
            columns |= {name: bound.ravel() for name, bound in named.items()}
        else:
            columns = series_forecasts.forecast_columns(known, self.times[0], self.values[0])
            for j, target in enumerate(known.target_names):
                bounds = [bound[0, :, j] for bound in self.bounds]
                columns |= named_bounds(target, levels, quantiles, self.values[0, :, j], bounds)
        series, steps = self.times.shape
        if steps > self.trained:
            later = np.arange(steps, dtype=np.int64) >= self.trained
            columns[RECURSIVE] = np.tile(later, series)
        return columns


def forecast_after(
    model: Any,
    inputs: Any,
    target: Any,
    known: TimeSeries | Panel,
    intervals: Any,
    levels: Sequence[float],
    ahead: np.ndarray | None,
    steps: int,
    since_end: int = 0,
) -> Prediction:
    """Forecast the steps after the end of each series.

    Args:
        intervals: what gives the bounds of `levels`: `Intervals`, `Distribution` or `SamplePaths`; None for none.
        ahead: what is known of the rows to come, shape (series, steps, known), of at least the trained horizon; None
            where nothing is read of them.
        since_end: for one series, where it ends, counted from the end of the training's, for intervals.

    Raises:
        DataError, SettingError: there are too few rows, or the steps cannot be forecast.
    """
    trained = int(target.horizon)
    if steps > trained:
        _check_recursion(known, levels, trained, steps)
        return _by_recursion(model, inputs, target, known, ahead, steps)
    if isinstance(known, Panel):
        values, *bounds = panel_forecasts.forecast_ends(model, inputs, target, known, intervals, levels, ahead)
        values, bounds = values[..., None], [bound[..., None] for bound in bounds]
    else:
        rows = len(known)
        if rows < inputs.window:
            raise DataError(
                f"{known.label} has {rows} usable rows, but the model reads {inputs.window} (its window): bring "
                f"{inputs.window - rows} more."
            )
        values, *bounds = series_forecasts.forecast_at(
            model, inputs, target, known, np.array([rows]), intervals, levels, None if ahead is None else ahead[0],
            np.array([since_end]),
        )  # fmt: skip
    return Prediction(
        times_ahead(known, steps), values[:, :steps], trained, [np.asarray(bound)[:, :steps] for bound in bounds]
    )


def long_table(columns: dict[str, np.ndarray], known: TimeSeries | Panel) -> Any:
    """Return columns as a table of the kind that the data are; a polars one where they are not a table."""
    return to_kind(columns, table_kind(known))


def table_kind(known: TimeSeries | Panel) -> str:
    """Return the kind of table that the data are; polars where they are not a table."""
    return "polars" if known.kind in ("numpy", "dict") else known.kind


def check_steps(steps: Any, trained: int) -> int:
    """Return how many steps to forecast, None for as many as were trained.

    Raises:
        SettingError: it is not a whole number, or too large.
    """
    if steps is None:
        return trained
    if not is_whole(steps, 1):
        raise SettingError(f"horizon={steps!r}: expected how many rows to forecast, for example horizon={2 * trained}.")
    if steps > MOST_BLOCKS * trained:
        raise SettingError(
            f"horizon={steps}: at most {MOST_BLOCKS * trained:,} rows are forecast by recursion, {MOST_BLOCKS:,} times "
            f"the {trained} that the model was trained for."
        )
    return int(steps)


def _check_recursion(known: TimeSeries | Panel, levels: Sequence[float], trained: int, steps: int) -> None:
    """Refuse what cannot be forecast beyond the trained horizon, and say why."""
    again = f"train with horizon={steps}"
    beyond = f"horizon={steps} is more than the {trained} rows that the model was trained for"
    past = known.covariates.past
    if past:
        raise SettingError(
            f"{beyond}: later rows are forecast from forecasts, but the model also reads {', '.join(map(repr, past))}, "
            f"whose rows to come are not known: {again}, or name columns that are known in advance with future=."
        )
    if levels:
        raise SettingError(
            f"{beyond}: errors are known of these rows alone: leave level and quantiles out, or {again}."
        )


def _by_recursion(
    model: Any, inputs: Any, target: Any, known: TimeSeries | Panel, ahead: np.ndarray | None, steps: int
) -> Prediction:
    """Forecast block by block, each from the forecasts before it; the last block ends with the last step."""
    trained = int(target.horizon)
    blocks: list[np.ndarray] = []
    done = 0
    while done < steps:
        first = min(done, steps - trained)
        longer = known if not blocks else _continued(known, np.concatenate(blocks, axis=1)[:, :first], ahead)
        part = None if ahead is None else ahead[:, first : first + trained]
        values = forecast_after(model, inputs, target, longer, None, (), part, trained).values
        blocks.append(values[:, done - first :])
        done = first + trained
    return Prediction(times_ahead(known, steps), np.concatenate(blocks, axis=1), trained)


def _continued(known: Any, values: np.ndarray, ahead: np.ndarray | None) -> Any:
    """Return each series with forecasts, shape (series, rows, targets), and what is known in advance behind it."""
    count, rows = values.shape[:2]
    parts = [values] if ahead is None else [values, ahead[:, :rows]]
    more = np.concatenate(parts, axis=2).reshape(count * rows, -1)
    panel = isinstance(known, Panel)
    ends = np.repeat(known.starts[1:] if panel else [len(known)], rows)
    observed = known.observed
    changes: dict[str, Any] = {
        "values": np.insert(known.values, ends, more, axis=0),
        "observed": None if observed is None else np.insert(observed, ends, True, axis=0),
    }
    if panel:
        changes["starts"] = known.starts + rows * np.arange(count + 1)
    return replace(known, **changes)
