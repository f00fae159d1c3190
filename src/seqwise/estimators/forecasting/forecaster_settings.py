"""The settings of a Forecaster, each declared once, and those of them that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from seqwise.data.calendar import check_calendar
from seqwise.data.scaling import KINDS
from seqwise.data.series import GAP_RULES
from seqwise.errors import SettingError
from seqwise.estimators.base import Estimator
from seqwise.estimators.forecasting.data import SeriesData
from seqwise.estimators.forecasting.distributions import is_of_counts
from seqwise.estimators.forecasting.panel_data import PanelData, PanelSummary
from seqwise.estimators.forecasting.recipes import RECIPES
from seqwise.estimators.forecasting.summary import SeriesSummary
from seqwise.estimators.settings import MODEL as MODEL_PANEL
from seqwise.estimators.settings import (
    SERIES,
    TRAINING,
    UNITS,
    Option,
    choice,
    estimator,
    flag,
    given_loss,
    is_whole,
    one_of,
    rate,
    setting,
    share,
    whole,
    widths,
)
from seqwise.evaluation import ForecastComparison
from seqwise.evaluation.forecasts import COLUMNS


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
class ForecasterSettings(Estimator[SeriesData | PanelData, SeriesSummary | PanelSummary, ForecastComparison]):
    """What `Forecaster` is set to, checked; how it trains and forecasts is its own."""

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
        '``"segments"``, an LSTM that reads segments of the window, one network for all targets; '
        '``"attention"``, an encoder of the window, and a decoder that reads what is known of the steps to come and '
        'attends to the window; ``"auto"`` trains those that suit the data for a part of the steps and takes the one '
        "with the smallest validation loss.",
        check=choice("auto", *RECIPES),
        option=Option(
            MODEL_PANEL, str, help="The network: skip, segments, attention, or auto: the best of short trials."
        ),
    )
    bidirectional: bool = setting(default=False, help="read each window in both directions.")
    dropout: Any = setting(
        default="auto",
        help='with the recipe skip, share of each LSTM layer\'s inputs dropped in training (``"auto"``: 0); with '
        'segments and attention, share of the decoder\'s outputs (``"auto"``: 0.5 and 0).',
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
        default=True,
        help="with the recipes skip and attention, add a linear map of the targets' window to the forecast.",
        check=flag,
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
        help='inputs computed from the time, also for future rows: some of ``"hour"``, ``"weekday"``, ``"month"`` and '
        '``"holidays:DE"`` (a country of the holidays library).',
        check=_check_calendar,
        option=Option(
            SERIES, str, _parse_names, "Inputs computed from the time, with commas: hour,weekday,month,holidays:DE."
        ),
    )
    season: int | str = setting(
        default="auto",
        help='the seasonal period in rows, for the baselines and MASE; ``"auto"`` finds it.',
        check=_check_season,
    )
    metric: str = setting(
        default="mae",
        help='decides whether the model beats a baseline: ``"mae"``, ``"rmse"``, ``"mase"`` or ``"smape"``.',
        check=one_of(tuple(column.name for column in COLUMNS)),
        option=Option(SERIES, str, help="Decides whether the model beats a baseline: mae, rmse, mase or smape."),
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
        help="once the best epoch is known, train anew on the training and the validation rows, for as many steps "
        '(where epochs and rate are ``"auto"`` and those are fewer than 8 epochs, go on for one); '
        '``"auto"`` does so with 1,000 training windows or more; with fewer, the best epoch of one training does not '
        "carry over to another.",
        check=choice("auto", True, False),
    )
    learning_rate: Any = setting(
        default="auto",
        help='for an optimizer given by name; ``"auto"`` starts at 0.005 (skip), 0.001 (segments; up to 0.002 '
        "where there are fewer than 8 epochs) or 0.003 (attention) and falls to 0 along a cosine.",
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
        help='the maximum number of epochs; ``"auto"`` takes 1,500 steps of skip and attention (10 to 300 epochs), '
        "2,000 of segments (4 to 100).",
        check=whole(1, auto=True),
    )
    patience: Any = setting(
        default="auto",
        help='epochs without improvement that end the training; None trains them all; ``"auto"``: a fifth of the '
        "epochs, 3 at least.",
        check=whole(1, auto=True, none=True),
    )

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.return_sequences and self.bidirectional:
            raise SettingError(
                "return_sequences=True with bidirectional=True would show each timestep its own targets: the backward "
                "direction reads the rows after it. Choose one of the two."
            )
        if self.log is True and is_of_counts(self.loss):
            raise SettingError("log=True: loss='negative-binomial' forecasts the counts themselves: leave log out.")
        only_of_skip = {"return_sequences": False, "bidirectional": False}
        without = {"segments": only_of_skip | {"residual": "auto"}, "attention": only_of_skip}
        for name, value in without.get(self.recipe, {}).items():
            if getattr(self, name) != value:
                raise SettingError(
                    f"recipe={self.recipe!r} has no {name}={getattr(self, name)!r}: leave it out, or choose "
                    "recipe='skip'."
                )
