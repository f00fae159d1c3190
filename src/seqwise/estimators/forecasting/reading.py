"""From a table to one series or many: what its columns are, and tables to come with the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from seqwise.data import TimeSeries, make_series, read_table
from seqwise.data.columns import as_column_names
from seqwise.data.panels import NIXTLA, Panel, is_dict_of_series, panel_from_arrays, panel_from_table
from seqwise.errors import DataError, SettingError


@dataclass(frozen=True)
class ColumnRoles:
    """What the columns of a table are; see `Forecaster.fit`."""

    target: Any = None
    time: Any = None
    features: Any = None
    past: Any = None
    future: Any = None
    static: Any = None
    series: str | None = None

    def known_past(self) -> Any:
        """Return the columns of which only the past is known, or ``"all"``."""
        if isinstance(self.features, str) and self.features == "all":
            return "all"
        return list(dict.fromkeys(as_column_names(self.features, "features") + as_column_names(self.past, "past")))


def read_data(
    data: Any, roles: ColumnRoles, gaps: str, calendar: Sequence[str]
) -> tuple[TimeSeries | Panel, tuple[str, ...]]:
    """Return one series or many, and the numeric columns that are not used.

    Raises:
        DataError, SettingError: each message says how to fix it.
    """
    if is_dict_of_series(data):
        _refuse_covariates(roles, calendar)
        return panel_from_arrays(data, gaps), ()
    table = read_table(data)
    series, time, target = roles.series, roles.time, roles.target
    if series is None and (time, target) in ((None, None), NIXTLA[1:]) and {*NIXTLA} <= {*table.columns}:
        series, time, target = NIXTLA
    covariates = as_column_names(roles.past, "past") + as_column_names(roles.future, "future")
    if series is not None:
        covariates += as_column_names(roles.static, "static")
        target = _only_number(table, {series, time, *covariates}) if target is None else target
        panel = panel_from_table(
            table, series=series, target=target, time=time, features=roles.known_past(), future=roles.future,
            static=roles.static, calendar=calendar, gaps=gaps,
        )  # fmt: skip
        return panel, ()
    if roles.static is not None:
        raise SettingError("static is for many series, each of which has one value: name their column, series=….")
    if target is None:
        target = _only_number(table, {*covariates} | ({time} if isinstance(time, str) else set()))
    single = make_series(
        table, target=target, time=time, features=roles.known_past(), future=roles.future, calendar=calendar, gaps=gaps
    )
    used: set[Any] = {*single.target_names, *single.covariates.sources, *(time if isinstance(time, list) else [time])}
    return single, tuple(column for column in table.numeric_columns() if column not in used)


def read_again(data: Any, known: TimeSeries | Panel, gaps: str) -> Any:
    """Read a table as `known` was: its columns, its step and its words, and the rule for gaps."""
    time_index = known.time_index if known.time is not None else None
    if isinstance(known, TimeSeries):
        return make_series(
            data, target=known.target_names, time=known.time, gaps=gaps, time_index=time_index,
            covariates=known.covariates,
        )  # fmt: skip
    if is_dict_of_series(data):
        return panel_from_arrays(data, gaps)
    return panel_from_table(
        read_table(data), series=known.series, target=known.target, time=known.time, gaps=gaps, time_index=time_index,
        covariates=known.covariates,
    )  # fmt: skip


def _refuse_covariates(roles: ColumnRoles, calendar: Sequence[str]) -> None:
    for name in ("past", "future", "static"):
        if getattr(roles, name) is not None:
            raise SettingError(f"A dict of series has values alone: {name} needs a long table, with series=….")
    if calendar:
        raise SettingError("A dict of series has no dates: calendar needs a long table, with series=… and time=….")


def _only_number(table: Any, others: set[Any]) -> str:
    """Return the one numeric column besides `others`, which is the target where none was named."""
    numeric = [c for c in cast(list[str], table.numeric_columns()) if c not in others]
    if len(numeric) != 1:
        raise SettingError(f"target is missing. Name the column(s) to forecast: one of {numeric}.")
    return numeric[0]


def check_validation_rows(own: TimeSeries, least: int) -> None:
    """Raise `DataError` where a validation series of its own has no whole window."""
    if len(own) < least:
        raise DataError(f"validation_data has {len(own)} rows; one window and its horizon take {least}.")
