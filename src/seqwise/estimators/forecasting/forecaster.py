"""Forecasting a series: from a table to a trained model, its forecast and its honest error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import TimeSeries, to_kind
from seqwise.data.calendar import check_calendar
from seqwise.data.panels import Panel
from seqwise.data.scaling import KINDS
from seqwise.data.series import GAP_RULES
from seqwise.errors import DataError, SettingError
from seqwise.estimators.base import METRICS, REPORT, Estimator, Schedule, TrainingBatches
from seqwise.estimators.forecasting import panel_forecasts, series_forecasts
from seqwise.estimators.forecasting.ahead import future_rows, known_ahead
from seqwise.estimators.forecasting.comparing import compare_recipes
from seqwise.estimators.forecasting.cross_validation import cross_validate
from seqwise.estimators.forecasting.data import Plan, SeriesData, SeriesTarget, WindowInput, find_season, make_plan
from seqwise.estimators.forecasting.distributions import Distribution, check_counts, distribution_of, is_of_counts
from seqwise.estimators.forecasting.interval_columns import check_levels, levels_of
from seqwise.estimators.forecasting.intervals import Intervals, measure
from seqwise.estimators.forecasting.network import build_network
from seqwise.estimators.forecasting.panel_data import (
    PanelData,
    PanelInput,
    PanelTarget,
    find_panel_season,
    plan_forecasts,
    plan_panel,
)
from seqwise.estimators.forecasting.per_target import target_batches
from seqwise.estimators.forecasting.prediction import RECURSIVE, Prediction, check_steps, forecast_after
from seqwise.estimators.forecasting.reading import ColumnRoles, check_validation_rows, read_again, read_data
from seqwise.estimators.forecasting.recipes import RECIPES, auto_batch, auto_epochs, auto_patience, resolved
from seqwise.estimators.forecasting.sampling import SamplePaths, path_columns
from seqwise.estimators.forecasting.segments import build_segment_network
from seqwise.estimators.memory import lstm_weights
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
    given_loss,
    is_whole,
    learned,
    make_optimizer,
    one_of,
    rate,
    setting,
    share,
    whole,
    widths,
)
from seqwise.evaluation import Backtest, ForecastComparison, backtest
from seqwise.evaluation.forecasts import COLUMNS
from seqwise.evaluation.ranking import Ranking
from seqwise.training import Training
from seqwise.training.batches import Batches

CONTEXT, FORECAST = series_forecasts.CONTEXT, "forecast.csv"
MANY = 1000  # training windows
HOLD_BACK = "fit with validation=0.2."


def _check_season(name: str, value: Any) -> None:
    if value != "auto" and not is_whole(value, 1):
        raise SettingError(f"{name}={value!r}: expected 'auto' or the period in rows (1 for none).")


def _check_calendar(name: str, value: Any) -> None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SettingError(f"calendar={value!r}: expected a list, for example calendar=['hour', 'weekday'].")
    check_calendar(cast(Sequence[str], value))


def _parse_names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(","))


@estimator
class Forecaster(Estimator[Any, Any, ForecastComparison]):
    """Forecast the next `horizon` rows of a series from the last `window` rows with an LSTM.

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end
    in ``_`` are what it learned.

    Args:
        {settings}

    Attributes:
        model_: the Keras model. Takes (samples, window, features), scaled; gives (samples, horizon, targets).
        scaler_: the `Scaler`. series_: the `TimeSeries` it was trained on (after `load`: its last window).
        panel_: of many series, the `Panel` it was trained on (after `load`: their last windows); else None.
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
    input_types = (WindowInput, PanelInput)
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
    recipe: str = setting(
        default="auto",
        help='the network: ``"skip"``, an LSTM that reads row by row, with a linear map of the window beside it; '
        '``"segments"``, an LSTM that reads segments of the window, one network for all targets; ``"auto"`` takes '
        "segments for many series, and for several targets with windows of 48 rows or more and 1,000 windows or more "
        "to learn from; else skip.",
        check=choice("auto", *RECIPES),
        option=Option(MODEL_PANEL, str, help="The network: skip, segments, or auto by the size of the data."),
    )
    bidirectional: bool = setting(default=False, help="read each window in both directions.")
    dropout: Any = setting(
        default="auto",
        help='of the recipe skip: share of each LSTM layer\'s inputs dropped in training (``"auto"``: 0); of segments: '
        'share of the last state (``"auto"``: 0.5).',
        check=share(auto=True),
    )
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
    calendar: Sequence[str] = setting(
        default=(),
        help='inputs made of the time, for the rows to come, too: some of ``"hour"``, ``"weekday"``, ``"month"`` and '
        '``"holidays:DE"`` (a country of the holidays library).',
        check=_check_calendar,
        option=Option(
            SERIES, str, _parse_names, "Inputs made of the time, with commas: hour,weekday,month,holidays:DE."
        ),
    )
    season: int | str = setting(
        default="auto",
        help='the seasonal period in rows, for the baselines and MASE; ``"auto"`` finds it.',
        check=_check_season,
    )
    metric: str = setting(
        default="mae",
        help='that decides whether model or baseline is better: ``"mae"``, ``"rmse"``, ``"mase"`` or ``"smape"``.',
        check=one_of(tuple(column.name for column in COLUMNS)),
        option=Option(SERIES, str, help="That decides who is better: mae, rmse, mase or smape."),
    )
    validation: float = setting(
        default=0.2,
        help="share (0.2) or number of rows held back to find the best epoch: those before the test set. A share is "
        "rounded down to whole horizons.",
    )
    test: float = setting(
        default=0.1,
        help="share or number of rows held back to score the model: the latest rows. A share is rounded down to whole "
        "horizons.",
    )
    refit: bool | str = setting(
        default="auto",
        help="once the best epoch is known, train anew on the training and the validation rows, for as many steps; "
        '``"auto"`` does so where there are 1,000 training windows or more: of fewer, the best epoch is that of one '
        "training.",
        check=choice("auto", True, False),
    )
    learning_rate: Any = setting(
        default="auto",
        help='of an optimizer given by name; ``"auto"`` begins with 0.005 (skip) or 0.001 (segments) and falls to 0 '
        "along a cosine.",
        check=rate(auto=True),
    )
    loss: Any = setting(
        default="mse",
        help="any of Keras's, by name or object; or a distribution to forecast in place of a number: "
        '``"quantile"`` (its quantiles, by the pinball loss), ``"gaussian"``, ``"student-t"`` or, of counts, '
        '``"negative-binomial"`` (by their likelihood).',
        check=given_loss,
        option=Option(
            TRAINING, str, help="Any of Keras's losses, by name; or quantile, gaussian, student-t, negative-binomial."
        ),
    )
    epochs: Any = setting(
        default="auto",
        help='the most epochs; ``"auto"`` takes 1,500 steps of skip (10 to 300 epochs), 2,000 of segments (8 to 100).',
        check=whole(1, auto=True),
    )
    patience: Any = setting(
        default="auto",
        help='epochs without improvement that end the training; None trains them all; ``"auto"``: a fifth of the '
        "epochs, 3 at least.",
        check=whole(1, auto=True, none=True),
    )

    input_: Any = learned()  # WindowInput; of many series PanelInput
    target_: Any = learned()  # SeriesTarget or PanelTarget
    series_: TimeSeries = learned()
    panel_: Panel | None = learned(default=None)
    _unseen: list[np.ndarray] = learned()  # weights of the model that was not trained on the validation rows
    _intervals: Intervals | None = learned(default=None)
    until_: np.ndarray = learned()  # of many series: the position at which each one's test set begins
    season_: int = learned()

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
            data: a path (CSV, Parquet), a pandas, polars or pyarrow table, or a NumPy array (rows, columns); of many
                series also a dict ``{name: values}``.
            target: name(s) of the column(s) to forecast; may be left out where there is one numeric column.
            time: the time column; a list where year, month, … are apart; None for evenly spaced rows.
            features: further input columns, or ``"all"``. The targets' own past is always read. A column of words
                becomes a column of 0 and 1 for each of them.
            past: the same in Darts' word: columns of which only the past is known.
            future: columns that are known in advance, a price or a plan; `predict` is told their rows to come.
            static: of many series: columns that hold one value for each series.
            series: of a long table that holds many series, the column that names each row's. One model learns from
                all. The columns ``unique_id``, ``ds`` and ``y`` of Nixtla's tables are taken without being named.
            validation_data: a table with the same columns to find the best epoch on, in place of the rows that
                `validation` holds back. It is not trained on.
            callbacks: Keras callbacks.
            verbose: a live progress bar; None shows it in a terminal or notebook.
            resume: a run folder: checkpoints of this training are kept in it. If it was stopped, the same call goes
                on from the last one, and ends with the weights of a training that was never stopped, bit by bit;
                your own callbacks alone begin anew. ``save`` to that folder removes them.

        Raises:
            DataError, SettingError: each message says how to fix it.
        """
        roles = ColumnRoles(target, time, features, past, future, static, series)
        prepared = self._prepare(data, validation_data=validation_data, **roles.__dict__)
        return self._fit(prepared, callbacks, verbose, resume)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.return_sequences and self.bidirectional:
            raise SettingError(
                "return_sequences=True with bidirectional=True would show each timestep its own targets: the backward "
                "direction reads the rows after it. Choose one of the two."
            )
        if self.log is True and is_of_counts(self.loss):
            raise SettingError("log=True: loss='negative-binomial' forecasts the counts themselves: leave log out.")
        for name, value in (("return_sequences", False), ("bidirectional", False), ("residual", "auto")):
            if self.recipe == "segments" and getattr(self, name) != value:
                raise SettingError(
                    f"recipe='segments' has no {name}={getattr(self, name)!r}: leave it out, or choose recipe='skip'."
                )

    def _prepare(self, data: Any, *, validation_data: Any = None, **roles: Any) -> SeriesData | PanelData:
        self._check_settings()
        path = str(data) if isinstance(data, (str, Path)) else None
        known, available = read_data(data, ColumnRoles(**roles), self.gaps, self.calendar)
        if isinstance(known, Panel):
            if validation_data is not None:
                raise SettingError(
                    "validation_data is of one series; of many, rows of each are held back: validation=13."
                )
            return self._prepare_panel(known, path)
        if validation_data is None:
            return self._prepare_plan(self._make_plan(known), available, path)
        plan = self._make_plan(known, validation=0)
        own = read_again(validation_data, known, self.gaps)
        check_validation_rows(own, self.window + self.horizon)
        return replace(self._prepare_plan(plan, available, path), own_validation=own)

    def _prepare_panel(self, panel: Panel, path: str | None) -> PanelData:
        if self.return_sequences or isinstance(self.scaler, Mapping) or self.scaler == "robust":
            raise SettingError(
                "Many series are learned without return_sequences, and with scaler='standard', 'minmax' or 'none', "
                "which scales each by itself."
            )
        sizes = {"window": self.window, "horizon": self.horizon}
        plan = plan_panel(panel, **sizes, validation=self.validation, test=self.test)
        masked = self.gaps == "mask" or bool(plan.pad.any())
        counts = self._checks_counts(panel)
        inputs = PanelInput(self.window, masked, str(self.scaler), False if counts else self.log, counts)
        inputs.fit(plan)
        if self.recipe != "auto":
            recipe = self.recipe
        else:
            recipe = "skip" if self.bidirectional or self.network is not None or not self.linear_skip else "segments"
        return PanelData(
            plan, inputs, PanelTarget(panel.target, self.horizon, self.loss, inputs.scaler.common_), recipe, path
        )

    def _make_plan(self, series: TimeSeries, test: float | None = None, validation: float | None = None) -> Plan:
        return make_plan(
            series,
            window=self.window,
            horizon=self.horizon,
            validation=self.validation if validation is None else validation,
            test=self.test if test is None else test,
            every_step=self.return_sequences,
        )

    def _prepare_plan(self, plan: Plan, available: tuple[str, ...] = (), path: str | None = None) -> SeriesData:
        if self.return_sequences and plan.series.covariates.known:
            raise SettingError(
                "return_sequences=True reads nothing of the rows to come: leave future= and calendar= out, or "
                "return_sequences."
            )
        log = False if self._checks_counts(plan.series) else self.log
        windows = WindowInput(self.window, self.gaps == "mask", self.scaler, log)
        windows.fit(plan)
        timesteps = self.window if self.return_sequences else None
        recipe = self._recipe(plan)
        target = SeriesTarget(plan.series.target_names, self.horizon, timesteps, windows.scaler, self.loss)
        target.shared = recipe == "segments" and self.network is None and plan.series.targets > 1
        return SeriesData(plan, windows, target, recipe, available, path)

    def _checks_counts(self, known: TimeSeries | Panel) -> bool:
        """Return whether counts are forecast, whose logarithm is not taken; raise `DataError` where they are none."""
        if not is_of_counts(self.loss):
            return False
        panel = isinstance(known, Panel)
        targets = 1 if panel else known.targets
        values = known.values[:, :targets]
        seen = values if known.observed is None else np.where(known.observed[:, :targets], values, np.nan)
        check_counts(seen, known.columns[:targets], known.label)
        return True

    def _recipe(self, plan: Plan) -> str:
        """Return the recipe; what has settings of the recipe skip alone is one of those."""
        if self.recipe != "auto":
            return self.recipe
        if self.network is not None or self.bidirectional or self.return_sequences or not self.linear_skip:
            return "skip"
        large = plan.series.targets > 1 and self.window >= 48 and len(plan.windows("train")) >= MANY
        return "segments" if large and self.residual == "auto" else "skip"

    def _training_batches(self, data: SeriesData | PanelData) -> TrainingBatches:
        parts = ("train", "validation", "refit")
        if isinstance(data, SeriesData) and data.target.shared:
            batches = [target_batches(data.series, data.scaled, data.windows(part), data.input.known) for part in parts]
        else:
            batches = [data.batches(part) for part in parts]
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
        if self.learning_rate == "auto" and isinstance(self.optimizer, str):
            rate = import_keras().optimizers.schedules.CosineDecay(rate, steps * epochs)
        return Schedule(size, epochs, rate)

    def _measure(self, data: Any, model: Any, validation: Batches[Any]) -> list[np.ndarray]:
        return model.get_weights()

    def _patience(self, epochs: int) -> int | None:
        return auto_patience(epochs) if self.patience == "auto" else self.patience

    def _default_network(self, data: SeriesData | PanelData) -> Any:
        recipe = data.recipe
        if recipe == "segments":
            return build_segment_network(
                window=self.window,
                features=1 + len(data.input.columns) - len(data.target.names),
                horizon=self.horizon,
                units=tuple(self.units),
                dropout=resolved(self, "dropout", recipe),
                masked=data.input.masked,
                seed=self.seed,
                known=data.input.known,
                outputs=data.target.outputs,
            )
        return build_network(
            window=self.window,
            features=len(data.input.columns),
            targets=len(data.target.names),
            horizon=self.horizon,
            units=tuple(self.units),
            bidirectional=self.bidirectional,
            dropout=resolved(self, "dropout", recipe),
            return_sequences=self.return_sequences,
            residual=self._residual(data),
            linear_skip=self.linear_skip,
            masked=data.input.masked,
            seed=self.seed,
            known=data.input.known,
            outputs=data.target.outputs,
        )

    def _size(self, data: SeriesData | PanelData) -> tuple[int, str]:
        outputs = self.horizon * len(data.target.names) * (int(self.units[-1]) + self.window)
        return lstm_weights(len(data.input.columns), self.units, self.bidirectional) + outputs, f"units={self.units!r}"

    def _residual(self, data: SeriesData | PanelData) -> bool:
        if data.recipe == "segments" or isinstance(data, PanelData):
            return self.residual is not False
        return data.change_is_easier() if self.residual == "auto" else bool(self.residual)

    def _adopt(self, data: SeriesData | PanelData, model: Any, training: Training) -> None:
        unseen = model.get_weights() if self._measured is None else self._measured
        if isinstance(data, PanelData):
            season, residual = find_panel_season(data.plan, self.season), self._residual(data)
            super()._adopt(data, model, training)
            self._unseen, self._intervals = unseen, None
            self.panel_, self.season_, self.residual_, self.test_start_ = data.plan.panel, season, residual, None
            self.until_ = self.panel_.first + data.plan.validation
            return
        series, first = data.plan.series, data.plan.split.validation
        season, residual = find_season(data.plan, self.season), self._residual(data)
        if not model.compiled:  # what was trained is the network of one target
            model.compile(make_optimizer(import_keras(), self.optimizer, 0.001), data.target.loss())
            model.optimizer.build(model.trainable_variables)
        super()._adopt(data, model, training)
        self._unseen, self._intervals = unseen, None
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
            level: of intervals, in percent: ``[80, 95]`` adds the columns ``y-lo-95``, ``y-lo-80``, ``y-hi-80`` and
                ``y-hi-95`` for a target ``y``. They are conformal, as wide as the errors so far were, or, where
                `loss` is a distribution, those of the distribution that is forecast.
            quantiles: of the same distribution: ``[0.1, 0.9]`` adds the columns ``y-q-0.1`` and ``y-q-0.9``.

        Returns:
            A table of the same kind as the data: the time column, then each target, `horizon` rows. For a NumPy
            array: an array of shape (horizon, targets). Of many series a long table: series, time, target; for a dict
            a dict. Series that were not there in training are forecast, too.

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

        A path takes the errors of one whole window on which the model was not trained, so errors last from step to step
        as they did there. With a distribution as `loss`, its quantiles at their ranks are taken.

        Args:
            data, future_df: as for `predict`. seed: of the draw.

        Returns:
            A long table of the same kind as the data: what `predict` returns for each path, with its number in the
            column ``sample``. For a NumPy array: an array of shape (num_samples, horizon, targets).

        Raises:
            SettingError: nothing was held back in training to know errors from.
        """
        self._check_fitted()
        whole(1)("num_samples", num_samples)
        known, errors = self._known(data), self._errors()
        if errors is None:
            raise SettingError("Paths come from the errors in validation, and nothing was held back: " + HOLD_BACK)
        paths = SamplePaths(errors, self.target_.distribution, np.random.default_rng(seed))
        coming = forecast_after(
            self.model_, self.input_, self.target_, known, paths, range(num_samples),
            known_ahead(known, self.horizon, future_df), self.horizon,
        )  # fmt: skip
        if known.kind == "numpy" and not isinstance(known, Panel):
            return np.stack(coming.bounds)[:, 0]
        columns = path_columns(known, coming.times, np.stack(coming.bounds))
        return to_kind(columns, "polars" if known.kind in ("numpy", "dict") else known.kind)

    def future_frame(self, data: Any = None, *, horizon: int | None = None) -> Any:
        """Return the rows to come, with an empty column for each one that is known in advance: for `predict` to take.

        Args:
            data, horizon: as for `predict`.
        """
        self._check_fitted()
        known, steps = self._known(data), max(check_steps(horizon, self.horizon), self.horizon)
        return to_kind(future_rows(known, steps), "polars" if known.kind in ("numpy", "dict") else known.kind)

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
        # the forecast is the median, but for counts, of which it is the mean
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
    ) -> Any:
        """Draw the last rows of a series and the forecast of what follows them.

        Args:
            data, future_df: as for `predict`.
            target: the name of one of several targets; None for the first.
            series: the name of one of many series; None for the first.
            level: of intervals, in percent; they are drawn as bands.

        Returns:
            A matplotlib figure.
        """
        from seqwise.evaluation.forecast_plots import future_plot

        self._check_fitted()
        levels = [] if level is None else check_levels(level)
        known = self._known(data)
        number = known.number(series) if isinstance(known, Panel) else 0
        one = known.one(number) if isinstance(known, Panel) else known
        if target is not None and target not in one.target_names:
            raise SettingError(f"target={target!r}: expected one of {one.target_names}.")
        j = 0 if target is None else one.target_names.index(target)
        coming = self._forecast_after(known, levels, known_ahead(known, self.horizon, future_df))
        drawn = [bound[number, :, j] for bound in coming.bounds]
        bands = {level: (drawn[-1 - i - len(levels)], drawn[len(levels) + i]) for i, level in enumerate(levels)}
        return future_plot(one, coming.values[number], coming.times[number], j, bands)

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
            data: None for the data it was fitted on; else a table, of which all windows with targets from the
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
        whole_split = self._make_plan(series).split
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
        """Train each recipe on the same rows, and set all baselines beside them, on every window of the test set.

        Of one series the baselines are the last value, the last season, exponential smoothing, Theta, a linear
        regression and gradient boosting on lags; of many the last value and the last season. The estimator itself stays
        as it is; its settings hold for every recipe.

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
        """Forecast from several past cutoffs, and set what came beside it. The estimator itself stays as it is.

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
        return to_kind(columns, "polars" if known.kind in ("numpy", "dict") else known.kind)

    def _fresh(self, **changes: Any) -> Forecaster:
        """Return a forecaster of the same settings, but for some, that is not fitted."""
        settings = {name: getattr(self, name) for name in declared_settings(Forecaster)}
        return Forecaster(**settings | changes)

    def _fit_known(self, known: TimeSeries | Panel, verbose: bool | None = False) -> Forecaster:
        self._check_settings()
        if isinstance(known, Panel):
            return self._fit(self._prepare_panel(known, None), verbose=verbose)
        return self._fit(self._prepare_plan(self._make_plan(known)), verbose=verbose)

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
        found = {"season": self.season_, "residual": self.residual_}
        if self.panel_ is not None:
            data = panel_forecasts.save_context(folder, self.panel_, self.window, self.until_, self._errors())
            return {"data": data, "test_start": None} | found
        return {
            "data": series_forecasts.save_context(folder, self.series_, self.window, self._errors()),
            "test_start": None if self.test_start_ is None else str(self.test_start_),
        } | found

    def _load_parts(self, folder: Path, saved: dict[str, Any]) -> None:
        data = saved["data"]
        self.season_, self.residual_, self.panel_ = saved["season"], saved["residual"], None
        self._intervals = Intervals.load(folder / CONTEXT, self.horizon, len(self.target_.names))
        if saved["input"]["kind"] == PanelInput.kind:
            self.panel_, self.until_ = panel_forecasts.load_context(folder, data, self.input_.scaler.names_)
            self.test_start_ = None
            return
        self.series_ = series_forecasts.load_context(folder, data, self.window, self.gaps)
        start = saved["test_start"]
        if start is not None:
            start = int(start) if data["time_index"]["unit"] == "i" else np.datetime64(start, "us")
        self.test_start_ = start

    def _write_more_results(self, folder: Path, comparison: ForecastComparison | None) -> None:
        from seqwise.estimators.forecasting.report import write_forecast

        if not self._known(None).covariates.future:  # what is known of the rows to come is not told yet
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
        content: dict[str, Any] = {"loss": self.target_.loss_in_words}
        settings = plain_settings(self, Forecaster)
        if isinstance(known, Panel):
            content["title"] = f"Forecast of {known.target} of {len(known):,} series"
            content["settings"] = settings | {"log taken": self.input_.scaler.log}
            return content | panel_content(known, future, comparison)
        used = {"log taken of": self.scaler_.log}
        if self.network is None:
            used = {"residual used": self.residual_} | used
        content["title"] = f"Forecast of {', '.join(known.target_names)}"
        content["settings"] = settings | used
        return content | report_content(known, None if future is None else (future[0][0], future[1][0]), comparison)
