"""Many regular series of one step, laid end to end: a long table with a column that names each row's series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqwise.data.calendar import calendar_values
from seqwise.data.columns import Columns, ColumnTable, as_column_names, is_missing
from seqwise.data.covariates import Covariates
from seqwise.data.series import GAP_RULES, TimeSeries, all_features
from seqwise.data.time_index import TimeIndex, infer_time_index, read_times
from seqwise.errors import DataError, SettingError, check_choice, nearest

NIXTLA = ("unique_id", "ds", "y")  # the columns of Nixtla's tables: series, time, target
BLOCK = 1_000_000  # rows that are looked at together


@dataclass(frozen=True)
class Panel:
    """Many series, one after another.

    Attributes:
        values: float64, shape (rows, columns), without NaN: what was missing is filled by `gaps`' rule. The target is
            the first column.
        columns: the columns' names.
        starts: int64, shape (series + 1,): series s has the rows ``starts[s] … starts[s + 1] - 1``.
        names: of the series, shape (series,).
        first: float64, shape (series,): each series' first position on the time index.
        time_index: the step that all series share.
        series, time: the columns that they came from; `time` is None where the rows are only counted.
        observed: bool, shape (rows, columns): False where a value is filled; None where nothing is.
        gaps, warnings, kind, label, covariates: see `TimeSeries`.
    """

    values: np.ndarray
    columns: list[str]
    starts: np.ndarray
    names: np.ndarray
    first: np.ndarray
    time_index: TimeIndex
    series: str
    time: str | None
    observed: np.ndarray | None = None
    gaps: str = "interpolate"
    warnings: list[str] = field(default_factory=list[str])
    kind: str = "polars"
    label: str = "the table"
    covariates: Covariates = field(default_factory=Covariates)

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series, int64, shape (series,)."""
        return np.diff(self.starts)

    @property
    def target(self) -> str:
        """The target's name."""
        return self.columns[0]

    def times(self, series: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the times of rows counted from the beginning of their series.

        Args:
            series, rows: int, of equal shape. `rows` may lie after the end.
        """
        positions = self.first[series] + rows
        index = self.time_index
        if index.unit == "us":  # series may lie between the steps of others
            return np.datetime64(index.start, "us") + np.round(positions * index.step).astype(np.int64).astype("m8[us]")
        if index.unit == "i":
            return int(index.start) + np.round(positions * index.step).astype(np.int64)
        return index.at(np.round(positions).ravel()).reshape(positions.shape)

    def first_rows(self, count: np.ndarray) -> np.ndarray:
        """Tell which rows are among the first of their series, bool, shape (rows,).

        Args:
            count: of each series, at most its length, int64, shape (series,).
        """
        parts = np.stack([count, self.lengths - count], axis=1)
        return np.repeat(np.tile([True, False], len(self)), parts.ravel())

    def shortened(self, rows: int) -> Panel:
        """Return the panel without the last `rows` rows of each series; without series that have no more than these.

        Raises:
            DataError: no series is longer.
        """
        kept = self.lengths > rows
        if not kept.any():
            raise DataError(f"{self.label}: no series has more than {rows:,} rows.")
        lengths = (self.lengths - rows)[kept]
        chosen = self.first_rows(np.maximum(self.lengths - rows, 0))
        return replace(
            self, values=self.values[chosen], starts=np.concatenate([[0], np.cumsum(lengths)]), names=self.names[kept],
            first=self.first[kept], observed=None if self.observed is None else self.observed[chosen],
            warnings=list(self.warnings),
        )  # fmt: skip

    def number(self, name: Any) -> int:
        """Return the number of the series of a name; of None the first.

        Raises:
            DataError: there is no such series.
        """
        if name is None:
            return 0
        places = np.flatnonzero(self.names == name)
        if not places.size:
            raise DataError(f"{self.label} has no series {name!r}.{nearest(str(name), map(str, self.names))}")
        return int(places[0])

    def one(self, series: int) -> TimeSeries:
        """Return one of the series, by its number (views, no copies)."""
        rows = slice(int(self.starts[series]), int(self.starts[series + 1]))
        start = self.times(np.array([series]), np.array([0]))[0]
        return TimeSeries(
            self.values[rows], self.columns, 1, self.time_index.starting_at(start), self.time,
            None if self.observed is None else self.observed[rows], self.gaps, [], self.kind, str(self.names[series]),
            self.covariates,
        )  # fmt: skip


def is_dict_of_series(data: object) -> bool:
    """Tell whether data are a mapping that holds a row of numbers for each of its names."""
    return (
        isinstance(data, Mapping)
        and bool(data)
        and all(np.ndim(values) == 1 and not isinstance(values, str) for values in data.values())
    )


def panel_from_arrays(data: Mapping[Any, Any], gaps: str = "interpolate") -> Panel:
    """Make a panel of a mapping from each series' name to its values, shape (rows,).

    Raises:
        DataError: there is no series, or one is not a row of numbers.
    """
    arrays: list[np.ndarray] = []
    for name, values in data.items():
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            array = np.empty((0, 0))
        if is_missing(name):
            raise DataError(f"A series of the dict is called {name!r}, which is no name. Give each series its own.")
        if array.ndim != 1 or np.isinf(array).any():
            raise DataError(f"The series {name!r} of a dict must be one row of finite numbers, shape (rows,).")
        arrays.append(array)
    if not arrays:
        raise DataError("The dict holds no series: expected {name: values, …}.")
    twice = next((name for name, count in Counter(map(str, data)).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"Two series of the dict are called {twice!r} once written to a file. Give each its own name.")
    lengths = np.array([len(array) for array in arrays], np.int64)
    return _complete(
        np.concatenate(arrays)[:, None], None, np.zeros(len(lengths)), lengths, np.array(list(data), dtype=object),
        ["y"], TimeIndex(0, 1, "i"), "series", None, gaps, "dict", "the dict",
    )  # fmt: skip


def panel_from_table(
    table: ColumnTable,
    *,
    series: str,
    target: Columns = None,
    time: Columns = None,
    features: Columns = None,
    future: Columns = None,
    static: Columns = None,
    calendar: Sequence[str] = (),
    gaps: str = "interpolate",
    time_index: TimeIndex | None = None,
    covariates: Covariates | None = None,
) -> Panel:
    """Read a long table that is read already: one row for each step of each series.

    Each series is sorted by time; a step that is absent between its first and last row, or a value that is missing, is
    filled by `gaps`' rule (see `make_series`).

    Args:
        series: the column that names each row's series.
        target: the column to forecast. time: the time column; None counts each series' rows.
        features: further input columns. future: those that are known in advance. static: those that hold one value for
            each series. calendar: see `make_series`.
        time_index: the step to expect, from earlier data.
        covariates: of earlier data, in place of these four.

    Raises:
        DataError: a column or a value cannot be used, two rows of a series have one time, or rows are not evenly
            spaced; names the series and the row.
        SettingError: a column is named twice.
    """
    check_choice("gaps", gaps, GAP_RULES)
    warnings: list[str] = []
    targets, times = as_column_names(target, "target"), as_column_names(time, "time")
    if len(targets) != 1 or len(times) > 1:
        raise SettingError("Many series have one target column and one time column: target='y', time='ds'.")
    if covariates is None:
        ahead, fixed = as_column_names(future, "future"), as_column_names(static, "static")
        if isinstance(features, str) and features == "all":
            extra = all_features(table, [*targets, series, *times, *ahead, *fixed], warnings)
        else:
            extra = [name for name in as_column_names(features, "features") if name not in targets]
        covariates = Covariates(tuple(extra), tuple(ahead), tuple(fixed), tuple(calendar))
        covariates.check(targets, [series, *times])
        if {series, *times} & {*targets} or series in times:
            raise SettingError(f"{series!r} is named twice; series, time, target and features differ.")
        covariates = covariates.learned(table)
    columns = [*targets, *covariates.expanded(covariates.sources)]
    together = table.together(series)
    order, lengths, names = table.grouped(series) if together is None else (None, *together)
    values = table.shared_numbers(targets[0])[:, None]
    if covariates.sources:
        values = np.hstack([values, covariates.values(table, covariates.sources, warnings)])
    steps, first, index = None, np.zeros(len(lengths)), TimeIndex(0, 1, "i")
    if times:
        order, steps, first, index = _steps(table, times[0], order, lengths, names, time_index)
    sources = [*targets, *(name for name in covariates.sources for _ in covariates.expanded([name]))]
    panel = _complete(
        values if order is None else values[order], steps, first, lengths, names, columns, index, series,
        times[0] if times else None, gaps, table.kind, table.label, sources,
    )  # fmt: skip
    panel = replace(panel, covariates=covariates, warnings=warnings + panel.warnings)
    _check_static(panel)
    if not covariates.calendar:
        return panel
    rows = np.arange(len(panel.values)) - np.repeat(panel.starts[:-1], panel.lengths)
    times = panel.times(np.repeat(np.arange(len(panel)), panel.lengths), rows)
    added = calendar_values(covariates.calendar, panel.time_index.on_clocks(times))
    observed = panel.observed
    if observed is not None:
        observed = np.hstack([observed, np.ones(added.shape, bool)])
    return replace(
        panel, values=np.hstack([panel.values, added]), observed=observed, columns=[*targets, *covariates.columns]
    )


def _check_static(panel: Panel) -> None:
    """Raise `DataError` where a static column changes within a series."""
    names = panel.covariates.expanded(panel.covariates.static)
    for name in names:
        column = panel.values[:, panel.columns.index(name)]
        low, high = (f.reduceat(column, panel.starts[:-1]) for f in (np.minimum, np.maximum))
        changing = np.flatnonzero(low != high)
        if changing.size:
            s = int(changing[0])
            source = next(n for n in panel.covariates.static if name in panel.covariates.expanded([n]))
            raise DataError(
                f"{panel.label}: {source!r} is static, but changes within the series {str(panel.names[s])!r} "
                f"({changing.size:,} series). Name it in past=, or in future= where it is known in advance."
            )


def blocks(starts: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Cut many series into parts that fit in little memory: yields the series of each, and their rows.

    Args:
        starts: int64, shape (series + 1,): where each series begins, and the end.
    """
    s, count = 0, len(starts) - 1
    while s < count:
        end = int(np.searchsorted(starts, starts[s] + BLOCK, side="right")) - 1
        end = min(max(end, s + 1), count)
        yield slice(s, end), slice(int(starts[s]), int(starts[end]))
        s = end


def rows_inside(starts: np.ndarray) -> np.ndarray:
    """Return the place of each row within its series, int64, shape (rows,)."""
    return np.arange(starts[0], starts[-1]) - np.repeat(starts[:-1], np.diff(starts))


def _steps(
    table: ColumnTable,
    time: str,
    order: np.ndarray | None,
    lengths: np.ndarray,
    names: np.ndarray,
    known: TimeIndex | None,
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray, TimeIndex]:
    """Find the step of each row.

    Args:
        order: the rows sorted by series; None where they lie so.

    Returns:
        the rows sorted by series and time, None where they lie so; each row's step, counted from the first of its
        series, None where no step is absent; each series' first position on the time index; and the index.
    """
    times, zone, wall = read_times(table, [time], known)
    times = times if order is None else times[order]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    if any((_inside(times, starts, part, rows) < 0).any() for part, rows in blocks(starts)):
        sort = np.lexsort((times, np.repeat(np.arange(len(lengths)), lengths)))
        order, times = sort if order is None else order[sort], times[sort]

    def row(i: int) -> int:
        """The place in the table of the i-th row in this order."""
        return i if order is None else int(order[i])

    for part, rows in blocks(starts):
        same = np.flatnonzero(_inside(times, starts, part, rows) == 0)
        if same.size:
            i = rows.start + int(same[0]) + 1
            name = names[np.searchsorted(starts, i, side="right") - 1]
            raise DataError(
                f"{table.label}: the series {str(name)!r} has two rows at {times[i]}: {table.where(row(i - 1))} and "
                f"{table.where(row(i))}. Keep one of them, or name the column that tells the series apart: series=…"
            )
    longest = int(lengths.argmax())
    rows = slice(int(starts[longest]), int(starts[longest + 1]))
    if known is not None and (known.unit == "i") != (times.dtype.kind == "i"):
        kind, expected = ("numbers", "dates") if times.dtype.kind == "i" else ("dates", "numbers")
        raise DataError(f"{table.label}: {time!r} holds {kind}, but {expected} in the training data.")
    places = np.arange(rows.start, rows.stop) if order is None else order[rows]
    index = known or replace(
        infer_time_index(times[rows], table, places).starting_at(times.min()), zone=zone, wall=wall
    )
    first, steps = np.empty(len(lengths)), None
    for part, rows in blocks(starts):
        positions, begin = index.positions(times[rows]), starts[part] - rows.start
        first[part] = positions[begin]
        inside = positions - np.repeat(positions[begin], lengths[part])
        whole = np.round(inside)
        off = np.flatnonzero(np.abs(inside - whole) > 1e-9)
        if off.size:
            i = rows.start + int(off[0])
            name = names[np.searchsorted(starts, i, side="right") - 1]
            raise DataError(
                f"{table.label}: the rows of the series {str(name)!r} are not {index.frequency} apart, as most are: "
                f"{times[i]} on {table.where(row(i))}. Resample it first."
            )
        if steps is None and (whole[starts[part.start + 1 : part.stop + 1] - rows.start - 1] + 1 > lengths[part]).any():
            steps = rows_inside(starts)
        if steps is not None:
            steps[rows] = whole
    return order, steps, first, index


def _inside(times: np.ndarray, starts: np.ndarray, part: slice, rows: slice) -> np.ndarray:
    """Return how far each row lies after the one before it, int64, shape (rows - 1,); 1 where that is another series'.

    Args:
        part, rows: of `blocks`.
    """
    step = np.diff(times[rows]).astype(np.int64)
    step[starts[part.start + 1 : part.stop] - rows.start - 1] = 1
    return step


def _complete(
    values: np.ndarray,
    steps: np.ndarray | None,
    first: np.ndarray,
    lengths: np.ndarray,
    names: np.ndarray,
    columns: list[str],
    index: TimeIndex,
    series: str,
    time: str | None,
    gaps: str,
    kind: str,
    label: str,
    sources: list[str] | None = None,
) -> Panel:
    """Lay rows that are sorted by series and time on the steps of each series, and fill what is missing.

    Args:
        steps, first: see `_steps`.
        sources: the table's column behind each of `columns`, for messages.
    """
    warnings: list[str] = []
    observed = ~np.isnan(values)
    if not observed[:, 0].all():
        starts = np.concatenate([[0], np.cumsum(lengths)])
        steps = rows_inside(starts) if steps is None else steps
        values, steps, first, lengths, names = _without_empty_ends(values, steps, first, lengths, names, warnings)
        observed = ~np.isnan(values)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    absent = 0
    if steps is not None:
        whole = steps[starts[1:] - 1] + 1  # rows of each series, absent ones included
        absent = int((whole - lengths).sum())
        worst = int((whole - lengths).argmax())
        if gaps == "interpolate" and whole[worst] - lengths[worst] > lengths[worst]:
            raise DataError(
                f"{label}: the series {str(names[worst])!r} has {lengths[worst]:,} rows, and "
                f"{whole[worst] - lengths[worst]:,} between them are absent at a step of {index.frequency}. Is a time "
                "mistyped, or the step wrong? Correct it, resample, or let the LSTM skip them: gaps='mask'."
            )
        if absent > 100 * len(values) + 1_000_000:
            raise DataError(
                f"{label}: {absent:,} steps of {index.frequency} are absent between {len(values):,} rows, too many to "
                "mask. Is a time mistyped, or the step wrong? Correct it, or resample."
            )
        if absent:
            new_starts = np.concatenate([[0], np.cumsum(whole)])
            laid = np.full((int(new_starts[-1]), len(columns)), np.nan)
            laid[steps + np.repeat(new_starts[:-1], lengths)] = values
            values, starts, observed = laid, new_starts, ~np.isnan(laid)
    panel = Panel(values, columns, starts, names, first, index, series, time, None, gaps, warnings, kind, label)
    if observed.all():
        return panel
    faults = [f"{absent:,} row(s) are absent"] if absent else []
    lacking = dict(zip(sources or columns, (~observed).sum(axis=0).tolist(), strict=True))
    faults += [f"{n - absent:,} value(s) of {name!r} are missing" for name, n in lacking.items() if n > absent]
    if gaps == "error":
        raise DataError(
            f"{label}: {'; '.join(faults)}. Fill them, or choose a rule: gaps='interpolate' or gaps='mask'."
        )
    rule = {"interpolate": "interpolated", "mask": "masked"}[gaps]
    warnings.extend(f"{fault}; {rule}, and left out of the loss and the metrics." for fault in faults)
    return replace(panel, values=_filled(values, observed, starts, gaps), observed=observed)


def _without_empty_ends(
    values: np.ndarray,
    steps: np.ndarray,
    first: np.ndarray,
    lengths: np.ndarray,
    names: np.ndarray,
    warnings: list[str],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Leave out rows without a target at the ends of a series, and series that have no other."""
    seen = ~np.isnan(values[:, 0])
    number = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    before = np.concatenate([[0], np.cumsum(seen)])
    earlier = before[:-1] - np.repeat(before[starts], lengths)  # observed targets before each row
    later = np.repeat(before[starts + lengths], lengths) - before[1:]
    keep = seen | ((earlier > 0) & (later > 0))
    kept = np.bincount(number[keep], minlength=len(lengths))
    if (~keep).any():
        warnings.append(f"{int((~keep).sum()):,} row(s) without a target at the ends of series were left out.")
    if (kept == 0).any():
        empty = names[kept == 0]
        warnings.append(f"{len(empty):,} series without any target were left out (first: {str(empty[0])!r}).")
        if len(empty) == len(names):
            raise DataError("The target holds no value at all. Name another column.")
    values, steps, kept, first, names = values[keep], steps[keep], kept[kept > 0], first[kept > 0], names[kept > 0]
    begin = steps[np.cumsum(kept) - kept]
    return values, steps - np.repeat(begin, kept), first + begin, kept, names


def _filled(values: np.ndarray, observed: np.ndarray, starts: np.ndarray, gaps: str) -> np.ndarray:
    """Fill each column within each series: on the straight line, or with the last value; before the first, with it."""
    rows = np.arange(len(values))
    begin = np.repeat(starts[:-1], np.diff(starts))
    end = np.repeat(starts[1:], np.diff(starts))
    filled = values.copy()
    for j in range(values.shape[1]):
        seen = observed[:, j]
        before = np.maximum.accumulate(np.where(seen, rows, -1))
        after = np.minimum.accumulate(np.where(seen, rows, len(rows))[::-1])[::-1]
        has_before, has_after = before >= begin, after < end
        left = np.where(has_before, before, np.where(has_after, after, 0))
        right = np.where(has_after & (gaps == "interpolate") | ~has_before, np.minimum(after, len(rows) - 1), left)
        right = np.where(has_after, right, left)
        share = np.divide(rows - left, right - left, out=np.zeros(len(rows)), where=right > left)
        line = values[left, j] + share * (values[right, j] - values[left, j])
        # a series whose column is empty throughout has 0 there
        filled[:, j] = np.where(seen, values[:, j], np.where(has_before | has_after, line, 0.0))
    return filled
