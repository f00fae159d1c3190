"""Forecasting a series: from a table to a trained model, its forecast and its honest error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.backend import deferred_imports, import_keras
from seqwise.data import TimeSeries, Windows, make_series, read_table, to_kind
from seqwise.errors import DataError, NotFittedError, SettingError
from seqwise.estimators.forecasting.data import (
    Plan,
    change_is_easier,
    find_season,
    fit_scaler,
    make_batches,
    make_plan,
    tell_shapes,
)
from seqwise.estimators.forecasting.network import build_network
from seqwise.estimators.forecasting.summary import SeriesSummary
from seqwise.estimators.settings import check_backend, check_forecaster, check_loss, make_optimizer
from seqwise.evaluation import Backtest, Evaluation, backtest, evaluate
from seqwise.training import Training, WindowBatches, auto_batch_size, fit, predict_windows

with deferred_imports():
    from sklearn.base import BaseEstimator


class Forecaster(BaseEstimator):
    """Forecast the next `horizon` rows of a series from the last `window` rows with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end
    in ``_`` are what it learned.

    Args:
        window: timesteps that the model reads.
        horizon: steps that it forecasts at once (direct multi-step).
        units: width of each stacked LSTM layer, for example ``(128, 64)``.
        bidirectional: read each window in both directions.
        dropout: share of each LSTM layer's inputs dropped in training, 0 to 1.
        return_sequences: sequence to sequence: learn a forecast at every timestep instead of the last alone.
        residual: forecast the change from the last value; ``"auto"`` does so when, over the training windows, the
            last value is a better forecast than the training mean.
        linear_skip: add a linear map of the targets' window to the LSTM's forecast.
        log: take the targets' logarithm; ``"auto"`` does so when their swings grow with their level.
        scaler: ``"standard"``, ``"minmax"``, ``"robust"``, ``"none"``, or a mapping from column to one of them.
        gaps: ``"interpolate"``, ``"mask"`` or ``"error"``; see `seqwise.data.make_series`.
        season: the seasonal period in rows, for the baselines and MASE; ``"auto"`` finds it.
        validation, test: share (0.2) or number of rows held back, the latest rows for the test. Shares are rounded
            down to whole horizons.
        optimizer, loss: any of Keras's, by name or object.
        learning_rate: for an optimizer given by name.
        epochs, patience: the most epochs, and how many without improvement end the training.
        batch_size: windows in a training step; ``"auto"`` takes 16 to 128 by their number.
        seed: seeds weights, shuffling and dropout; the same seed gives the same weights.

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

    plan_: Plan | None
    evaluation_: Evaluation | None
    results_: dict[str, str] | None  # of a loaded run: the texts of its result files

    def __init__(
        self,
        window: int = 24,
        horizon: int = 1,
        units: Sequence[int] = (64,),
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
        return_sequences: bool = False,
        residual: bool | str = "auto",
        linear_skip: bool = True,
        log: bool | str = "auto",
        scaler: str | Mapping[str, str] = "standard",
        gaps: str = "interpolate",
        season: int | str = "auto",
        validation: float = 0.2,
        test: float = 0.1,
        optimizer: Any = "adam",
        learning_rate: float = 0.005,
        loss: Any = "mse",
        epochs: int = 300,
        patience: int | None = 30,
        batch_size: int | str = "auto",
        seed: int = 0,
    ) -> None:
        self.window = window
        self.horizon = horizon
        self.units = units
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.return_sequences = return_sequences
        self.residual = residual
        self.linear_skip = linear_skip
        self.log = log
        self.scaler = scaler
        self.gaps = gaps
        self.season = season
        self.validation = validation
        self.test = test
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.seed = seed

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
            DataError, SettingError: each message says how to mend it.
        """
        check_forecaster(self)
        series = self._read(data, target, time, features)
        plan = self._plan(series)
        self._fit_plan(plan, callbacks, verbose)
        self.data_ = str(data) if isinstance(data, (str, Path)) else None
        return self

    def _read(self, data: Any, target: Any, time: Any, features: Any) -> TimeSeries:
        table = read_table(data)
        if target is None:
            numeric = [c for c in table.numeric_columns() if c != time]
            if len(numeric) != 1:
                raise SettingError(f"target is missing. Name the column(s) to forecast: one of {numeric}.")
            target = numeric[0]
        return make_series(table, target=target, time=time, features=features, gaps=self.gaps)

    def _plan(self, series: TimeSeries, test: float | None = None) -> Plan:
        return make_plan(
            series,
            window=self.window,
            horizon=self.horizon,
            validation=self.validation,
            test=self.test if test is None else test,
            every_step=self.return_sequences,
        )

    def _fit_plan(self, plan: Plan, callbacks: Sequence[Any] = (), verbose: bool | None = None) -> None:
        from seqwise.layers import accelerate  # imports Keras

        keras = import_keras()
        series = plan.series
        check_backend(keras)
        optimizer = make_optimizer(keras, self.optimizer, self.learning_rate)
        loss = check_loss(keras, self.loss)
        scaler = fit_scaler(plan, self.scaler, self.log)
        scaled = scaler.transform(series.values)
        residual = change_is_easier(plan, scaled) if self.residual == "auto" else bool(self.residual)
        model = build_network(
            window=self.window,
            features=len(series.columns),
            targets=series.targets,
            horizon=self.horizon,
            units=tuple(self.units),
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            return_sequences=self.return_sequences,
            residual=residual,
            linear_skip=self.linear_skip,
            masked=self.gaps == "mask",
            seed=self.seed,
        )
        accelerate(model, verbose=False)
        # jit_compile is left to Keras, which knows what each backend can do
        model.compile(optimizer, loss)
        train, validation = make_batches(plan, "train", scaled), make_batches(plan, "validation", scaled)
        size = auto_batch_size(len(train)) if self.batch_size == "auto" else int(self.batch_size)
        training = fit(
            model,
            train,
            validation if len(validation) else None,
            epochs=self.epochs,
            batch_size=min(size, len(train)),
            patience=self.patience,
            seed=self.seed,
            callbacks=callbacks,
            verbose=verbose,
        )
        # all at once, so that a fit that fails leaves an earlier one whole
        self.model_, self.scaler_, self.residual_ = model, scaler, residual
        self.training_: Training = training
        self.season_ = find_season(plan, self.season)
        self.series_, self.plan_, self.evaluation_, self.results_ = series, plan, None, None
        first = plan.split.validation
        self.test_start_ = series.time_index.at(np.array([first]))[0] if first < len(series) else None

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
        scaled = self.scaler_.transform(series.values)
        batches = WindowBatches(Windows(scaled, self.window, self.horizon, series.targets), series.visible_steps())
        outputs = predict_windows(self.model_, batches, origins)
        if self.return_sequences:
            outputs = outputs[:, -1]
        return self.scaler_.inverse(outputs, series.targets)

    def evaluate(self, data: Any = None) -> Evaluation:
        """Score the forecasts of every window of the test part, beside the baselines on the same windows.

        Args:
            data: None for the data it was fitted on; else a table, of which all windows with targets from the
                start of the test part on are scored (by time; rows without times are counted from the first).

        Raises:
            DataError: no window lies there.
        """
        self._check_fitted()
        if data is None and self.evaluation_ is not None:
            return self.evaluation_
        if data is None and self.plan_ is None:
            raise DataError("A loaded run holds no data but its last window: pass them, evaluate(data).")
        series = self.series_ if data is None else self.read_again(data)
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
        evaluation = evaluate(
            series, origins, self._forecast_at(series, origins), season=self.season_, fit_rows=max(first, self.window)
        )
        if data is None:
            self.evaluation_ = evaluation
        return evaluation

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
        if data is None and self.plan_ is None:
            raise DataError("A loaded run holds no data but its last window: pass them, backtest(data).")
        series = self.series_ if data is None else self.read_again(data)
        whole = self._plan(series).split
        fold_rows = max(whole.rows - whole.validation, self.horizon)

        def train_and_score(part: TimeSeries, start: int) -> Evaluation:
            fresh = Forecaster(**self.get_params(deep=False))
            fresh._fit_plan(fresh._plan(part, test=len(part) - start), verbose=verbose)
            return fresh.evaluate()

        least = self.window + self.horizon
        if self.validation >= 1:  # a number of rows
            least += int(self.validation)
        else:
            least = int(np.ceil((least + self.horizon) / max(1 - self.validation, 0.1)))
        return backtest(series, folds=folds, fold_rows=fold_rows, least_rows=least, train_and_score=train_and_score)

    def shapes(
        self, data: Any, *, target: Any = None, time: Any = None, features: Any = None
    ) -> tuple[SeriesSummary, list[str]]:
        """Tell what the tensors will be, without training, and what was found and mended in the data.

        Returns:
            the story (`seqwise.estimators.forecasting.summary.SeriesSummary`), and the notes, one sentence each.
        """
        check_forecaster(self)
        table = read_table(data)
        series = self._read(table, target, time, features)
        used = {*series.columns, *(time if isinstance(time, list) else [time])}
        return tell_shapes(self._plan(series), [c for c in table.numeric_columns() if c not in used]), series.warnings

    def save(self, path: str | Path) -> Path:
        """Write the run folder: model, scaler, metrics, forecast and report. Returns its path.

        Raises:
            BundleError: the folder exists, is not empty and is no Seqwise run.
        """
        from seqwise.estimators.runs import save_run

        self._check_fitted()
        return save_run(self, Path(path))

    def read_again(self, data: Any) -> TimeSeries:
        """Read a table with the columns, time index and gap rule of the training data."""
        series = self.series_
        time_index = series.time_index if series.time is not None else None
        extra = series.columns[series.targets :]
        return make_series(
            data, target=series.target_names, time=series.time, features=extra, gaps=self.gaps, time_index=time_index
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError("This Forecaster is not trained yet: call .fit(data, time=…, target=…) first.")
