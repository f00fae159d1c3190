"""Intervals of a forecast from the model's errors so far: split conformal prediction, the latest errors first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.artifact.reading import RESTORE, read_arrays
from seqwise.errors import BundleError, DataError
from seqwise.training import WindowBatches, predict_windows

FLOOR = 0.05  # of a typical error, whatever the window: a flat window is no promise
HALF_LIFE = 4  # windows: an error that old counts half
LEVEL_HALF_LIFE = 0.25  # of that half-life: how long the size of recent errors is remembered
STATES = 16  # of the intervals, from the end of validation to the end of the data
MOST_WINDOWS = 2_000  # whose errors are kept
FEWEST_WINDOWS = 300
MOST_ERRORS = 2_000_000
MOST_ROWS = 10**9  # of a series


class Intervals:
    """How far truth lay from forecast, for each error that the model was not trained on: intervals of any level.

    The width of a level is the quantile of split conformal prediction (Lei et al. 2018, "Distribution-Free Predictive
    Inference for Regression"): of n errors the one of rank ⌈(n + 1) · level⌉, or the largest where n is too small.

    An error counts relative to the size that is usual after a window of such spread, a line fitted in validation
    (locally weighted residuals, the same paper). So calm and agitated times, and the series of a panel, get intervals
    of their own widths, as far as a window tells.

    A series does not stay as agitated as in validation, so every error counts as soon as its truth is known, and an
    old one less than a new one (Barber et al. 2023, "Conformal prediction beyond exchangeability"). Errors many steps
    ahead are known late, those of the first steps at once: an error counts relative to the level of all errors that
    were known when its forecast was made, too, and a width follows the level of now. A forecast that starts at a row
    takes only what was known there: in the test set, too, no interval knows what it is scored on.

    Attributes:
        scores: float32, shape (errors, horizon, targets): truth less forecast, relative to its size that is usual after
            such a window; NaN where truth is missing.
        rows: int64, shape (errors,): where these forecasts started, counted from the end of the data, ascending.
        until: the row up to which forecasts take the errors in validation alone.
        half_life: in rows; infinity where every error counts the same.
        usual: the line of usual errors, shape (2, horizon, targets): of a window without spread; for each unit of it.
    """

    def __init__(self, scores: np.ndarray, rows: np.ndarray, until: int, half_life: float, usual: np.ndarray) -> None:
        self.scores, self.rows, self.until, self.half_life, self.usual = scores, rows, until, half_life, usual

    @classmethod
    def fit(
        cls,
        truth: np.ndarray,
        forecast: np.ndarray,
        past: np.ndarray,
        weights: np.ndarray | None,
        rows: np.ndarray | None = None,
        until: int = 0,
        half_life: float = np.inf,
    ) -> Intervals:
        """Learn from validation, all in scaled units.

        Args:
            truth, forecast: shape (samples, horizon, targets).
            past: the windows' targets, shape (samples, window, targets).
            weights: 0 where a target is missing, shape (samples, horizon); None where all were observed.
            rows, until, half_life: see the attributes; rows None: all of them are known to every forecast.
        """
        errors, spread = _errors(truth, forecast, weights), past.std(axis=1)[:, None]
        intervals = cls(
            errors, _known_to_all(errors) if rows is None else rows, until, half_life, _line(np.abs(errors), spread)
        )
        intervals.scores = (errors / intervals.usual_error(past)).astype(np.float32)
        return intervals

    def add(
        self, truth: np.ndarray, forecast: np.ndarray, past: np.ndarray, weights: np.ndarray | None, rows: np.ndarray
    ) -> Intervals:
        """Return intervals that know of later errors, too; the arguments are those of `fit`."""
        scores = (_errors(truth, forecast, weights) / self.usual_error(past)).astype(np.float32)
        both = np.concatenate([self.scores, scores]), np.concatenate([self.rows, rows])
        return type(self)(*both, self.until, self.half_life, self.usual)

    def half_widths(self, past: np.ndarray, levels: Sequence[float], rows: np.ndarray | None = None) -> np.ndarray:
        """Return half of each interval's width, scaled, shape (levels, samples, horizon, targets).

        Args:
            past: as in `fit`. levels: in percent.
            rows: at which the forecasts start, counted from the end of the data, shape (samples,); None: all errors
                are known to them.
        """
        if rows is None:
            return self.quantiles(levels, 0)[:, None] * self.usual_error(past) * self.level(np.array([0]))
        states = self.states(rows)
        known = {state: self.quantiles(levels, state) for state in np.unique(states).tolist()}
        sizes = self.usual_error(past) * self.level(np.clip(rows, self.until, 0))[:, None, None]
        return np.stack([known[state] for state in states.tolist()], axis=1) * sizes

    def bounds(
        self, outputs: np.ndarray, past: np.ndarray, levels: Sequence[float], rows: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Return the bounds of intervals, scaled, each (samples, horizon, targets).

        Args:
            outputs: of the network, shape (samples, horizon, targets). past, rows: as for `half_widths`.
            levels: in percent, ascending.

        Returns:
            the lower bounds, widest level first, then the upper ones.
        """
        halves = self.half_widths(past, levels, rows)
        return [*(outputs - half for half in halves[::-1]), *(outputs + half for half in halves)]

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return which errors to take for `count` paths, each with all of its steps: new ones more often, int."""
        whole = np.flatnonzero(~np.isnan(self.scores).any(axis=(1, 2)))
        if not whole.size:
            raise DataError("No window in validation has all of its targets observed: no path can be drawn.")
        weights = 0.5 ** ((self.rows[whole].max() - self.rows[whole]) / self.half_life)
        return rng.choice(whole, count, p=weights / weights.sum())

    def usual_error(self, past: np.ndarray) -> np.ndarray:
        """Return the size of error that is usual after windows, shape (samples, horizon, targets)."""
        return self.usual[0] + self.usual[1] * past.std(axis=1)[:, None]

    def level(self, rows: np.ndarray) -> np.ndarray:
        """Return how large the errors known at rows were, around 1, to the power of a half, shape (rows,).

        Every known error counts relative to its usual size, an old one less than a new one; as many again as one
        forecast has count 1. The power takes back half of what is unusual: errors do not stay so small or so large.
        """
        if np.isinf(self.half_life):
            return np.ones(len(rows))
        seen = ~np.isnan(self.scores)
        first, fading = int(self.rows.min()), np.log(2) / (LEVEL_HALF_LIFE * self.half_life)
        places = (self.rows[:, None] - first + np.arange(self.scores.shape[1], dtype=np.int64)).ravel()
        known = np.maximum(rows - first, 0)  # rows whose truth is known
        latest = np.clip(known - 1, 0, places.max())

        def fading_sum(values: np.ndarray) -> np.ndarray:
            by_row = np.bincount(places, values.sum(axis=2).ravel())
            with np.errstate(divide="ignore"):
                sums = np.logaddexp.accumulate(np.log(by_row) + fading * np.arange(len(by_row)))
            return np.where(known > 0, np.exp(sums[latest] - fading * (known - 1)), 0)

        one_forecast = self.scores[0].size
        sizes = fading_sum(np.where(seen, np.abs(self.scores), 0))
        return np.sqrt((sizes + one_forecast) / (fading_sum(seen) + one_forecast))

    @cached_property
    def relative(self) -> np.ndarray:
        """The scores, each relative to the level of errors at which its forecast was made."""
        return self.scores / self.level(self.rows)[:, None, None]

    @property
    def spacing(self) -> int:
        """Rows from one state to the next."""
        return max(-self.until // STATES, 1)

    def states(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows whose known errors serve forecasts that start at `rows`; both counted from the data's end."""
        return np.clip(self.until + (rows - self.until) // self.spacing * self.spacing, self.until, 0)

    def quantiles(self, levels: Sequence[float], row: int) -> np.ndarray:
        """Return the quantiles of the sizes of `relative` that are known at a row, shape (levels, horizon, targets)."""
        steps = np.arange(self.scores.shape[1], dtype=np.int64)
        known = self.rows[:, None] + steps < row  # (errors, horizon)
        latest = np.where(known, self.rows[:, None], np.iinfo(np.int64).min).max(axis=0)
        age = np.where(known, latest - self.rows[:, None], 0)
        weights = np.where(known, 0.5 ** (age / self.half_life), 0)[..., None]
        reached = np.cumsum(np.where(np.isnan(self._ordered), 0, np.take_along_axis(weights, self._order, 0)), axis=0)
        largest = (reached < reached[-1]).sum(axis=0)
        places = [
            np.minimum((reached < level / 100 * (reached[-1] + 1) * (1 - 1e-12)).sum(axis=0), largest)
            for level in levels
        ]
        return np.stack([np.take_along_axis(self._ordered, place[None], axis=0)[0] for place in places])

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(np.abs(self.relative), axis=0)

    @cached_property
    def _ordered(self) -> np.ndarray:
        return np.take_along_axis(np.abs(self.relative), self._order, axis=0)

    def save(self) -> dict[str, np.ndarray]:
        """Return arrays for `load`, all finite."""
        missing = np.isnan(self.scores)
        return {
            "interval_scores": np.where(missing, 0, self.scores).astype(np.float32),
            "interval_missing": missing.astype(np.uint8), "interval_rows": self.rows, "interval_usual": self.usual,
            "interval_memory": np.array([self.until, 0 if np.isinf(self.half_life) else self.half_life]),
        }  # fmt: skip

    @classmethod
    def load(cls, path: Path, horizon: int, targets: int) -> Intervals | None:
        """Undo `save`; None where the file holds no intervals.

        Raises:
            BundleError: they are not those of so many steps and targets.
        """
        arrays = read_arrays(path)
        if "interval_scores" not in arrays:
            return None
        count = len(arrays["interval_scores"])
        shapes = {"scores": (count, horizon, targets), "missing": (count, horizon, targets), "rows": (count,)}
        shapes |= {"usual": (2, horizon, targets), "memory": (2,)}
        wrong = [name for name, shape in shapes.items() if arrays.get(f"interval_{name}", np.zeros(0)).shape != shape]
        if wrong or not count or not 0 <= np.ptp(arrays["interval_rows"].astype(float)) < MOST_ROWS:
            raise BundleError(f"{path} does not hold the errors of {horizon} steps of {targets} target(s). {RESTORE}")
        scores, missing, rows, usual, memory = (arrays[f"interval_{name}"] for name in shapes)
        until, half_life = memory.tolist()
        scores = np.where(missing.astype(bool), np.nan, scores).astype(np.float32)
        return cls(scores, rows, int(until), half_life or np.inf, usual)


def _errors(truth: np.ndarray, forecast: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    errors = truth - forecast
    return errors if weights is None else np.where(weights[..., None] > 0, errors, np.nan)


def _known_to_all(errors: np.ndarray) -> np.ndarray:
    return np.full(len(errors), -errors.shape[1], np.int64)


def _line(errors: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the line from a window's spread to the size of its errors, that rises, shape (2, horizon, targets).

    Least squares, for each step and target by itself; the windows' spreads have shape (samples, 1, targets).
    """
    seen = ~np.isnan(errors)
    count = np.maximum(seen.sum(axis=0), 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.where(seen, values, 0).sum(axis=0) / count

    size, middle = mean(errors) + 1e-8, mean(spread)
    slope = mean((spread - middle) * (errors - size)) / np.maximum(mean((spread - middle) ** 2), 1e-12)
    slope = np.clip(slope, 0, (1 - FLOOR) * size / np.maximum(middle, 1e-12))
    return np.stack([size - slope * middle, slope])


def measure(
    model: Any,
    weights: list[np.ndarray],
    validation: WindowBatches,
    test: WindowBatches | None = None,
    rows: int = 0,
    until: int = 0,
) -> Intervals:
    """Learn from the windows in validation, by the weights that were not trained on them, and in the test set.

    Args:
        model: of the forecaster; it keeps its own weights, by which the test set is forecast.
        validation, test: the windows, of which some are drawn evenly; test None: all errors count the same.
        rows: of the series. until: see `Intervals`.
    """
    total = len(validation.indices) + (0 if test is None else len(test.indices))
    horizon, targets = validation.windows.horizon, validation.windows.targets
    most = int(np.clip(MOST_ERRORS // (horizon * targets), FEWEST_WINDOWS, MOST_WINDOWS))
    step = max(-(-total // most), 1)
    own = model.get_weights()
    model.set_weights(weights)
    try:
        arrays, chosen = _forecasts(model, validation, step)
    finally:
        model.set_weights(own)
    if test is None:
        return Intervals.fit(*arrays)
    half_life = max(HALF_LIFE * validation.windows.window, horizon)
    # a validation series of its own has no place in time: its errors are as old as the latest that can be known
    intervals = Intervals.fit(*arrays, np.minimum(chosen - rows, until - horizon), until, half_life)
    if not len(test.indices):
        return intervals
    arrays, chosen = _forecasts(model, test, step)
    return intervals.add(*arrays, chosen - rows)


def _forecasts(
    model: Any, batches: WindowBatches, step: int
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]:
    """Return truth, forecast, past and weights of each step-th window, and the rows at which they start."""
    chosen = batches.indices[::step]
    forecast = predict_windows(model, batches, chosen)
    batch = batches.select(batches.arrays, chosen)
    inputs: Any = batch.inputs[0] if isinstance(batch.inputs, list) else batch.inputs
    truth, seen = np.asarray(batch.targets), None if batch.weights is None else np.asarray(batch.weights)
    if truth.ndim == 4:  # a forecast at each timestep: the last one counts
        truth, seen = truth[:, -1], None if seen is None else seen[:, -1]
    if forecast.ndim == 4:
        forecast = forecast[:, -1]
    targets = truth.shape[-1]
    past, forecast = np.asarray(inputs)[..., :targets], forecast[..., :: forecast.shape[-1] // targets]
    return (truth, forecast, past, seen), chosen.astype(np.int64)
