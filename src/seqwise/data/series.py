"""One multivariate series on a regular time index, its faults reported and repaired by stated rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqwise.data.calendar import calendar_values
from seqwise.data.columns import Columns, ColumnTable, as_column_names
from seqwise.data.covariates import MOST_CATEGORIES, Covariates, words_of
from seqwise.data.time_index import TimeIndex, infer_time_index, numbered, read_times
from seqwise.errors import DataError, SettingError, check_choice

GAP_RULES = ("interpolate", "mask", "error")
FEW = 10  # rows of a stretch, and of a table for each that repeats: as few come from rows that were written again


@dataclass(frozen=True)
class TimeSeries:
    """A regular multivariate series.

    Attributes:
        values: float64, shape (rows, columns), in the data's own units and without NaN: what was missing is
            filled by `gaps`' rule. The targets are the first columns.
        columns: the columns' names; the first `targets` of them are the targets.
        targets: number of targets.
        time_index: the rows' times.
        time: the time column (or columns) that they came from; None where the rows are only counted.
        observed: bool, shape (rows, columns): False where a value is filled. None when nothing is.
        gaps: ``"interpolate"``, ``"mask"`` or ``"error"``.
        warnings: the faults of the data and how they were repaired, one sentence each.
        kind, label: the table it came from; see `Table`.
        covariates: what the columns beside the targets are.
    """

    values: np.ndarray
    columns: list[str]
    targets: int
    time_index: TimeIndex
    time: str | list[str] | None
    observed: np.ndarray | None = None
    gaps: str = "interpolate"
    warnings: list[str] = field(default_factory=list)
    kind: str = "polars"
    label: str = "the table"
    covariates: Covariates = field(default_factory=Covariates)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def target_names(self) -> list[str]:
        return self.columns[: self.targets]

    @property
    def times(self) -> np.ndarray:
        """The time of each row, shape (rows,)."""
        return self.time_index.at(np.arange(len(self)))

    def truth(self) -> np.ndarray:
        """Return the targets, shape (rows, targets), NaN where nothing was observed."""
        truth = self.values[:, : self.targets]
        return truth if self.observed is None else np.where(self.observed[:, : self.targets], truth, np.nan)

    def visible_steps(self) -> np.ndarray | None:
        """Return which steps the LSTM may see, bool, shape (rows,); None unless ``gaps="mask"``."""
        if self.gaps != "mask":
            return None
        return np.ones(len(self), dtype=bool) if self.observed is None else self.observed.min(axis=1)

    def target_weights(self) -> np.ndarray | None:
        """Return 1 where every target was observed, else 0, float32, shape (rows,); None where all were."""
        if self.observed is None:
            return None
        return self.observed[:, : self.targets].min(axis=1).astype(np.float32)

    def head(self, rows: int) -> TimeSeries:
        """Return the first `rows` rows (views, no copies)."""
        observed = None if self.observed is None else self.observed[:rows]
        return replace(self, values=self.values[:rows], observed=observed)


def series_from_table(
    table: ColumnTable,
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
    """Do what `seqwise.data.make_series` does, with a table that is read already.

    Args:
        covariates: those of an earlier series, in place of `features`, `future` and `calendar`.
    """
    check_choice("gaps", gaps, GAP_RULES)
    targets = as_column_names(target, "target")
    if not targets:
        raise SettingError(f"target is missing. Name the column to forecast; {table.label} has {table.columns}.")
    time_names = as_column_names(table.index if time is None else time, "time")
    time_columns = time_names[0] if len(time_names) == 1 else time_names or None
    warnings: list[str] = []
    if covariates is None:
        ahead = as_column_names(future, "future")
        if isinstance(features, str) and features == "all":
            extra = all_features(table, [*targets, *time_names, *ahead], warnings)
        else:
            extra = [c for c in as_column_names(features, "features") if c not in targets]
        covariates = Covariates(tuple(extra), tuple(ahead), calendar=tuple(calendar))
        covariates.check(targets, ())
        for name in [*targets, *covariates.sources]:
            table.check_column(name)
        covariates = covariates.learned(table)
    if set(time_names) & set(targets):
        raise SettingError(f"{time_names[0]!r} is both time and target; a series needs a column of each.")
    columns = targets + covariates.expanded(covariates.sources)
    table_rows = np.hstack(
        [*(table.numbers(name)[:, None] for name in targets), covariates.values(table, covariates.sources, warnings)]
    )
    if not time_names:
        positions, time_index = numbered(len(table))
        order = positions
    else:
        order, positions, time_index = _lay_on_time_index(table, time_names, time_index, warnings)
    raw = np.full((int(positions[-1]) + 1, len(columns)), np.nan)
    raw[positions] = table_rows[order]
    source = np.full(len(raw), -1)  # the table's row behind each step of the time index, -1 where there is none
    source[positions] = order
    raw, source, time_index = _trim(table, targets, raw, source, time_index, warnings)
    names = [*targets, *(name for name in covariates.sources for _ in covariates.expanded([name]))]
    _handle_missing(table, names, raw, source, time_index, gaps, warnings)
    observed = ~np.isnan(raw)
    complete = bool(observed.all())
    if not complete:
        _fill(raw, observed, gaps)
    if covariates.calendar:
        added = calendar_values(covariates.calendar, time_index.on_clocks(time_index.at(np.arange(len(raw)))))
        raw, observed = np.hstack([raw, added]), np.hstack([observed, np.ones(added.shape, bool)])
    return TimeSeries(
        raw,
        targets + covariates.columns,
        len(targets),
        time_index,
        time_columns,
        None if complete else observed,
        gaps,
        warnings,
        table.kind,
        table.label,
        covariates,
    )


def all_features(table: ColumnTable, others: list[str], warnings: list[str]) -> list[str]:
    """Return the columns of numbers and of categories besides `others`; say what is left out."""
    numeric = [name for name in table.numeric_columns() if name not in others]
    counters: list[str] = []
    for name in numeric:
        steps = np.diff(table.numbers(name))
        if len(steps) > 1 and steps[0] != 0 and (steps == steps[0]).all():
            counters.append(name)
    if counters:
        warnings.append(f"Left out of features='all', for it only counts the rows: {_listed(counters)}.")
    encoded: dict[str, int] = {}
    texts: list[str] = []
    for name in table.columns:
        if name in numeric or name in others:
            continue
        try:
            words = words_of(table, name)
        except DataError:  # dates
            words = None
        if words is not None and 1 < len(words) <= MOST_CATEGORIES:
            encoded[name] = len(words)
        else:
            texts.append(name)
    if texts:
        warnings.append(
            f"Left out of features='all', for it holds neither numbers nor a category of 2 to {MOST_CATEGORIES} words: "
            f"{_listed(texts)}."
        )
    if encoded:
        listed = ", ".join(f"{name!r} ({count} words)" for name, count in encoded.items())
        warnings.append(f"A column of 0 and 1 was made for each word of {listed}.")
    return [name for name in table.columns if name in encoded or (name in numeric and name not in counters)]


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _lay_on_time_index(
    table: ColumnTable, time: list[str], time_index: TimeIndex | None, warnings: list[str]
) -> tuple[np.ndarray, np.ndarray, TimeIndex]:
    times, zone, wall = read_times(table, time, time_index)
    order = np.argsort(times, kind="stable")
    late = np.flatnonzero(np.diff(times) < np.zeros((), dtype=np.diff(times[:1]).dtype))
    if late.size:
        warnings.append(
            f"{late.size:,} row(s) were out of order (first: {table.where(int(late[0]) + 1)}, {times[late[0] + 1]}); "
            "sorted by time."
        )
    ordered = times[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    repeats = int((~last).sum())
    if repeats:
        _check_single(table, time, times, repeats)
        row = int(order[np.flatnonzero(~last)[0]])
        warnings.append(
            f"{repeats:,} row(s) repeat a time (first: {times[row]} on {table.where(row)}); "
            "the last row of each time was kept."
        )
        order, ordered = order[last], ordered[last]
    if time_index is None:
        time_index = replace(infer_time_index(ordered, table, order), zone=zone, wall=wall)
    elif (time_index.unit == "i") != (ordered.dtype.kind == "i"):
        kind, expected = ("numbers", "dates") if ordered.dtype.kind == "i" else ("dates", "numbers")
        raise DataError(f"{table.label}: {time[0]!r} holds {kind}, but {expected} in the training data.")
    else:  # the step is known; only the beginning is new
        time_index = time_index.starting_at(ordered[0])
        if (time_index.positions(ordered) % 1).any():
            raise DataError(f"{table.label}: the rows are not {time_index.frequency} apart, as in the training data.")
    positions = np.round(time_index.positions(ordered)).astype(np.int64)
    steps = int(positions[-1]) + 1
    if steps > max(100 * len(positions), 1_000_000):
        after = int(np.diff(positions).argmax()) + 1
        raise DataError(
            f"{table.label}: only {len(positions):,} of {steps:,} steps of {time_index.frequency} are there. The "
            f"largest gap lies before {ordered[after]} on {table.where(int(order[after]))}: is a time mistyped? "
            "Correct or remove it, or resample to a longer step."
        )
    return order, positions, time_index


def _check_single(table: ColumnTable, time: list[str], times: np.ndarray, repeats: int) -> None:
    """Raise `DataError` for a table that holds several series: a column tells the rows of one time apart."""
    ordinal = np.unique(times, return_inverse=True)[1]
    numbers = table.numeric_columns()
    for name in table.columns:
        if name in time:
            continue
        cells = table.cells(name)
        if any(cell is None or (name in numbers and not float(cell).is_integer()) for cell in cells):
            continue
        names, codes = np.unique(np.array(cells, dtype=str), return_inverse=True)
        pairs = np.unique(np.stack([ordinal, codes]), axis=1).shape[1]
        if 1 < len(names) <= len(times) / 2 and pairs == len(times):
            raise DataError(
                f"{table.label} holds {len(names):,} series in one table: {repeats:,} of {len(times):,} times in "
                f"{time[0]!r} repeat, and {name!r} tells their rows apart. Learn from all of them: "
                f".fit(data, series={name!r}, …), on the command line --series {name}; or keep one, for example "
                f"df[df[{name!r}] == {str(names[0])!r}]."
            )
    if repeats > len(times) / 2 or _in_stretches(table, time, times, repeats):
        raise DataError(
            f"{table.label}: {repeats:,} of {len(times):,} times in {time[0]!r} repeat, so this looks like several "
            "series in one table. Name the column that tells them apart: .fit(data, series=…); or keep one of them, "
            "for example df[df['id'] == 'a']."
        )


def _in_stretches(table: ColumnTable, time: list[str], times: np.ndarray, repeats: int) -> bool:
    """Tell whether a table has stretches of rows in order that repeat each other's times with other values."""
    stretches = 1 + int((times[1:] < times[:-1]).sum())
    if stretches == 1 or stretches * FEW > len(times) or repeats * FEW < len(times):
        return False
    order = np.argsort(times, kind="stable")
    again = times[order[1:]] == times[order[:-1]]
    for name in table.columns:
        if name not in time:
            cells = np.array(table.cells(name), dtype=str)[order]
            if (cells[1:] != cells[:-1])[again].mean() > 0.5:
                return True
    return False


