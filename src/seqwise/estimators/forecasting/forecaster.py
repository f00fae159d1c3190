"""Forecasting a series: from a table to a trained model, its forecast and its honest error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] (open paths)

from seqwise.artifact.reading import read_arrays
from seqwise.data import TimeIndex, TimeSeries, Windows, make_series, read_table, to_kind
from seqwise.data.scaling import KINDS
from seqwise.data.series import GAP_RULES
from seqwise.errors import DataError, SettingError
from seqwise.estimators.base import METRICS, REPORT, Estimator
from seqwise.estimators.forecasting.data import Plan, SeriesData, SeriesTarget, WindowInput, find_season, make_plan
from seqwise.estimators.forecasting.network import build_network
from seqwise.estimators.forecasting.summary import SeriesSummary
from seqwise.estimators.saved_settings import plain_settings
from seqwise.estimators.settings import MODEL as MODEL_PANEL
from seqwise.estimators.settings import (
    SERIES,
    TRAINING,
    UNITS,
    Option,
    choice,
    declared_settings,
    estimator,
    flag,
    is_whole,
    learned,
    one_of,
    setting,
    whole,
    widths,
)
from seqwise.evaluation import Backtest, ForecastComparison, backtest, compare_forecasts
from seqwise.training import Training, WindowBatches, predict_windows

CONTEXT, FORECAST = "context.safetensors", "forecast.csv"


def _check_season(name: str, value: Any) -> None:
    if value != "auto" and not is_whole(value, 1):
        raise SettingError(f"{name}={value!r}: expected 'auto' or the period in rows (1 for none).")


@estimator
class Forecaster(Estimator[SeriesData, SeriesSummary, ForecastComparison]):
    """Forecast the next `horizon` rows of a series from the last `window` rows with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end
    in ``_`` are what it learned.

    Args:
        {settings}

    Attributes:
        model_: the Keras model. Takes (samples, window, features), scaled; gives (samples, horizon, targets).
        scaler_: the `Scaler`. series_: the `TimeSeries` it was trained on (after `load`: its last window).
        plan_: the split into parts; None after `load`.
        season_: the seasonal period in rows, 1 for none. training_: history, seconds, best epoch.

    Example:
        >>> import seqwise as sw
        >>> forecaster = sw.Forecaster(window=24, horizon=12, seed=0)
        >>> forecaster.get_params()["units"]
        (64,)
    """

    result_files = (METRICS, FORECAST, REPORT)
    fit_call = ".fit(data, time=…, target=…)"
    loads_compiled = True
    input_types = (WindowInput,)
    target_type = SeriesTarget

    window: int = setting(
        default=24, help="timesteps that the model reads.", check=whole(1), option=Option(SERIES, int), kw_only=False
    )
    horizon: int = setting(
        default=1,
        help="steps that it forecasts at once (direct multi-step).",
        check=whole(1),
        option=Option(SERIES, int),
        kw_only=False,
    )
    units: Sequence[int] = setting(
        default=(64,),
        help="width of each stacked LSTM layer, for example ``(128, 64)``.",
        check=widths,
        option=UNITS,
        kw_only=False,
    )
    bidirectional: bool = setting(default=False, help="read each window in both directions.")
    return_sequences: bool = setting(
        default=False,
        help="sequence to sequence: learn a forecast at every timestep instead of at the last alone.",
        check=flag,
        option=Option(SERIES, bool),
    )
    residual: bool | str = setting(
        default="auto",
        help='forecast the change from the last value; ``"auto"`` does so when, over the training windows, the last '
        "value is a better forecast than the training mean.",
        check=choice("auto", True, False),
    )
    linear_skip: bool = setting(
        default=True, help="add a linear map of the targets' window to the LSTM's forecast.", check=flag
    )
    log: bool | str = setting(
        default="auto",
        help='take the targets\' logarithm; ``"auto"`` does so when their swings grow with their level.',
        check=choice("auto", True, False),
    )
    scaler: str | Mapping[str, str] = setting(
        default="standard",
        help='``"standard"``, ``"minmax"``, ``"robust"``, ``"none"``, or a mapping from column to one of them.',
        check=one_of(KINDS),
        option=Option(MODEL_PANEL, str, help="standard, minmax, robust or none."),
    )
    gaps: str = setting(
        default="interpolate",
        help='``"interpolate"``, ``"mask"`` or ``"error"``; see `seqwise.data.make_series`.',
        check=one_of(GAP_RULES),
        option=Option(SERIES, str, help="Missing rows and values: interpolate, mask or error."),
    )
    season: int | str = setting(
        default="auto",
        help='the seasonal period in rows, for the baselines and MASE; ``"auto"`` finds it.',
        check=_check_season,
    )
    validation: float = setting(
        default=0.2,
        help="share (0.2) or number of rows held back to find the best epoch: those before the test part. A share is "
        "rounded down to whole horizons.",
    )
    test: float = setting(
        default=0.1,
        help="share or number of rows held back to score the model: the latest rows. A share is rounded down to whole "
        "horizons.",
    )
    learning_rate: float = setting(default=0.005)
    loss: Any = setting(
        default="mse", help="any of Keras's, by name or object.",
        option=Option(TRAINING, str, help="Any of Keras's losses, by name."),
    )  # fmt: skip
    epochs: int = setting(default=300)
    patience: int | None = setting(default=30)

    input_: WindowInput = learned()
    target_: SeriesTarget = learned()
    series_: TimeSeries = learned()
    season_: int = learned()

    def fit(
        self,
        data: Any,
        *,
        target: Any = None,
        time: Any = None,
        features: Any = None,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
    ) -> Forecaster:
        """Train on a table.

        Args:
            data: a path (CSV, Parquet), a pandas, polars or pyarrow table, or a NumPy array (rows, columns).
            target: name(s) of the column(s) to forecast; may be left out where there is one numeric column.
            time: the time column; a list where year, month, … are apart; None for evenly spaced rows.
            features: further input columns, or ``"all"``. The targets' own past is always read.
            callbacks: Keras callbacks.
            verbose: a live progress bar; None shows it in a terminal or notebook.

        Raises:
            DataError, SettingError: each message says how to fix it.
        """
        return self._fit(self._prepare(data, target=target, time=time, features=features), callbacks, verbose)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.return_sequences and self.bidirectional:
            raise SettingError(
                "return_sequences=True with bidirectional=True would show each timestep its own targets: the backward "
                "direction reads the rows after it. Choose one of the two."
            )

    def _prepare(self, data: Any, *, target: Any = None, time: Any = None, features: Any = None) -> SeriesData:
        self._check_settings()
        table = read_table(data)
        if target is None:
            numeric = [c for c in table.numeric_columns() if c != time]
            if len(numeric) != 1:
                raise SettingError(f"target is missing. Name the column(s) to forecast: one of {numeric}.")
            target = numeric[0]
        series = make_series(table, target=target, time=time, features=features, gaps=self.gaps)
        used: set[Any] = {*series.columns, *(time if isinstance(time, list) else [time])}
        available = tuple(column for column in table.numeric_columns() if column not in used)
        path = str(data) if isinstance(data, (str, Path)) else None
        return self._prepare_plan(self._make_plan(series), available, path)

    def _make_plan(self, series: TimeSeries, test: float | None = None) -> Plan:
        return make_plan(
            series,
            window=self.window,
            horizon=self.horizon,
            validation=self.validation,
            test=self.test if test is None else test,
            every_step=self.return_sequences,
        )

    def _prepare_plan(self, plan: Plan, available: tuple[str, ...] = (), path: str | None = None) -> SeriesData:
        windows = WindowInput(self.window, self.gaps == "mask", self.scaler, self.log)
        windows.fit(plan)
        timesteps = self.window if self.return_sequences else None
        target = SeriesTarget(plan.series.target_names, self.horizon, timesteps, windows.scaler, self.loss)
        return SeriesData(plan, windows, target, available, path)

    def _default_network(self, data: SeriesData) -> Any:
        return build_network(
            window=self.window,
            features=len(data.input.columns),
            targets=len(data.target.names),
            horizon=self.horizon,
            units=tuple(self.units),
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            return_sequences=self.return_sequences,
            residual=self._residual(data),
            linear_skip=self.linear_skip,
            masked=data.input.masked,
            seed=self.seed,
        )

    def _residual(self, data: SeriesData) -> bool:
        return data.change_is_easier() if self.residual == "auto" else bool(self.residual)

    def _adopt(self, data: SeriesData, model: Any, training: Training) -> None:
        series, first = data.plan.series, data.plan.split.validation
        season, residual = find_season(data.plan, self.season), self._residual(data)
        super()._adopt(data, model, training)
        self.series_, self.season_, self.residual_ = series, season, residual
        self.test_start_ = series.time_index.at(np.array([first]))[0] if first < len(series) else None

    @property
    def plan_(self) -> Plan | None:
        """The split into parts; None after `load`."""
        return None if self._data is None else self._data.plan

    @property
    def scaler_(self) -> Any:
        """The scaler of all columns, fitted on the training rows."""
        return self.input_.scaler

    @scaler_.setter
    def scaler_(self, scaler: Any) -> None:
        self.input_.scaler = self.target_.scaler = scaler

    def predict(self, data: Any = None) -> Any:
        """Forecast the `horizon` rows after the end of `data` (None: of the data it was fitted on).

        Returns:
            A table of the same kind as the data: the time column, then each target, `horizon` rows. For a NumPy
            array: an array of shape (horizon, targets).
        """
        self._check_fitted()
        series = self.series_ if data is None else self.read_again(data)
        return to_kind(self.forecast_columns(series, *self.forecast(series)), series.kind)

    @staticmethod
    def forecast_columns(series: TimeSeries, times: np.ndarray, forecast: np.ndarray) -> dict[str, np.ndarray]:
        """Return a forecast as named columns: the time (``"step"`` where rows are only numbered), each target."""
        name = "step" if series.time is None else series.time if isinstance(series.time, str) else "time"
        return {name: times} | {target: forecast[:, j] for j, target in enumerate(series.target_names)}

    def forecast(self, series: TimeSeries) -> tuple[np.ndarray, np.ndarray]:
        """Return the times, shape (horizon,), and values, shape (horizon, targets), that follow a series."""
        if len(series) < self.window:
            raise DataError(
                f"{series.label} has {len(series)} usable rows, but the model reads {self.window} (its window): bring "
                f"{self.window - len(series)} more."
            )
        forecast = self._forecast_at(series, np.array([len(series)]))[0]
        return series.time_index.at(np.arange(len(series), len(series) + self.horizon)), forecast

    def _forecast_at(self, series: TimeSeries, origins: np.ndarray) -> np.ndarray:
        windows = Windows(self.input_.prepare(series), self.window, self.horizon, series.targets)
        return self.target_.finish(
            predict_windows(self.model_, WindowBatches(windows, series.visible_steps()), origins)
        )

    def evaluate(self, data: Any = None) -> ForecastComparison:
        """Score the forecasts of every window of the test part, beside the baselines on the same windows.

        Args:
            data: None for the data it was fitted on; else a table, of which all windows with targets from the
                start of the test part on are scored (by time; rows without times are counted from the first).

        Raises:
            DataError: no window lies there.
        """
        self._check_fitted()
        return self._score_held_back() if data is None else self._compare(self.read_again(data))

    def _held_back(self) -> tuple[TimeSeries]:
        if self._data is None:
            raise DataError("A loaded run keeps only its last window: pass the data, evaluate(data).")
        return (self.series_,)

    def _compare(self, series: TimeSeries) -> ForecastComparison:
        first = self._first_test_row(series)
        plan = make_plan(series, window=self.window, horizon=self.horizon, validation=0, test=0)
        windows = Windows(series.values, self.window, self.horizon, series.targets, first, None, plan.usable)
        origins = np.asarray(windows.origins)
        if not origins.size:
            raise DataError(
                f"{series.label}: no window of {self.window} rows with {self.horizon} observed rows after it lies in "
                f"the test part, from {self.test_start_} on. "
                + ("Nothing was held back: fit with test=0.1." if self.test_start_ is None else "Bring later rows.")
            )
        forecast = self._forecast_at(series, origins)
        return compare_forecasts(series, origins, forecast, season=self.season_, fit_rows=max(first, self.window))

    def _first_test_row(self, series: TimeSeries) -> int:
        if self.test_start_ is None:
            return len(series)
        place = series.time_index.positions(np.array([self.test_start_], dtype=series.times.dtype))[0]
        return int(max(np.ceil(place), 0))

    def backtest(self, data: Any = None, folds: int = 5, *, verbose: bool | None = False) -> Backtest:
        """Rolling-origin backtest: each fold trains afresh on all rows before it, with the same settings.

        Args:
            data: None for the data it was fitted on.
            folds: how many; each is as long as the test part (at least one horizon).
        """
        self._check_fitted()
        if data is None and self._data is None:
            raise DataError("A loaded run keeps only its last window: pass the data, backtest(data).")
        series = self.series_ if data is None else self.read_again(data)
        whole_split = self._make_plan(series).split
        fold_rows = max(whole_split.rows - whole_split.validation, self.horizon)

        def train_and_score(part: TimeSeries, start: int) -> ForecastComparison:
            fresh = Forecaster(**{name: getattr(self, name) for name in declared_settings(Forecaster)})
            plan = fresh._make_plan(part, test=len(part) - start)
            return fresh._fit(fresh._prepare_plan(plan), verbose=verbose).evaluate()

        least = self.window + self.horizon
        if self.validation >= 1:  # a number of rows
            least += int(self.validation)
        else:
            least = int(np.ceil((least + self.horizon) / max(1 - self.validation, 0.1)))
        return backtest(series, folds=folds, fold_rows=fold_rows, least_rows=least, train_and_score=train_and_score)

    def read_again(self, data: Any) -> TimeSeries:
        """Read a table with the columns, time index and gap rule of the training data."""
        series = self.series_
        time_index = series.time_index if series.time is not None else None
        extra = series.columns[series.targets :]
        return make_series(
            data, target=series.target_names, time=series.time, features=extra, gaps=self.gaps, time_index=time_index
        )

    # the run folder

    @classmethod
    def _part_files(cls, saved: dict[str, Any]) -> tuple[str, ...]:
        return (CONTEXT,)

    def _save_parts(self, folder: Path) -> dict[str, Any]:
        series = self.series_
        context = {"values": series.values[-self.window :].copy()}
        if series.observed is not None:
            context["observed"] = series.observed[-self.window :].astype(np.uint8)
        save_file(context, folder / CONTEXT)
        return {
            "data": {
                "kind": series.kind,
                "label": series.label,
                "columns": series.columns,
                "targets": series.targets,
                "time": series.time,
                "time_index": series.time_index.__dict__,
                "rows": len(series),  # from the time index's start
                "notes": series.warnings,
            },
            "test_start": None if self.test_start_ is None else str(self.test_start_),
            "season": self.season_,
            "residual": self.residual_,
        }

    def _load_parts(self, folder: Path, saved: dict[str, Any]) -> None:
        data = saved["data"]
        self.season_, self.residual_ = saved["season"], saved["residual"]
        self.series_ = _last_window(folder, data, self.window, self.gaps)
        start = saved["test_start"]
        if start is not None:
            start = int(start) if data["time_index"]["unit"] == "i" else np.datetime64(start, "us")
        self.test_start_ = start

    def _write_more_results(self, folder: Path, comparison: ForecastComparison | None) -> None:
        from seqwise.estimators.forecasting.report import write_forecast

        columns = self.forecast_columns(self.series_, *self.forecast(self.series_))
        write_forecast(folder / FORECAST, columns)

    def _report(self, comparison: ForecastComparison | None) -> dict[str, Any]:
        from seqwise.estimators.forecasting.report import report_content

        if self._data is None:
            raise DataError("A loaded run keeps only its last window: the report on it is in its folder, report.html.")
        used = {"log taken of": self.scaler_.log}
        if self.network is None:
            used = {"residual used": self.residual_} | used
        return {
            "title": f"Forecast of {', '.join(self.series_.target_names)}",
            "settings": plain_settings(self, Forecaster) | used,
            "loss": self.target_.loss_in_words,
        } | report_content(self.series_, self.forecast(self.series_), comparison)


def _last_window(folder: Path, data: dict[str, Any], window: int, gaps: str) -> TimeSeries:
    shape = (window, len(data["columns"]))
    arrays = read_arrays(folder / CONTEXT, {"values": shape, "observed": shape})
    values = arrays["values"]
    observed = arrays["observed"].astype(bool) if "observed" in arrays else None
    index = TimeIndex(**data["time_index"])
    start = index.at(np.array([data["rows"] - len(values)]))[0]
    index = TimeIndex(int(start) if index.unit == "i" else str(start), index.step, index.unit, index.month_end)
    return TimeSeries(
        values, data["columns"], data["targets"], index, data["time"], observed, gaps, data["notes"], data["kind"],
        data["label"],
    )  # fmt: skip
