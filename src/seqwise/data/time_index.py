"""The regular time index behind a time column: its step, each row's position, the times to come."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seqwise.data.columns import ColumnTable
from seqwise.data.time_zones import aware, from_wall, to_wall
from seqwise.errors import DataError

MICROSECOND = "datetime64[us]"
DAY = np.timedelta64(1, "D")
SPANS = {"w": 604_800_000_000, "d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
WORDS = {
    "y": "year", "q": "quarter", "mo": "month", "w": "week", "b": "business day", "d": "day",
    "h": "hour", "m": "minute", "s": "second", "us": "microsecond", "i": "step",
}  # fmt: skip


@dataclass(frozen=True)
class TimeIndex:
    """A regular sequence of times: position 0, 1, 2, … ↔ start, start + step, start + 2 steps, ….

    Attributes:
        start: the first time, as an ISO text, or an integer for a numbered series.
        step: how many units lie between two rows.
        unit: ``"mo"`` (calendar months), ``"b"`` (Monday to Friday), ``"us"`` (exact) or ``"i"`` (integers).
        month_end: every time is the last day of its month.
        zone: the time zone, as `seqwise.data.time_zones` writes it; None where the times have none.
        wall: the times are those that the zone's clocks show, for days, weeks and months follow them across a change
            of the clocks; else they are in UTC.
    """

    start: str | int
    step: int
    unit: str
    month_end: bool = False
    zone: str | None = None
    wall: bool = False

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

    def on_clocks(self, times: np.ndarray) -> np.ndarray:
        """Return times of this index as its zone's clocks show them, datetime64[us], of any shape."""
        return times if self.zone is None or self.wall else to_wall(times, self.zone)

    def with_zone(self, times: np.ndarray) -> np.ndarray:
        """Return times of this index, shape (n,), with their zone: datetimes, dtype object; as they are without one."""
        if self.zone is None:
            return times
        return aware(from_wall(times, self.zone) if self.wall else times, self.zone)

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


def read_times(
    table: ColumnTable, names: str | list[str], known: TimeIndex | None = None
) -> tuple[np.ndarray, str | None, bool]:
    """Read a time column on the clock that its index has.

    Args:
        known: the index of the training data, whose clock is followed; None finds one.

    Returns:
        the times, shape (rows,); and `zone` and `wall` of their index.

    Raises:
        DataError: see `ColumnTable.times` and `time_zone`; or only one of the training data and these has a zone.
    """
    times = table.times(names)
    zone = table.time_zone(names)
    if known is not None and known.unit != "i" and times.dtype.kind == "M":
        if (zone or "UTC") != (known.zone or "UTC") and None in (zone, known.zone):
            there, here = (f"have the zone {name}" if name else "have no time zone" for name in (known.zone, zone))
            raise DataError(
                f"{table.label}: the times {here}, and those of the training data {there}. Give them the same: with "
                "pandas .dt.tz_localize('Europe/Berlin') or .dt.tz_convert('Europe/Berlin'), and .dt.tz_localize(None)."
            )
        zone, wall = known.zone, known.wall
    else:
        wall = zone not in (None, "UTC") and _follows_wall(times, to_wall(times, str(zone)))
    return (to_wall(times, str(zone)) if wall else times), zone, wall


def _follows_wall(utc: np.ndarray, wall: np.ndarray) -> bool:
    """Tell whether rows follow the clocks on the wall: days and longer steps do; shorter ones if UTC does not suit."""
    times, shown = np.unique(utc), np.unique(wall)
    if len(times) < 3 or np.median(np.diff(times)) >= 20 * np.timedelta64(1, "h"):
        return True
    if len(shown) < len(times):  # an hour that the clocks show twice
        return False
    off, misfits = ((guess_time_index(rows).positions(rows) % 1 != 0).sum() for rows in (shown, times))
    return bool(off < misfits)


def numbered(rows: int) -> tuple[np.ndarray, TimeIndex]:
    """Return positions 0 … rows - 1 and their time index, for a table that has no time column."""
    return np.arange(rows), TimeIndex(0, 1, "i")


def infer_time_index(times: np.ndarray, table: ColumnTable, rows: np.ndarray) -> TimeIndex:
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
    time_index = guess_time_index(times)
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


def guess_time_index(times: np.ndarray) -> TimeIndex:
    """Return the index that most of some sorted, distinct times lie on."""
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