def _handle_missing(
    table: ColumnTable,
    columns: list[str],
    raw: np.ndarray,
    source: np.ndarray,
    time_index: TimeIndex,
    gaps: str,
    warnings: list[str],
) -> None:
    faults = []
    absent = source < 0
    if absent.any():
        first = time_index.at(np.flatnonzero(absent)[:1])[0]
        faults.append(
            f"{int(absent.sum()):,} row(s) are absent from the time index of {time_index.frequency} (first: {first})"
        )
    for j, name in enumerate(columns):
        if name in columns[:j]:  # of a column of words
            continue
        empty = np.flatnonzero(np.isnan(raw[:, j]) & ~absent)
        if np.isnan(raw[:, j]).all():
            raise DataError(
                f"{table.label}: column {name!r} holds no value at all between the first and last row that has a "
                "target. Leave it out."
            )
        if empty.size:
            faults.append(
                f"{empty.size:,} value(s) of {name!r} are missing (first: {table.where(int(source[empty[0]]))})"
            )
    if not faults:
        return
    if gaps == "error":
        raise DataError(
            f"{table.label}: {'; '.join(faults)}. Fill them, or choose a rule: gaps='interpolate' (straight line) or "
            "gaps='mask' (the LSTM skips the step)."
        )
    if gaps == "interpolate" and absent.sum() > (~absent).sum():
        longest = int(np.diff(np.flatnonzero(~absent)).argmax())
        after = int(np.flatnonzero(~absent)[longest + 1])
        raise DataError(
            f"{table.label}: {'; '.join(faults)}. That is more than the {int((~absent).sum()):,} rows that there are: "
            f"the largest gap lies before {time_index.at(np.array([after]))[0]} on {table.where(int(source[after]))}. "
            "Is a time mistyped, or the step wrong? Correct it, resample, or let the LSTM skip them: gaps='mask'."
        )
    rule = {"interpolate": "interpolated", "mask": "masked"}[gaps]
    warnings.extend(f"{sentence}; {rule}, and left out of the loss and the metrics." for sentence in faults)


