"""The regular time index behind a time column: its step, each row's position, the times to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import polars as pl

from seqwise.data.tables import Table
from seqwise.errors import DataError

MICROSECOND = "datetime64[us]"
DAY = np.timedelta64(1, "D")
SPANS = {"w": 604_800_000_000, "d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
WORDS = {
    "y": "year", "q": "quarter", "mo": "month", "w": "week", "b": "business day", "d": "day",
    "h": "hour", "m": "minute", "s": "second", "us": "microsecond", "i": "step",
}  # fmt: skip
TEXT_FORMATS = [None, "%Y-%m", "%Y/%m", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y", "%Y", "%Y%m%d"]


@dataclass(frozen=True)
class TimeIndex:
    """A regular sequence of times: position 0, 1, 2, … ↔ start, start + step, start + 2 steps, ….

    Attributes:
        start: the first time, as an ISO text, or an integer for a numbered series.
        step: how many units lie between two rows.
        unit: ``"mo"`` (calendar months), ``"b"`` (Monday to Friday), ``"us"`` (exact) or ``"i"`` (integers).
        month_end: every time is the last day of its month.
    """

    start: str | int
    step: int
    unit: str
    month_end: bool = False

    def starting_at(self, time: np.datetime64 | np.int64 | int) -> TimeIndex:
        """Return an index of the same frequency from another time on."""
        return replace(self, start=int(time) if self.unit == "i" else str(time))

    def positions(self, times: np.ndarray) -> np.ndarray:
        """Return each time's position, float64, shape (rows,): a whole number where it is on the index."""
        if self.unit == "i":
            return (times - self.start) / self.step
        start = np.datetime64(self.start, "us")
        if self.unit == "us":
            return (times - start).astype(np.int64) / self.step
        if self.unit == "b":
            days = np.busday_count(start.astype("M8[D]"), times.astype("M8[D]"))
            off = ((times - start) % DAY != np.timedelta64(0)) | ~np.is_busday(times.astype("M8[D]"))
            return days / self.step + 0.5 * off
        months = (times.astype("M8[M]") - start.astype("M8[M]")).astype(np.int64)
        whole = months / self.step
        return whole + 0.5 * (self.at(np.round(whole)) != times) * (whole == np.round(whole))

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Return the times at `positions`, shape (n,): datetime64[us], or int64 for a numbered series."""
        offset = np.asarray(positions).astype(np.int64) * self.step
        if self.unit == "i":
            return int(self.start) + offset
        start = np.datetime64(self.start, "us")
        if self.unit == "us":
            return start + offset.astype("m8[us]")
        if self.unit == "b":
            day = np.busday_offset(start.astype("M8[D]"), offset)
            return day.astype(MICROSECOND) + (start - start.astype("M8[D]"))
        month = start.astype("M8[M]") + offset
        if self.month_end:
            time_of_day = start - start.astype("M8[D]")
            return ((month + 1).astype("M8[D]") - DAY).astype(MICROSECOND) + time_of_day
        return month.astype(MICROSECOND) + (start - start.astype("M8[M]"))

    @property
    def frequency(self) -> str:
        """The step between rows in words, for example ``"1 week"`` or ``"15 minutes"``."""
        step, unit = self.step, self.unit
        if unit == "mo":
            step, unit = next((step // n, u) for u, n in (("y", 12), ("q", 3), ("mo", 1)) if step % n == 0)
        if unit == "us":
            step, unit = next(((step // span, u) for u, span in SPANS.items() if step % span == 0), (step, unit))
        return f"{step} {WORDS[unit]}{'s' if step != 1 else ''}"

    def seasons(self) -> list[int]:
        """Return the usual seasonal periods in rows, shortest first (a year of months: 12)."""
        if self.unit == "i":
            return []
        if self.unit == "mo":
            return [12 // self.step] if 12 % self.step == 0 and self.step < 12 else []
        if self.unit == "b":
            return [5] if self.step == 1 else []
        day = SPANS["d"]
        cycles = {day: SPANS["m"], 7 * day: SPANS["h"], 365.25 * day: SPANS["d"]}  # cycle: shortest useful step
        if self.step < SPANS["m"]:
            return [round(SPANS["m"] / self.step)]
        return [round(cycle / self.step) for cycle, shortest in cycles.items() if shortest <= self.step < cycle / 3]


def numbered(rows: int) -> tuple[np.ndarray, TimeIndex]:
    """Return positions 0 … rows - 1 and their time index, for a table that has no time column."""
    return np.arange(rows), TimeIndex(0, 1, "i")


def read_times(table: Table, time: str | list[str], *, fractions: bool = False) -> np.ndarray:
    """Return a time column, shape (rows,): datetime64[us] in UTC, or int64 for a numbered series.

    Args:
        time: a column of dates, of text in a common format, or of whole numbers; or several columns that
            together make a date (year, month, day and so on, in this order).
        fractions: accept fractional numbers, too, and return float64: they sort rows, but count no steps.

    Raises:
        DataError: a value is missing or not a date; names the row and the value.
    """
    if isinstance(time, list):
        if len(time) > 1:
            return _from_parts(table, time)
        time = time[0]
    column = table.column(time)
    _refuse(table, time, column.is_null().to_numpy(), "is empty")
    if column.dtype.is_integer():
        return column.to_numpy().astype(np.int64)
    if column.dtype.is_numeric():
        values = column.to_numpy()
        wrong = ~np.isfinite(values)
        _refuse(table, time, wrong, f"holds {values[wrong.argmax()]}")
        if (values == np.round(values)).all():
            return values.astype(np.int64)
        if fractions:
            return values
        raise DataError(
            f"{table.label}: the time column {time!r} holds fractions ({values[values != np.round(values)][0]}). "
            "Give dates, or whole numbers that count the steps."
        )
    if column.dtype.is_temporal():
        if getattr(column.dtype, "time_zone", None):
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.cast(nw.Datetime("us")).to_numpy().astype(MICROSECOND)
    return _parse_text(table, time, pl.Series([str(v).strip() for v in column.to_list()]))


def _refuse(table: Table, time: str, wrong: np.ndarray, fault: str) -> None:
    """Raise `DataError` for the first row where `wrong`, bool, shape (rows,), is set."""
    if wrong.any():
        raise DataError(
            f"{table.label}: the time column {time!r} {fault} on {table.where(int(wrong.argmax()))}. "
            "Fill in the time, or remove the row."
        )


def _parse_text(table: Table, time: str, words: pl.Series) -> np.ndarray:
    fewest_bad: np.ndarray | None = None
    readings: list[np.ndarray] = []
    for form in TEXT_FORMATS:
        try:
            parsed = words.str.to_datetime(form, strict=False, time_unit="us")
        except pl.exceptions.PolarsError:
            continue
        if parsed.dtype.time_zone:  # type: ignore[attr-defined]
            parsed = parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        bad = parsed.is_null().arg_true().to_numpy()
        if not bad.size:
            times = parsed.to_numpy().astype(MICROSECOND)
            if not any((times == other).all() for other in readings):
                readings.append(times)
            if "/" not in words[0]:  # only 02/01 can be read in two ways
                break
        elif fewest_bad is None or bad.size < fewest_bad.size:
            fewest_bad = bad
    if readings:
        return _most_regular(table, time, words, readings)
    row = 0 if fewest_bad is None else int(fewest_bad[0])
    raise DataError(
        f"{table.label}: the time column {time!r} holds {words[row]!r} on {table.where(row)}, which is not a date "
        "that Seqwise can read. Write dates as 2024-12-31 or 2024-12-31 23:59, or count the steps: 0, 1, 2, …."
    )


def _most_regular(table: Table, time: str, words: pl.Series, readings: list[np.ndarray]) -> np.ndarray:
    """Choose between 02/01 as 2 January and as 1 February: the reading that leaves the fewest gaps and misfits."""
    misfits = [_misfit(times) for times in readings]
    best = min(misfits)
    if len(readings) > 1 and misfits.count(best) > 1:
        row = int(np.flatnonzero(readings[0] != readings[1])[0])
        days = " or ".join(str(times[row].astype("M8[D]")) for times in readings)
        raise DataError(
            f"{table.label}: the time column {time!r} can be read with the day first or the month first: "
            f"{words[row]!r} on {table.where(row)} is {days}. Write dates as 2024-12-31."
        )
    return readings[misfits.index(best)]


def _misfit(times: np.ndarray) -> tuple[int, int]:
    """Count the rows off the time index that suits `times` best, and its steps that no row has."""
    ordered = np.unique(times)
    if len(ordered) < 3:
        return 0, 0
    positions = _guess(ordered).positions(ordered)
    return int((positions % 1 != 0).sum()), int(positions[-1]) + 1 - len(ordered)


def _from_parts(table: Table, names: list[str]) -> np.ndarray:
    parts = [table.numbers(name) for name in names]
    ranges = [(1, 9999), (1, 12), (1, 31), (0, 24), (0, 60), (0, 60)]
    for name, part, (low, high) in zip(names, parts, ranges, strict=False):
        _refuse(table, name, np.isnan(part), "is empty")
        wrong = np.flatnonzero((part < low) | (part > high) | (part % 1 != 0))
        if wrong.size:
            raise DataError(
                f"{table.label}: the time column {name!r} holds {part[wrong[0]]:g} on {table.where(int(wrong[0]))}; "
                f"expected a whole number from {low} to {high}. The order is year, month, day, hour, minute, second."
            )
    year, *rest = [part.astype(np.int64) for part in parts]
    times = (year - 1970).astype("M8[Y]").astype("M8[M]")
    adders: list[Callable[[np.ndarray, np.ndarray], np.ndarray]] = [
        lambda t, v: t + (v - 1),
        lambda t, v: t.astype("M8[D]") + (v - 1),
        lambda t, v: t.astype("M8[h]") + v,
        lambda t, v: t.astype("M8[m]") + v,
        lambda t, v: t.astype("M8[s]") + v,
    ]
    for add, part in zip(adders, rest, strict=False):
        times = add(times, part)
    return times.astype(MICROSECOND)


def infer_time_index(times: np.ndarray, table: Table, rows: np.ndarray) -> TimeIndex:
    """Find the regular index that sorted, distinct `times` lie on; gaps are allowed, drift is not.

    Args:
        times: shape (n,), ascending, without duplicates.
        table: where they came from, for messages.
        rows: each time's row in the table, shape (n,).

    Raises:
        DataError: the times are not multiples of one step; names the first that is not.
    """
    if len(times) < 3:
        raise DataError(
            f"{table.label}: {len(times)} distinct time(s) are too few to infer the step between rows; "
            "at least 3 are needed."
        )
    time_index = _guess(times)
    positions = time_index.positions(times)
    off = np.flatnonzero(positions != np.round(positions))
    if off.size:
        first = int(off[0])
        raise DataError(
            f"{table.label}: the rows are not evenly spaced: most are {time_index.frequency} apart, but {times[first]} "
            f"on {table.where(int(rows[first]))} does not fit ({off.size:,} of {len(times):,} rows do not). Resample "
            "first, for example with polars: df.sort('time').group_by_dynamic('time', every='1h').agg(pl.all().mean())."
        )
    return time_index


def _guess(times: np.ndarray) -> TimeIndex:
    if times.dtype.kind == "i":
        return TimeIndex(int(times[0]), _mode(np.diff(times)), "i")
    gaps = np.diff(times).astype(np.int64)
    start = str(times[0])
    if gaps.min() >= 28 * SPANS["d"]:
        months = times.astype("M8[M]")
        inside = times - months
        ends = (times.astype("M8[D]") + DAY).astype("M8[M]") > months
        if ends.all() or (inside == inside[0]).all():
            return TimeIndex(start, _mode(np.diff(months.astype(np.int64))), "mo", bool(ends.all()))
    step = _mode(gaps)
    if step == SPANS["d"] and len(times) >= 6 and np.is_busday(times.astype("M8[D]")).all():
        return TimeIndex(start, 1, "b")
    return TimeIndex(start, step, "us")


def _mode(steps: np.ndarray) -> int:
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])
