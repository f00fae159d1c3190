"""Dates in a table's columns: text in one of the common formats, or parts (year, month, day) in several columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np

from seqwise.data.columns import ColumnTable, Words
from seqwise.data.time_index import MICROSECOND, guess_time_index
from seqwise.data.time_zones import AFTER_TIME
from seqwise.errors import DataError

# of text, tried in this order; None: ISO 8601 and what is close to it
TEXT_FORMATS = [
    None, "%Y-%m", "%Y/%m", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m-%d-%Y", "%d.%m.%Y", "%Y", "%Y%m%d",
]  # fmt: skip

EITHER = re.compile(r"\d{1,2}[-/]")  # 02/01 and 02-01 can be read in two ways; 02.01. has the day first everywhere
ORDERED = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")
# years between these are read: one of two digits is the year 24, and 9999 stands for no time at all
EARLIEST, LATEST = np.datetime64("1000-01-01"), np.datetime64("9000-01-01")

HOUR = np.timedelta64(1, "h")
ROWS = 100_000  # that are looked at together

# numbers whose last digits start again before they are used up: how many such numbers there would be, the least and the
# greatest of them, whether the digits before them are a year, and what the numbers are
CARRYING = [
    (100, 0, 59, False, "hours and minutes"), (100, 0, 53, True, "a year and its weeks"),
    (1000, 1, 366, True, "a year and its days"), (10, 1, 4, True, "a year and its quarters"),
]  # fmt: skip
MOST_ABSENT = 5  # rows around the place where they start again, beyond which two stretches are counted

# a format → times, datetime64[us] of any value where the text is not of the format, and the rows where it is not; or
# None where the format cannot be tried
Parse = Callable[[str | None], tuple[np.ndarray, np.ndarray] | None]


def dates_from_text(table: ColumnTable, name: str, words: Words, parse: Parse) -> np.ndarray:
    """Read a column of dates by the first format that suits all of its rows.

    Args:
        words: the column, without white space around.
        parse: reads `words` by a format.

    Raises:
        DataError: no format suits, or two that differ do; names the row and the text.
    """
    fewest_bad: np.ndarray | None = None
    readings: list[np.ndarray] = []
    for form in TEXT_FORMATS:
        parsed = parse(form)
        if parsed is None:
            continue
        times, bad = parsed
        if not bad.size:
            if not any((times == other).all() for other in readings):
                readings.append(times)
            if not EITHER.match(words[0]):
                break
        elif fewest_bad is None or bad.size < fewest_bad.size:
            fewest_bad = bad
    if readings:
        times = _most_regular(table, name, words, readings)
        check_years(table, name, times, words)
        check_clock(table, name, times)
        return times
    _check_alike(table, name, words)
    row = 0 if fewest_bad is None else int(fewest_bad[0])
    raise DataError(
        f"{table.label}: the time column {name!r} holds {words[row]!r} on {table.where(row)}, which is not a date "
        "that Seqwise can read. Write dates as 2024-12-31 or 2024-12-31 23:59, or count the steps: 0, 1, 2, …."
    )


def check_years(table: ColumnTable, name: str, times: np.ndarray, words: Words | None = None) -> None:
    """Raise `DataError` for the first time, datetime64, that lies before the year 1000 or after 8999.

    Args:
        words: the times as they came; None where they came as times.
    """
    wrong = (times < EARLIEST) | (times >= LATEST)
    if wrong.any():
        row = int(wrong.argmax())
        shown = str(times[row].astype("M8[D]")) if words is None else repr(words[row])
        year = int(times[row].astype("M8[Y]").astype(np.int64)) + 1970
        fix = "Write years with four digits: 2024-12-31." if year < 1000 else "Correct the time, or remove the row."
        raise DataError(
            f"{table.label}: the time column {name!r} holds {shown} on {table.where(row)}, the year {year}. {fix}"
        )


def _check_alike(table: ColumnTable, name: str, words: Words) -> None:
    """Raise `DataError` for dates that no single format suits: two orders of day and month, or a zone in some rows."""
    faults = []
    day = _first(words, lambda word: _order(word) == (True, False))
    month = _first(words, lambda word: _order(word) == (False, True))
    if day is not None and month is not None:
        faults = [(day, "has the day first"), (month, "the month")]
    zoned, plain = _first(words, AFTER_TIME.search), _first(words, lambda word: AFTER_TIME.search(word) is None)
    if zoned is not None and plain is not None:
        faults = [(zoned, "has a time zone"), (plain, "none")]
    if faults:
        (row, what), (other, else_what) = faults
        raise DataError(
            f"{table.label}: the time column {name!r} is written in two ways: {words[row]!r} on {table.where(row)} "
            f"{what}, {words[other]!r} on {table.where(other)} {else_what}. Write all alike: 2024-12-31 23:59."
        )


def _first(words: Iterable[str], fits: Callable[[str], object]) -> int | None:
    """Return the first row whose word fits; None where none does."""
    return next((row for row, word in enumerate(words) if fits(word)), None)


def _order(word: str) -> tuple[bool, bool] | None:
    """Tell of 31/12/2024 whether its first and its second number are no month; None of what is written otherwise."""
    match = ORDERED.match(word)
    return match and (int(match[1]) > 12, int(match[2]) > 12)


def whole_times(table: ColumnTable, name: str, values: np.ndarray, *, fractions: bool = False) -> np.ndarray:
    """Return numbers that count the steps as int64; with `fractions` as they are where they are not whole numbers.

    Numbers that are all dates as people write them, 20240131 or 202401, are dates: datetime64[us].

    Raises:
        DataError: a number is not finite, or a fraction; names the row.
    """
    wrong = ~np.isfinite(values)
    refuse_times(table, name, wrong, f"holds {values[wrong.argmax()]}")
    if (values == np.round(values)).all():
        refuse_times(table, name, np.abs(values.astype(np.float64)) >= 2**62, "holds a number that is too large")
        whole = values.astype(np.int64)
        dates = _dates_from_numbers(table, name, whole)
        if dates is None and not fractions:
            _check_counts(table, name, whole)
        return whole if dates is None else dates
    if fractions:
        return values
    raise DataError(
        f"{table.label}: the time column {name!r} holds fractions ({values[values != np.round(values)][0]}). "
        "Give dates, or whole numbers that count the steps."
    )


def _dates_from_numbers(table: ColumnTable, name: str, values: np.ndarray) -> np.ndarray | None:
    """Read 20240131, or 202401, as a date; None where not all of the numbers look like one from 1800 to 2199.

    Raises:
        DataError: they all do, and one is a day that its month does not have; names the row.
    """
    if len(values) < 3:
        return None
    if (values // 1_000_000 > 0).all():
        years, months, days = values // 10_000, values // 100 % 100, values % 100
    else:
        years, months, days = values // 100, values % 100, np.ones_like(values)
    if not ((years >= 1800) & (years < 2200) & (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)).all():
        return None
    month = (years - 1970).astype("M8[Y]").astype("M8[M]") + (months - 1)
    times = month.astype("M8[D]") + (days - 1)
    wrong = times.astype("M8[M]") != month
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{table.label}: the time column {name!r} holds {values[row]} on {table.where(row)}: there is no day "
            f"{days[row]} in {month[row]}. Correct the date, or remove the row."
        )
    return times.astype(MICROSECOND)


def _check_counts(table: ColumnTable, name: str, values: np.ndarray) -> None:
    """Raise `DataError` for numbers that do not count: hours and minutes (1059, 1100), a year and its weeks (202352,
    202401). Their last digits never go beyond 59, or 53, and in a few steps from there they start again."""
    ordered = np.unique(values)
    if len(ordered) < 3 or ordered[0] < 0:
        return
    first, second, years = ordered // 1_000_000, ordered // 10_000 % 100, ordered % 10_000
    if ((first >= 1) & (first <= 31) & (second >= 1) & (second <= 31) & (years >= 1800) & (years < 2200)).all():
        raise DataError(
            f"{table.label}: the time column {name!r} holds {values[0]} on {table.where(0)}, as dates do that have the "
            "year last, which do not count the steps. Write them as 2024-12-31, or as 20241231."
        )
    gaps = np.diff(ordered)
    lengths, counts = np.unique(gaps, return_counts=True)
    step = lengths[counts.argmax()]
    for base, least, most, years, what in CARRYING:
        high, low = np.divmod(ordered, base)
        if low.min() < least or low.max() > most or step > most / 2:
            continue
        if years and not 1800 <= high[0] <= high[-1] < 2200:
            continue
        over = np.flatnonzero((np.diff(high) == 1) & (gaps > step))
        carried = low[over + 1] + most + 1 - least - low[over]  # by the clock; the last year may be one week shorter
        near = over[(carried > 0) & (carried <= MOST_ABSENT * step)]
        if near.size:
            before, after = ordered[near[0]], ordered[near[0] + 1]
            row = int(np.flatnonzero(values == after)[0])
            raise DataError(
                f"{table.label}: the time column {name!r} goes from {before} to {after} on {table.where(row)}, as "
                f"{what} do, which do not count the steps. Write them as dates, 2024-12-31 23:59, or count the steps: "
                "0, 1, 2, …."
            )


def check_clock(table: ColumnTable, name: str, times: np.ndarray) -> None:
    """Raise `DataError` for times, datetime64, of a clock of 12 hours without AM and PM: 11:00, 12:00, 1:00 on one day.

    Rows may ascend or descend. On a day the hours go round once, and there is no hour after 12.
    """
    if len(times) < 3:
        return
    parts = (times[i : i + ROWS] for i in range(0, len(times), ROWS))  # a table may have very many
    ends = np.array([(hours.min(), hours.max()) for hours in map(_hours, parts)])
    first, last = ends[:, 0].min(), ends[:, 1].max()
    if first == last or not (last <= 11 or 1 <= first <= last <= 12):
        return
    distinct = np.flatnonzero(np.append(True, times[1:] != times[:-1]))  # a time may have a row for each series
    for order in (distinct, distinct[::-1]):
        ordered = times[order]
        days = ordered.astype("M8[D]")
        half = (ordered - days) % (12 * HOUR)
        same = days[1:] == days[:-1]
        round_again = same & (half[1:] < half[:-1])
        back = np.flatnonzero(same & (ordered[1:] < ordered[:-1]))
        day = np.cumsum(~same)  # of each row but the first
        if not back.size or (days[1:] < days[:-1]).any() or np.bincount(day[round_again], minlength=1).max() > 1:
            continue
        jumps = half[1:][round_again] + 12 * HOUR - half[:-1][round_again]
        if (jumps <= 6 * HOUR).all() or round_again.sum() >= max(2, (day[-1] + 1) / 2):
            before, after = (str(times[order[back[0] + i]].astype("M8[m]")).replace("T", " ") for i in (0, 1))
            raise DataError(
                f"{table.label}: the time column {name!r} goes from {before} to {after} on "
                f"{table.where(int(order[back[0] + 1]))}, as a clock of 12 hours does without AM and PM. Write the "
                "hours from 0 to 23, 13:00 for 1:00 PM. If they are right as they are, sort the rows by time."
            )


def _hours(times: np.ndarray) -> np.ndarray:
    return (times - times.astype("M8[D]")) // HOUR


def refuse_times(table: ColumnTable, name: str, wrong: np.ndarray, fault: str) -> None:
    """Raise `DataError` for the first row where `wrong`, bool, shape (rows,), is set."""
    if wrong.any():
        raise DataError(
            f"{table.label}: the time column {name!r} {fault} on {table.where(int(wrong.argmax()))}. "
            "Fill in the time, or remove the row."
        )


def _most_regular(table: ColumnTable, name: str, words: Words, readings: list[np.ndarray]) -> np.ndarray:
    """Choose between 02/01 as 2 January and as 1 February: the only reading that leaves no gap and no misfit."""
    misfits = [_misfit(times) for times in readings]
    best = min(misfits)
    if len(readings) > 1 and (misfits.count(best) > 1 or best > (0, 0)):
        row = int(np.flatnonzero(readings[0] != readings[1])[0])
        days = " or ".join(str(times[row].astype("M8[D]")) for times in readings)
        raise DataError(
            f"{table.label}: the time column {name!r} can be read with the day first or the month first: "
            f"{words[row]!r} on {table.where(row)} is {days}. Write dates as 2024-12-31."
        )
    return readings[misfits.index(best)]


def _misfit(times: np.ndarray) -> tuple[int, int]:
    """Count the rows off the time index that suits `times` best, and its steps that no row has."""
    ordered = np.unique(times)
    if len(ordered) < 3:
        return 0, 0
    positions = guess_time_index(ordered).positions(ordered)
    return int((positions % 1 != 0).sum()), int(positions[-1]) + 1 - len(ordered)


def dates_from_parts(table: ColumnTable, names: list[str]) -> np.ndarray:
    """Return the dates that several columns make together: year, month, day and so on, in this order."""
    parts = [table.numbers(name) for name in names]
    ranges = [(1000, 8999), (1, 12), (1, 31), (0, 24), (0, 60), (0, 60)]
    for name, part, (low, high) in zip(names, parts, ranges, strict=False):
        refuse_times(table, name, np.isnan(part), "is empty")
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
        before, times = times, add(times, part)
        wrong = times.astype("M8[M]") != before.astype("M8[M]") if add is adders[1] else np.zeros(len(times), bool)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"{table.label}: there is no day {int(part[row])} in {before[row]}, on {table.where(row)}: the time "
                f"columns are {names}. Correct the date, or remove the row."
            )
    times = times.astype(MICROSECOND)
    check_clock(table, names[min(3, len(names) - 1)], times)
    return times