def _trim(
    table: ColumnTable,
    targets: list[str],
    raw: np.ndarray,
    source: np.ndarray,
    time_index: TimeIndex,
    warnings: list[str],
) -> tuple[np.ndarray, np.ndarray, TimeIndex]:
    with_target = np.flatnonzero(~np.isnan(raw[:, : len(targets)]).all(axis=1))
    if not with_target.size:
        raise DataError(f"{table.label}: the target {targets[0]!r} holds no value at all. Name another column.")
    first, last = int(with_target[0]), int(with_target[-1])
    dropped = [(first, "beginning"), (len(raw) - 1 - last, "end")]
    for rows, where in dropped:
        if rows:
            warnings.append(f"{rows:,} row(s) without a target at the {where} were left out.")
    if first:
        time_index = time_index.starting_at(time_index.at(np.array([first]))[0])
    return raw[first : last + 1], source[first : last + 1], time_index


def _fill(raw: np.ndarray, observed: np.ndarray, gaps: str) -> None:
    rows = np.arange(len(raw))
    for j in range(raw.shape[1]):
        seen = rows[observed[:, j]]
        if len(seen) == len(rows):
            continue
        if gaps == "interpolate":
            raw[:, j] = np.interp(rows, seen, raw[seen, j])
        else:
            latest = np.maximum.accumulate(np.where(observed[:, j], rows, seen[0]))
            raw[:, j] = raw[latest, j]
