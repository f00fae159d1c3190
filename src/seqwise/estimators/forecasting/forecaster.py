"""Forecasting a series: from a table to a trained model, its forecast and its honest error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.artifact.last_window import CONTEXT, load_last_window, save_last_window
from seqwise.backend import import_keras
from seqwise.data import TimeSeries, to_kind
from seqwise.data.panels import Panel
from seqwise.errors import DataError, SettingError
from seqwise.estimators.base import METRICS, REPORT, Schedule, TrainingBatches
from seqwise.estimators.forecasting import panel_forecasts, series_forecasts
from seqwise.estimators.forecasting.ahead import future_rows, known_ahead
from seqwise.estimators.forecasting.attention import build_attention_network, decoder_weights
from seqwise.estimators.forecasting.choosing import choose_recipe, trial_epochs
from seqwise.estimators.forecasting.comparing import compare_recipes
from seqwise.estimators.forecasting.cross_validation import cross_validate
from seqwise.estimators.forecasting.data import Plan, SeriesData, SeriesTarget, WindowInput, find_season
from seqwise.estimators.forecasting.distributions import Distribution, distribution_of, is_of_counts
from seqwise.estimators.forecasting.forecaster_settings import ForecasterSettings
from seqwise.estimators.forecasting.interval_columns import check_levels, levels_of
from seqwise.estimators.forecasting.intervals import Intervals, measure
from seqwise.estimators.forecasting.network import build_network
from seqwise.estimators.forecasting.panel_data import (
    PanelData,
    PanelInput,
    PanelTarget,
    find_panel_season,
    plan_forecasts,
)
from seqwise.estimators.forecasting.per_target import target_batches
from seqwise.estimators.forecasting.prediction import (
    RECURSIVE,
    Prediction,
    check_steps,
    forecast_after,
    long_table,
    table_kind,
)
from seqwise.estimators.forecasting.preparation import prepare, prepare_known, split_series
from seqwise.estimators.forecasting.reading import ColumnRoles, read_again, read_data
from seqwise.estimators.forecasting.recipes import (
    FEW_EPOCHS,
    MANY,
    RECIPES,
    auto_batch,
    auto_epochs,
    auto_patience,
    auto_rate,
    resolved,
)
from seqwise.estimators.forecasting.sampling import SamplePaths, check_paths, path_columns
from seqwise.estimators.forecasting.segments import build_segment_network
from seqwise.estimators.memory import lstm_weights
from seqwise.estimators.saved_settings import plain_settings
from seqwise.estimators.settings import declared_settings, estimator, learned, make_optimizer, whole
from seqwise.evaluation import Backtest, ForecastComparison, backtest
from seqwise.evaluation.ranking import Ranking
from seqwise.training import Training
from seqwise.training.batches import Batches

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORECAST = "forecast.csv"
HOLD_BACK = "fit with validation=0.2."


@estimator
class Forecaster(ForecasterSettings):
    """Forecast the next `horizon` rows of a series from the last `window` rows with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end
    in ``_`` are what it learned.

    Args:
        {settings}

    Attributes:
        model_: the Keras model. Takes (samples, window, features), scaled; gives (samples, horizon, targets).
        scaler_: the `Scaler`. series_: the `TimeSeries` it was trained on (after `load`: its last window).
        panel_: with many series, the `Panel` it was trained on (after `load`: their last windows); else None.
        plan_: the split into parts; None after `load`.
        season_: the seasonal period in rows, 1 for none. training_: history, seconds, best epoch.
        recipe_: the recipe of its network. trials_: the smallest validation loss of each recipe that was tried for
            ``recipe="auto"``; empty where none was.

    Example:
        >>> import seqwise as sw
        >>> forecaster = sw.Forecaster(window=24, horizon=12, seed=0)
        >>> forecaster.get_params()["units"]
        (64,)
    """

    result_files = (METRICS, FORECAST, REPORT)
    fit_call = ".fit(data, time=…, target=…)"
    loads_compiled = True
    input_types = (WindowInput, PanelInput)
    target_type = SeriesTarget

    input_: Any = learned()  # WindowInput; with many series PanelInput
    target_: Any = learned()  # SeriesTarget or PanelTarget
    series_: TimeSeries = learned()
    panel_: Panel | None = learned(default=None)
    _unseen: list[np.ndarray] = learned()  # weights of the model that was not trained on the validation rows
    _intervals: Intervals | None = learned(default=None)
    until_: np.ndarray = learned()  # of many series: the position at which each one's test set begins
    season_: int = learned()
    recipe_: str = learned()
    trials_: dict[str, float] = learned()

    def fit(
        self,
        data: Any,
        *,
        target: Any = None,
        time: Any = None,
        features: Any = None,
        past: Any = None,
        future: Any = None,
        static: Any = None,
        series: str | None = None,
        validation_data: Any = None,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
        resume: str | Path | None = None,
    ) -> Forecaster:
        """Train on a table.

        Args:
            data: a path (CSV, Parquet), a pandas, polars or pyarrow table, or a NumPy array (rows, columns); for many
                series also a dict ``{name: values}``.
            target: name(s) of the column(s) to forecast; may be left out where there is one numeric column.
            time: the time column; a list where year, month, … are apart; None for evenly spaced rows.
            features: further input columns, or ``"all"``. The targets' own past is always read. A column of words
                becomes a column of 0 and 1 for each of them.
            past: the same, in Darts' word: columns of which only the past is known.
            future: columns that are known in advance, a price or a plan; `predict` takes their future rows.
            static: with many series, columns that hold one value for each.
            series: in a long table of many series, the column that names each row's series. One model learns from
                all. The columns ``unique_id``, ``ds`` and ``y`` of Nixtla's tables are taken without being named.
            validation_data: a table with the same columns to find the best epoch on, in place of the rows that
                `validation` holds back. It is not trained on.
            {training}

        Raises:
            DataError, SettingError: each message says how to fix it.
        """
        roles = ColumnRoles(target, time, features, past, future, static, series)
        prepared = self._prepare(data, validation_data=validation_data, **roles.__dict__)
        return self._fit(prepared, callbacks, verbose, resume)

    def _prepare(self, data: Any, *, validation_data: Any = None, **roles: Any) -> SeriesData | PanelData:
        self._check_settings()
        return prepare(self, data, ColumnRoles(**roles), validation_data)

    def _fit_alone(
        self,
        data: SeriesData | PanelData,
        callbacks: Sequence[Any],
        verbose: bool | None,
        folder: Path | None = None,
    ) -> Forecaster:
        """Train; where the recipe is to be chosen, try each and train the one of the smallest validation loss."""
        if not data.candidates or not len(data.batches("validation")):
            return super()._fit_alone(data, callbacks, verbose, folder)

        def try_one(trial: SeriesData | PanelData, number: int) -> Training:
            network, training = self._train_network(trial, (), verbose, folder, number)
            if training.interrupted:
                self._adopt(trial, trial.target.finished_model(network), training)
            return training

        choice = choose_recipe(data, try_one)
        if choice is None:
            return self
        return super()._fit_alone(replace(data.with_recipe(choice.recipe), choice=choice), callbacks, verbose, folder)

    def _train(
        self, data: SeriesData | PanelData, callbacks: Sequence[Any], verbose: bool | None, folder: Path | None
    ) -> tuple[Any, Training]:
        if data.choice is None:
            return self._train_network(data, callbacks, verbose, folder)
        network, training = self._train_network(data, callbacks, verbose, folder, number=len(data.choice.losses) + 1)
        training.seconds += data.choice.seconds
        return network, training

    def _title(self, data: SeriesData | PanelData) -> str:
        return f"trying {data.recipe}" if data.trial else super()._title(data)

    def _training_batches(self, data: SeriesData | PanelData) -> TrainingBatches:
        parts = ("train", "validation", "refit")
        if isinstance(data, SeriesData) and data.target.shared:
            batches = [target_batches(data.series, data.scaled, data.windows(part), data.input.known) for part in parts]
        else:
            batches = [data.batches(part) for part in parts]
        if data.trial:
            return TrainingBatches(*batches[:2])
        held_back = not isinstance(data, SeriesData) or data.own_validation is None
        refit = len(batches[0]) >= MANY if self.refit == "auto" else self.refit
        return TrainingBatches(batches[0], batches[1], batches[2] if refit and held_back else None)

    def _schedule(self, data: SeriesData | PanelData, train: Batches[Any]) -> Schedule:
        recipe = data.recipe
        size = auto_batch(recipe, len(train)) if self.batch_size == "auto" else int(self.batch_size)
        size = min(size, len(train))
        steps = train.batches_per_epoch(size)
        epochs = auto_epochs(recipe, steps) if self.epochs == "auto" else int(self.epochs)
        rate = resolved(self, "learning_rate", recipe)
        if self.learning_rate == "auto" and self.epochs == "auto":
            rate = auto_rate(recipe, epochs)
        if data.trial:
            epochs = trial_epochs(recipe, epochs, steps)
        falls = self.learning_rate == "auto" and isinstance(self.optimizer, str)
        if falls:
            rate = import_keras().optimizers.schedules.CosineDecay(rate, steps * epochs)
        return Schedule(size, epochs, rate, warm=falls and self.epochs == "auto" and epochs < FEW_EPOCHS)

    def _measure(self, data: Any, model: Any, validation: Batches[Any]) -> list[np.ndarray]:
        return model.get_weights()

    def _patience(self, epochs: int) -> int | None:
        return auto_patience(epochs) if self.patience == "auto" else self.patience

    def _default_network(self, data: SeriesData | PanelData) -> Any:
        features, targets = len(data.input.columns), len(data.target.names)
        shared: dict[str, Any] = {
            "window": self.window,
            "horizon": self.horizon,
            "units": tuple(self.units),
            "dropout": resolved(self, "dropout", data.recipe),
            "masked": data.input.masked,
            "seed": self.seed,
            "known": data.input.known,
            "outputs": data.target.outputs,
        }
        if data.recipe == "segments":
            return build_segment_network(features=1 + features - targets, **shared)
        shared |= {"features": features, "targets": targets}
        shared |= {"residual": self._residual(data), "linear_skip": self.linear_skip}
        if data.recipe == "attention":
            return build_attention_network(**shared)
        return build_network(bidirectional=self.bidirectional, return_sequences=self.return_sequences, **shared)

    def _size(self, data: SeriesData | PanelData) -> tuple[int, str]:
        features, width = len(data.input.columns), int(self.units[-1])
        weights = lstm_weights(features, self.units, self.bidirectional)
        weights += self.horizon * len(data.target.names) * (width + self.window)
        if data.recipe == "attention":
            weights += decoder_weights(self.units, self.horizon, data.input.known)
        return weights, f"units={self.units!r}"

    def _residual(self, data: SeriesData | PanelData) -> bool:
        if data.recipe == "segments" or isinstance(data, PanelData):
            return self.residual is not False
        return data.change_is_easier() if self.residual == "auto" else bool(self.residual)

    def _adopt(self, data: SeriesData | PanelData, model: Any, training: Training) -> None:
        unseen = model.get_weights() if self._measured is None else self._measured
        recipe, trials = data.recipe, {} if data.choice is None else dict(data.choice.losses)
        if isinstance(data, PanelData):
            season, residual = find_panel_season(data.plan, self.season), self._residual(data)
            super()._adopt(data, model, training)
            self._unseen, self._intervals, self.recipe_, self.trials_ = unseen, None, recipe, trials
            self.panel_, self.season_, self.residual_, self.test_start_ = data.plan.panel, season, residual, None
            self.until_ = self.panel_.first + data.plan.validation
            return
        series, first = data.plan.series, data.plan.split.validation
        season, residual = find_season(data.plan, self.season), self._residual(data)
        if not model.compiled:  # what was trained is the network of one target
            model.compile(make_optimizer(import_keras(), self.optimizer, 0.001), data.target.loss())
            model.optimizer.build(model.trainable_variables)
        super()._adopt(data, model, training)
        self._unseen, self._intervals, self.recipe_, self.trials_ = unseen, None, recipe, trials
        self.panel_, self.series_, self.season_, self.residual_ = None, series, season, residual
        self.test_start_ = series.time_index.at(np.array([first]))[0] if first < len(series) else None

    @property
    def plan_(self) -> Plan | None:
        """The split into parts; None after `load`, and of many series."""
        return self._data.plan if isinstance(self._data, SeriesData) else None

    @property
    def scaler_(self) -> Any:
        """The scaler of all columns, fitted on the training rows."""
        return self.input_.scaler

    @scaler_.setter
    def scaler_(self, scaler: Any) -> None:
        self.input_.scaler = self.target_.scaler = scaler

    @property
    def intervals_(self) -> Intervals | Distribution | None:
        """How far truth lay from forecast so far, or the distribution that is forecast; None without both."""
        if self.target_.distribution is not None:
            return self.target_.distribution
        return self._errors()

    def _errors(self) -> Intervals | None:
        """Return how far truth lay from forecast so far; None where nothing was held back."""
        if self._intervals is None and self._data is not None:
            validation = self._data.batches("validation")
            if len(validation) and isinstance(self._data, SeriesData):
                rows, first = len(self.series_), self._data.plan.split.validation
                self._intervals = measure(
                    self.model_, self._unseen, validation, self._data.batches("test"), rows, first - rows
                )
            elif len(validation):
                self._intervals = measure(self.model_, self._unseen, validation)
        return self._intervals

    def predict(
        self,
        data: Any = None,
        *,
        horizon: int | None = None,
        future_df: Any = None,
        level: Any = None,
        quantiles: Any = None,
    ) -> Any:
        """Forecast the rows after the end of `data` (None: of the data it was fitted on).

        Args:
            horizon: how many rows; None for as many as it was trained for. Later rows are forecast by recursion, each
                block from the forecasts before it, and the column ``recursive`` of a table marks them. That needs a
                model that reads no other past, and what is known in advance of every row.
            future_df: a table of the rows to come with the columns that are known in advance (`fit`'s `future`), and
                those of time and series. `future_frame` gives the rows to fill in.
            level: levels of intervals, in percent: ``[80, 95]`` adds the columns ``y-lo-95``, ``y-lo-80``, ``y-hi-80``
                and ``y-hi-95`` for a target ``y``. They are conformal, as wide as the errors so far; or, where `loss`
                is a distribution, those of the distribution that is forecast.
            quantiles: of the same distribution; ``[0.1, 0.9]`` adds the columns ``y-q-0.1`` and ``y-q-0.9``.

        Returns:
            A table of the same kind as the data: the time column, then each target, `horizon` rows. For a NumPy
            array: an array of shape (horizon, targets). For many series a long table: series, time, target; for a dict
            a dict. Series that were not in the training data are forecast, too.

        Raises:
            DataError: a value that is known in advance is missing; names the columns and the times.
        """
        self._check_fitted()
        columns, kind = self.forecast_table(data, level, future_df, quantiles, horizon)
        if kind == "numpy":
            columns.pop(RECURSIVE, None)
        if kind != "dict":
            return to_kind(columns, kind)
        if level is not None or quantiles is not None:
            return to_kind(columns, "polars")
        columns.pop(RECURSIVE, None)
        names, *_, values = columns.values()
        return {name: values[names == name] for name in dict.fromkeys(names.tolist())}

    def sample(self, data: Any = None, *, num_samples: int = 100, future_df: Any = None, seed: int = 0) -> Any:
        """Draw paths that may come: `num_samples` of the `horizon` rows after the end of `data`.

        A path takes the errors of one whole window that the model was not trained on, so errors are correlated from
        step to step as they were there. With a distribution as `loss`, it takes the quantiles at the ranks of these.

        Args:
            data, future_df: as for `predict`. seed: of the draw.

        Returns:
            A long table of the same kind as the data: what `predict` returns for each path, with its number in the
            column ``sample``. For a NumPy array: an array of shape (num_samples, horizon, targets).

        Raises:
            SettingError: nothing was held back in training to know errors from, or memory cannot hold so many paths.
        """
        self._check_fitted()
        whole(1)("num_samples", num_samples)
        known, errors = self._known(data), self._errors()
        if errors is None:
            raise SettingError("Paths come from the errors in validation, and nothing was held back: " + HOLD_BACK)
        series = len(known) if isinstance(known, Panel) else 1
        check_paths(num_samples, series * self.horizon * len(self.target_.names))
        paths = SamplePaths(errors, self.target_.distribution, np.random.default_rng(seed))
        coming = forecast_after(
            self.model_, self.input_, self.target_, known, paths, range(num_samples),
            known_ahead(known, self.horizon, future_df), self.horizon,
        )  # fmt: skip
        if known.kind == "numpy" and not isinstance(known, Panel):
            return np.stack(coming.bounds)[:, 0]
        return long_table(path_columns(known, coming.times, np.stack(coming.bounds)), known)

    def future_frame(self, data: Any = None, *, horizon: int | None = None) -> Any:
        """Return the rows to come, with an empty column for each one that is known in advance: for `predict` to take.

        Args:
            data, horizon: as for `predict`.
        """
        self._check_fitted()
        return to_kind(*self.future_table(data, horizon))

    def future_table(self, data: Any = None, horizon: int | None = None) -> tuple[dict[str, np.ndarray], str]:
        """Return what `future_frame` returns as columns, shape (series × horizon,) each, and the kind of table."""
        known, steps = self._known(data), max(check_steps(horizon, self.horizon), self.horizon)
        return future_rows(known, steps), table_kind(known)

    def forecast_table(
        self,
        data: Any = None,
        level: Any = None,
        future_df: Any = None,
        quantiles: Any = None,
        horizon: int | None = None,
    ) -> tuple[dict[str, np.ndarray], str]:
        """Return what `predict` returns as columns, and the kind of table that the data are."""
        levels = [] if level is None else check_levels(level)
        shares = {} if quantiles is None else levels_of(quantiles)
        known = self._known(data)
        steps = check_steps(horizon, self.horizon)
        # the forecast is the median; for counts, the mean
        both = sorted({*levels, *shares.values()} - (set() if is_of_counts(self.loss) else {0.0}))
        ahead = known_ahead(known, max(steps, self.horizon), future_df)
        return self._forecast_after(known, both, ahead, steps).columns(known, levels, shares), known.kind

    def _known(self, data: Any) -> Any:
        """Return the series, or the panel, that forecasts start from: None for what it was trained on."""
        if data is None:
            return self.series_ if self.panel_ is None else self.panel_
        return self.read_again(data)

    def _forecast_after(
        self,
        known: TimeSeries | Panel,
        levels: Sequence[float] = (),
        ahead: np.ndarray | None = None,
        steps: int | None = None,
    ) -> Prediction:
        """Forecast what follows each series; of steps beyond the horizon by recursion."""
        return forecast_after(
            self.model_, self.input_, self.target_, known, self._calibrated() if levels else None, levels, ahead,
            self.horizon if steps is None else steps,
            0 if isinstance(known, Panel) else self._first_since_end(known) + len(known),
        )  # fmt: skip

    def plot(
        self,
        data: Any = None,
        *,
        future_df: Any = None,
        target: str | None = None,
        series: Any = None,
        level: Any = None,
    ) -> Figure:
        """Draw the last rows of a series and the forecast of what follows them.

        Args:
            data, future_df: as for `predict`.
            target: the name of one of several targets; None for the first.
            series: with many series, the name of the one to draw; None for the first.
            level: of intervals, in percent; they are drawn as bands.

        Returns:
            A matplotlib figure.
        """
        from seqwise.evaluation.forecast_plots import future_plot

        self._check_fitted()
        levels = [] if level is None else check_levels(level)
        known = self._known(data)
        number = known.number(series) if isinstance(known, Panel) else 0
        shown = known.one(number) if isinstance(known, Panel) else known
        if target is not None and target not in shown.target_names:
            raise SettingError(f"target={target!r}: expected one of {shown.target_names}.")
        j = 0 if target is None else shown.target_names.index(target)
        coming = self._forecast_after(known, levels, known_ahead(known, self.horizon, future_df))
        drawn = [bound[number, :, j] for bound in coming.bounds]
        bands = {level: (drawn[-1 - i - len(levels)], drawn[len(levels) + i]) for i, level in enumerate(levels)}
        return future_plot(shown, coming.values[number], coming.times[number], j, bands)

    def _calibrated(self) -> Intervals | Distribution:
        if self.intervals_ is None:
            raise SettingError(
                "Intervals come from the errors in validation, and nothing was held back for it: " + HOLD_BACK
            )
        return self.intervals_

    forecast_columns = staticmethod(series_forecasts.forecast_columns)

    def forecast(self, series: TimeSeries) -> tuple[np.ndarray, np.ndarray]:
        """Return the times, shape (horizon,), and values, shape (horizon, targets), that follow a series."""
        coming = self._forecast_after(series, ahead=known_ahead(series, self.horizon, None))
        return coming.times[0], coming.values[0]

    def forecast_at(self, origins: np.ndarray, level: Any = None) -> list[np.ndarray]:
        """Return the forecasts that start at rows of the series it was fitted on, and the bounds of intervals.

        Args:
            origins: at most `horizon` rows before its end, shape (samples,). level: see `predict`.

        Returns:
            the forecast; then the lower bounds, widest level first, and the upper ones, each (samples, horizon,
                targets).
        """
        levels = [] if level is None else check_levels(level)
        intervals = self._calibrated() if levels else None
        return series_forecasts.forecast_at(
            self.model_, self.input_, self.target_, self.series_, origins, intervals, levels,
            since_end=np.asarray(origins) - len(self.series_),
        )  # fmt: skip

    def evaluate(self, data: Any = None) -> ForecastComparison:
        """Score the forecasts of every window of the test set, beside the baselines on the same windows.

        Args:
            data: None for the data it was fitted on; else a table, whose windows with targets from the
                start of the test set on are scored (by time; rows without times are counted from the first).

        Raises:
            DataError: no window lies there.
        """
        self._check_fitted()
        if data is None:
            return self._score_held_back()
        return self._compare(self.read_again(data))

    def _held_back(self) -> tuple[TimeSeries | Panel]:
        if self._data is None:
            raise DataError("A loaded run keeps only its last window: pass the data, evaluate(data).")
        if self.panel_ is not None and isinstance(self._data, PanelData):
            if (self._data.plan.validation == self.panel_.lengths).all():
                raise DataError("Nothing was held back to score the model: fit with test=0.1.")
            return (self.panel_,)
        return (self.series_,)

    def _compare(self, known: TimeSeries | Panel) -> ForecastComparison:
        if isinstance(known, Panel):
            plan = plan_forecasts(known, window=self.window, horizon=self.horizon)
            first = panel_forecasts.rows_from(known, self.input_.scaler.names_, self.until_)
            return panel_forecasts.compare_panel(
                self.model_,
                self.input_,
                self.target_,
                plan,
                season=self.season_,
                first=first,
                intervals=self.intervals_,
                metric=self.metric,
            )
        return series_forecasts.compare_series(
            self.model_, self.input_, self.target_, known, season=self.season_, start=self.test_start_,
            intervals=self.intervals_, since_end=self._first_since_end(known), metric=self.metric,
        )  # fmt: skip

    def _first_since_end(self, series: TimeSeries) -> int:
        """Return the place of a series' first row, counted from the end of the series it was trained on."""
        place = self.series_.time_index.positions(series.time_index.at(np.array([0])))[0]
        return int(np.floor(place)) - len(self.series_)

    def backtest(self, data: Any = None, folds: int = 5, *, verbose: bool | None = False) -> Backtest:
        """Rolling-origin backtest: each fold trains afresh on all rows before it, with the same settings.

        Args:
            data: None for the data it was fitted on.
            folds: how many; each is as long as the test set (at least one horizon).
        """
        self._check_fitted()
        if data is None and self._data is None:
            raise DataError("A loaded run keeps only its last window: pass the data, backtest(data).")
        series = self.series_ if data is None else self.read_again(data)
        whole_split = split_series(self, series).split
        fold_rows = max(whole_split.rows - whole_split.validation, self.horizon)

        def train_and_score(part: TimeSeries, start: int) -> ForecastComparison:
            return self._fresh(test=len(part) - start)._fit_known(part, verbose).evaluate()

        least = self.window + self.horizon
        if self.validation >= 1:  # a number of rows
            least += int(self.validation)
        else:
            least = int(np.ceil((least + self.horizon) / max(1 - self.validation, 0.1)))
        return backtest(series, folds=folds, fold_rows=fold_rows, least_rows=least, train_and_score=train_and_score)

    def compare(self, data: Any, *, recipes: Sequence[str] = tuple(RECIPES), **roles: Any) -> Ranking:
        """Train each recipe on the same rows, and rank them with all baselines, on every window of the test set.

        For one series the baselines are the last value, the last season, exponential smoothing, Theta, a linear
        regression and gradient boosting on lags; for many, the last value and the last season. The estimator itself
        stays as it is; its settings hold for every recipe.

        Args:
            data: as for `fit`. roles: `target`, `time`, `series` and so on, as for `fit`.
            recipes: to train.

        Returns:
            a table, the best first by `metric`, and how likely the others differ from it by chance.
        """
        self._check_settings()
        known, _ = read_data(data, ColumnRoles(**roles), self.gaps, self.calendar)

        def train(recipe: str) -> Forecaster:
            return self._fresh(recipe=recipe)._fit_known(known)

        return compare_recipes(known, recipes, train, self.metric)

    def cross_validation(
        self,
        data: Any,
        *,
        n_windows: int = 3,
        step_size: int | None = None,
        refit: bool = True,
        level: Any = None,
        **roles: Any,
    ) -> Any:
        """Forecast from several past cutoffs, and list the true values next to it. The estimator itself stays as it is.

        Args:
            data: as for `fit`. roles: `target`, `time`, `series` and so on, as for `fit`.
            n_windows: how many cutoffs; the last one lies a horizon before the end of each series.
            step_size: rows from one cutoff to the next; None for the horizon.
            refit: train anew at each cutoff, on the rows before it; else once, at the first.
            level: of intervals, in percent; see `predict`.

        Returns:
            A long table of the same kind as the data, as `cross_validation` of Nixtla's libraries gives it: series,
            time, ``cutoff`` (the last row that was known), truth, the forecast in the column ``Forecaster``, and its
            bounds, ``Forecaster-lo-80`` and so on.
        """
        self._check_settings()
        known, _ = read_data(data, ColumnRoles(**roles), self.gaps, self.calendar)

        def train(past: TimeSeries | Panel) -> Forecaster:
            return self._fresh(test=0)._fit_known(past)

        columns = cross_validate(
            known, train=train, horizon=self.horizon, n_windows=n_windows, step_size=step_size or self.horizon,
            refit=refit, levels=[] if level is None else check_levels(level),
        )  # fmt: skip
        return long_table(columns, known)

    def _fresh(self, **changes: Any) -> Forecaster:
        """Return a forecaster of the same settings, but for some, that is not fitted."""
        settings = {name: getattr(self, name) for name in declared_settings(Forecaster)}
        return Forecaster(**settings | changes)

    def _fit_known(self, known: TimeSeries | Panel, verbose: bool | None = False) -> Forecaster:
        self._check_settings()
        return self._fit(prepare_known(self, known), verbose=verbose)

    def read_again(self, data: Any) -> Any:
        """Read a table, of one series or many, with the columns, step and gap rule of the training data."""
        return read_again(data, self._known(None), self.gaps)

    # the run folder

    @classmethod
    def _from_run(cls, folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Forecaster:
        if distribution_of(settings.get("loss")) is not None:
            import_module("seqwise.training.distribution_loss")  # where Keras finds the loss of the model
        return super()._from_run(folder, saved, settings)

    @classmethod
    def _target_type(cls, saved: dict[str, Any]) -> Any:
        return PanelTarget if saved["target"]["kind"] == "panel" else SeriesTarget

    @classmethod
    def _part_files(cls, saved: dict[str, Any]) -> tuple[str, ...]:
        return (CONTEXT,)

    def _save_parts(self, folder: Path) -> dict[str, Any]:
        choices: dict[str, Any] = {"season": self.season_, "residual": self.residual_}
        choices |= {"recipe": self.recipe_, "trials": self.trials_}
        errors = self._errors()
        beside = {} if errors is None else errors.save()
        if self.panel_ is not None:
            data = panel_forecasts.save_last_windows(folder, self.panel_, self.window, self.until_, beside)
            return {"data": data, "test_start": None} | choices
        return {
            "data": save_last_window(folder, self.series_, self.window, beside),
            "test_start": None if self.test_start_ is None else str(self.test_start_),
        } | choices

    def _load_parts(self, folder: Path, saved: dict[str, Any]) -> None:
        data = saved["data"]
        self.season_, self.residual_, self.panel_ = saved["season"], saved["residual"], None
        self.recipe_, self.trials_ = saved.get("recipe", self.recipe), saved.get("trials", {})
        self._intervals = Intervals.load(folder / CONTEXT, self.horizon, len(self.target_.names))
        if saved["input"]["kind"] == PanelInput.kind:
            self.panel_, self.until_ = panel_forecasts.load_last_windows(folder, data, self.input_.scaler.names_)
            self.test_start_ = None
            return
        self.series_ = load_last_window(folder, data, self.window, self.gaps)
        start = saved["test_start"]
        if start is not None:
            start = int(start) if data["time_index"]["unit"] == "i" else np.datetime64(start, "us")
        self.test_start_ = start

    def _write_more_results(self, folder: Path, comparison: ForecastComparison | None) -> None:
        from seqwise.estimators.forecasting.report import write_forecast

        if not self._known(None).covariates.future:  # known only once they are passed
            write_forecast(folder / FORECAST, self.forecast_table()[0])

    def _report(self, comparison: ForecastComparison | None) -> dict[str, Any]:
        from seqwise.estimators.forecasting.panel_report import panel_content
        from seqwise.estimators.forecasting.report import report_content

        if self._data is None:
            raise DataError("A loaded run keeps only its last window: the report on it is in its folder, report.html.")
        known, future = self._known(None), None
        if not known.covariates.future:
            coming = self._forecast_after(known, ahead=known_ahead(known, self.horizon, None))
            future = coming.times, coming.values
        used: dict[str, Any] = {} if self.network is not None else {"recipe used": self.recipe_}
        if isinstance(known, Panel):
            content = panel_content(known, future, comparison)
            used["log taken"] = self.input_.scaler.log
        else:
            content = report_content(known, None if future is None else (future[0][0], future[1][0]), comparison)
            if self.network is None:
                used["residual used"] = self.residual_
            used["log taken of"] = self.scaler_.log
        return content | {"settings": plain_settings(self, Forecaster) | used}
