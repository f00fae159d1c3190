"""A series from any table that a user may hold."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.data.columns import Columns
from seqwise.data.covariates import Covariates
from seqwise.data.series import TimeSeries, series_from_table
from seqwise.data.tables import TableSource, read_table
from seqwise.data.time_index import TimeIndex


def make_series(
    data: TableSource,
    *,
    target: Columns,
    time: Columns = None,
    features: Columns = None,
    future: Columns = None,
    calendar: Sequence[str] = (),
    gaps: str = "interpolate",
    time_index: TimeIndex | None = None,
    covariates: Covariates | None = None,
) -> TimeSeries:
    """Read a table as a regular series: sort it, drop duplicates, align it to a regular time index, fill gaps.

    Rows are sorted by time; among rows with the same time the last is kept. Rows without a target at the beginning or
    end are dropped. Elsewhere `gaps` says what happens to a missing row or value:

    - ``"interpolate"``: filled on the straight line between its neighbours;
    - ``"mask"``: filled with the last observed value, and the step is hidden from the LSTM by a mask;
    - ``"error"``: an error that names the rows.

    A filled target never counts in the loss or in a metric.

    Args:
        data: a table, as for `read_table`.
        target: name(s) of the target column(s).
        time: the time column, or a list of them (year, month, …); None for rows that are evenly spaced.
        features: further input columns; ``"all"`` for every other column of numbers or of a category. The targets' own
            past is always an input. A column of words becomes a column of 0 and 1 for each of them.
        future: further input columns that are known in advance.
        calendar: columns made of the time: some of ``"hour"``, ``"weekday"``, ``"month"``, ``"holidays:DE"``.
        time_index: the step to expect, from an earlier series, when the rows are too few to infer it.
        covariates: those of an earlier series, in place of `features`, `future` and `calendar`.

    Raises:
        DataError: a column or a value cannot be used, or the rows are not evenly spaced; names the column and row.
        SettingError: an argument is out of range, or two contradict each other.
    """
    table = read_table(data)
    return series_from_table(
        table, target=target, time=time, features=features, future=future, calendar=calendar, gaps=gaps,
        time_index=time_index, covariates=covariates,
    )  # fmt: skip
